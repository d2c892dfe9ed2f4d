#include "file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* Into a file that is not there yet, and is not kept unless all of it is written. */
static int write_all(int fd, const char *temporary, struct arb_bytes data)
{
    const mode_t mask = umask(0);

    (void)umask(mask);
    (void)fchmod(fd, 0666 & ~mask); /* as fopen() would have made it */
    FILE *const file = fdopen(fd, "wb");
    if (file == NULL) {
        (void)close(fd);
        return ARB_ENOMEM;
    }
    const bool is_written =
        fwrite(data.data, 1, data.len, file) == data.len && fflush(file) == 0 && fsync(fd) == 0;
    const int error = errno;
    if (fclose(file) != 0 || !is_written) {
        (void)unlink(temporary);
        errno = is_written ? errno : error;
        return ARB_EINVAL;
    }
    return ARB_OK;
}

/* A pipe or a terminal has no old contents to keep. */
static int write_through(const char *path, struct arb_bytes data, struct err *err)
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

static int replace(const char *path, struct arb_bytes data, struct err *err)
{
    char temporary[PATH_MAX];
    const int len = snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
    const int fd = len < 0 || (size_t)len >= sizeof(temporary) ? -1 : mkstemp(temporary);

    if (fd < 0) {
        return err_set(err, ARB_EINVAL, "%s: %s", path, strerror(errno));
    }
    if (write_all(fd, temporary, data) != ARB_OK) {
        return err_set(err, ARB_EINVAL, "%s: cannot be written, and stays as it was: %s", path,
                       strerror(errno));
    }
    if (rename(temporary, path) != 0) {
        const int error = errno;
        (void)unlink(temporary);
        return err_set(err, ARB_EINVAL, "%s: %s", path, strerror(error));
    }
    return ARB_OK;
}

int file_write(const char *path, struct arb_bytes data, struct err *err)
{
    char real[PATH_MAX];
    struct stat status;

    if (stat(path, &status) != 0) {
        return replace(path, data, err);
    }
    /* Of a link, what it leads to is replaced. */
    return S_ISREG(status.st_mode) && realpath(path, real) != NULL ? replace(real, data, err)
                                                                   : write_through(path, data, err);
}
