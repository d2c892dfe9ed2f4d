#include "io/shortage.h"

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

const char *shortage(void)
{
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0) {
        (void)close(fd);
        return NULL;
    }
    return errno == EMFILE ? "this process is out of file descriptors: raise its limit (ulimit -n)"
           : errno == ENFILE ? "the system is out of file descriptors: raise fs.file-max"
                             : NULL;
}
