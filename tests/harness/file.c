#include "file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int read_stream(FILE *file, size_t max, char **data, size_t *len)
{
    char *const text = malloc(max + 1); /* pages that are not filled cost nothing */

    if (text == NULL) {
        return ARB_ENOMEM;
    }
    const size_t n = fread(text, 1, max, file);
    if (ferror(file) || (n == max && fgetc(file) != EOF)) {
        free(text);
        return ARB_ELIMIT;
    }
    text[n] = '\0';
    *data = text;
    *len = n;
    return ARB_OK;
}

int file_read(const char *path, size_t max, char **data, size_t *len, struct err *err)
{
    FILE *const file = fopen(path, "rb");

    if (file == NULL) {
        return err_set(err, ARB_EINVAL, "%s: %s", path, strerror(errno));
    }
    const int rc = read_stream(file, max, data, len);
    (void)fclose(file);
    return rc == ARB_OK
               ? ARB_OK
               : err_set(err, rc, "%s: cannot be read, or is larger than %zu bytes", path, max);
}

int file_write(const char *path, struct arb_bytes data, struct err *err)
{
    FILE *const file = fopen(path, "wb");

    if (file == NULL) {
        return err_set(err, ARB_EINVAL, "%s: %s", path, strerror(errno));
    }
    const bool is_written = fwrite(data.data, 1, data.len, file) == data.len;
    if (fclose(file) != 0 || !is_written) {
        return err_set(err, ARB_EINVAL, "%s: cannot be written", path);
    }
    return ARB_OK;
}
