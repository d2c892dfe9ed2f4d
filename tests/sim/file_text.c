#include "file_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATH_LEN_MAX = 4096 };

static bool write_all(int fd, struct arb_bytes text)
{
    while (text.len > 0) {
        const ssize_t n = write(fd, text.data, text.len);
        if (n <= 0) {
            return false;
        }
        text.data += n;
        text.len -= (size_t)n;
    }
    return true;
}

int file_text_write(const char *path, struct arb_bytes text, mode_t mode, struct err *err)
{
    char draft[PATH_LEN_MAX];
    const int n = snprintf(draft, sizeof(draft), "%s.%ld", path, (long)getpid());

    if (n < 0 || (size_t)n >= sizeof(draft)) {
        return err_set(err, ARB_EINVAL, "%.64s...: the path is too long", path);
    }
    const int fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0) {
        return err_set(err, ARB_EINVAL, "%s: cannot be written: %s", draft, strerror(errno));
    }
    const bool written = write_all(fd, text);
    if (close(fd) != 0 || !written || rename(draft, path) != 0) {
        (void)err_set(err, ARB_EINVAL, "%s: cannot be written: %s", path, strerror(errno));
        (void)unlink(draft); /* the error is reported already */
        return ARB_EINVAL;
    }
    return ARB_OK;
}
