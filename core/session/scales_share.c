#include "session/scales_share.h"

#include <errno.h>
#include <string.h>

#include "arbspot/abi.h"

static bool name_file(char *path, size_t cap, const char *dir, const char *exchange,
                      const char *ending)
{
    const int n = snprintf(path, cap, "%s/%s.catalog%s", dir, exchange, ending);
    return n > 0 && (size_t)n < cap;
}

int scales_share_begin(struct scales_share *share, const char *dir, const char *exchange,
                       struct err *err)
{
    share->out = NULL;
    if (!name_file(share->path, sizeof(share->path), dir, exchange, "") ||
        !name_file(share->partial, sizeof(share->partial), dir, exchange, ".new")) {
        return err_set(err, ARB_ELIMIT, "%s: the name of the folder is too long", dir);
    }
    share->out = fopen(share->partial, "we");
    return share->out != NULL ? ARB_OK
                              : err_set(err, ARB_EINVAL, "%s: %s", share->partial, strerror(errno));
}

void scales_share_add(struct scales_share *share, const char *symbol, struct scale_pair digits)
{
    (void)fprintf(share->out, "%s %u %u\n", symbol, digits.px, digits.qty); /* fclose() will tell */
}

int scales_share_end(struct scales_share *share, struct err *err)
{
    const bool is_written = ferror(share->out) == 0;

    return fclose(share->out) == 0 && is_written && rename(share->partial, share->path) == 0
               ? ARB_OK
               : err_set(err, ARB_EINVAL, "%s: %s", share->path, strerror(errno));
}

FILE *scales_share_open(const char *dir, const char *exchange)
{
    char path[256];

    return name_file(path, sizeof(path), dir, exchange, "") ? fopen(path, "re") : NULL;
}

bool scales_share_next(FILE *in, char symbol[ARB_SYMBOL_MAX], struct scale_pair *digits)
{
    _Static_assert(ARB_SYMBOL_MAX == 32, "the format below has its width");
    unsigned px = 0, qty = 0;

    if (fscanf(in, "%31s %3u %3u\n", symbol, &px, &qty) != 3 || px > UINT8_MAX || qty > UINT8_MAX) {
        return false;
    }
    *digits = (struct scale_pair){ (uint8_t)px, (uint8_t)qty };
    return true;
}
