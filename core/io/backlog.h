/*
 * backlog.h - how long has what is not read yet waited in the kernel?
 *
 * TCP keeps the order, so a position in the stream tells an age: a byte at position p had come when
 * the kernel had counted more than p bytes received. Some counts are remembered with their times;
 * the first that lies beyond what was read so far says since when, at least, the next byte waits.
 * The kernel gives no time stamps for the bytes of a stream that would say it of each: it may join
 * segments, and keeps the time of the last one only.
 *
 * The age covers what this host has been sent. What a sender holds back because the host reads too
 * slowly shows in the second figure: how long the socket was not found empty.
 */
#ifndef ARB_IO_BACKLOG_H
#define ARB_IO_BACKLOG_H

#include <stdbool.h>
#include <stdint.h>

enum { BACKLOG_COUNTS_MAX = 32 };

struct backlog_count {
    int64_t at_ns;
    uint64_t received; /* bytes since the connection stands */
};

/* One connection. Zeroed: nothing is known of it. */
struct backlog {
    struct backlog_count counts[BACKLOG_COUNTS_MAX]; /* the oldest first */
    uint32_t n;
    int64_t step_ns;  /* between two of them, at least */
    int64_t empty_ns; /* when it was last found empty */
    int64_t age_ns;   /* the oldest unread byte waits for at least so long; 0: there is none */
};

/* What the kernel says of a socket. */
struct backlog_look {
    uint64_t received;
    uint64_t unread;
};

/* Asks it. False: it does not tell, then `look` is all zero. */
bool backlog_ask(int fd, struct backlog_look *look);

/* True when bytes wait to be read. */
bool backlog_has_unread(int fd);

void backlog_init(struct backlog *backlog, int64_t now_ns);

/* Takes what was seen at `now_ns`; sets age_ns and empty_ns. */
void backlog_note(struct backlog *backlog, int64_t now_ns, const struct backlog_look *look);

#endif /* ARB_IO_BACKLOG_H */
