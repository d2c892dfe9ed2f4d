#include "util/terminal.h"

#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { ROOM_MS = 200 }; /* for what waits to be written, where Ctrl-S held it back */

/* A signal handler is given nothing, and may ask nobody. */
static struct {
    int fd;
    struct termios settings;
    char undo[TERMINAL_UNDO_MAX];
    size_t len;
} kept;
static atomic_bool is_kept;

bool terminal_keep(int fd, const char *undo)
{
    const size_t len = strlen(undo);

    if (len >= sizeof(kept.undo) || tcgetattr(fd, &kept.settings) != 0) {
        return false;
    }
    kept.fd = fd;
    kept.len = len;
    memcpy(kept.undo, undo, len);
    atomic_store_explicit(&is_kept, true, memory_order_release); /* terminal_give_back() */
    return true;
}

void terminal_forget(void)
{
    atomic_store_explicit(&is_kept, false, memory_order_relaxed);
}

void terminal_give_back(void)
{
    struct pollfd room = { .events = POLLOUT };

    /* Pairs with terminal_keep(). Of two threads that crash one does it. */
    if (!atomic_exchange_explicit(&is_kept, false, memory_order_acquire)) {
        return;
    }
    room.fd = kept.fd;
    /* Ctrl-S would hold back what follows. Only who has stopped it himself may make it go on. */
    (void)tcflow(kept.fd, TCOOFF);
    (void)tcflow(kept.fd, TCOON);
    if (poll(&room, 1, ROOM_MS) > 0) {
        (void)!write(kept.fd, kept.undo, kept.len); /* who does not read sees nothing anyway */
    }
    (void)tcsetattr(kept.fd, TCSANOW, &kept.settings); /* then a hung up one: nobody's any more */
}
