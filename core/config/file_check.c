#include "config/file_check.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arbspot/text.h"

enum { FOLDER_MAX = 4096 };

static const char *cure_of(int why)
{
    switch (why) {
    case ENOENT:
    case ENOTDIR:
        return ": correct the name; a relative one counts from the folder of this file";
    case EACCES:
    case EPERM:
        return ": give the user that runs arbspot the right to it, and to the folders above";
    default:
        return "";
    }
}

static int refuse(const char *path, const char *what, int why, struct err *err)
{
    return err_set(err, ARB_EINVAL, "%.200s cannot be %s: %s%s", path, what, strerror(why),
                   cure_of(why));
}

bool file_is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

int file_check_readable(const char *path, struct err *err)
{
    char byte;

    if (file_is_folder(path)) {
        return err_set(err, ARB_EINVAL, "%.200s is a folder: name the file", path);
    }
    /* A pipe or a device is not waited for. */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return refuse(path, "read", errno, err);
    }
    const ssize_t n = read(fd, &byte, 1);
    const int why = errno;
    (void)close(fd); /* only read from */
    if (n < 0 && why != EAGAIN) {
        return refuse(path, "read", why, err);
    }
    return n != 0 ? ARB_OK : err_set(err, ARB_EINVAL, "%.200s is empty: is this the file?", path);
}

int file_check_folder(const char *path, struct err *err)
{
    if (access(path, F_OK) == 0 && !file_is_folder(path)) {
        return err_set(err, ARB_EINVAL, "%.200s is no folder: name the one the files are in", path);
    }
    return access(path, X_OK) == 0 ? ARB_OK : refuse(path, "entered", errno, err);
}

static int check_parent(const char *path, struct err *err)
{
    char data[FOLDER_MAX];
    struct arb_text folder = arb_text_over(data, sizeof(data));
    const char *const slash = strrchr(path, '/');

    arb_text_add(&folder, "%.*s", slash == NULL ? 1 : (int)(slash - path) + 1,
                 slash == NULL ? "." : path);
    if (access(data, W_OK | X_OK) != 0) {
        return refuse(data, "written", errno, err);
    }
    return ARB_OK;
}

int file_check_writable(const char *path, struct err *err)
{
    if (file_is_folder(path)) {
        return err_set(err, ARB_EINVAL, "%.200s is a folder: name the file", path);
    }
    if (access(path, F_OK) == 0 && access(path, R_OK | W_OK) != 0) {
        return refuse(path, "written", errno, err);
    }
    return check_parent(path, err);
}
