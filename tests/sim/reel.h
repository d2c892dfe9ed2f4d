/*
 * reel.h - recordings as they are replayed: connections with their messages, HTTP answers by path.
 *
 * Nothing is understood and nothing left out, so any recording of any venue will do. A file holds
 * the connections of one recorder, one after the other: what stands in front of the first opening
 * is one too. Connections that got nothing are no connections.
 */
#ifndef ARB_SIM_REEL_H
#define ARB_SIM_REEL_H

#include "replay/recording.h"

enum {
    REEL_FILES_MAX = 64,
    REEL_LEAD_MS = 500, /* before the first message where no opening was recorded */
};

struct reel_message {
    int64_t after_ns; /* since the connection was opened; never less than the one before */
    struct arb_bytes text;
};

struct reel_connection {
    int64_t opened_ns; /* UTC, by the recorder's clock */
    size_t first, n;   /* of the reel's messages */
    int64_t ends_ns;   /* since it was opened: the next one was; -1: it lasts */
};

/* One answer 200 to GET `address`: path and query. */
struct reel_answer {
    struct arb_bytes address;
    struct arb_bytes body;
};

/* Zeroed memory is an empty reel; texts borrow from `sources`. */
struct reel {
    struct recording sources[REEL_FILES_MAX];
    size_t n_sources;
    struct reel_message *messages;
    struct reel_connection *connections; /* by opened_ns */
    struct reel_answer *answers;         /* as recorded, file by file */
    size_t n_messages, n_connections, n_answers;
};

/* ARB_EINVAL when a file cannot be read or none holds anything to serve; then nothing is owed. */
int reel_load(struct reel *reel, char *const *paths, size_t n, struct err *err);
void reel_fini(struct reel *reel);

/*
 * The answer to the `nth` question (from 0) for this address: recorded answers follow each other,
 * the last one stays. What was asked with another query will do when there is none with this one; a
 * slash at the end of a path is ignored. NULL: the path was never asked for.
 */
const struct reel_answer *reel_answer_to(const struct reel *reel, const char *address, size_t nth);

#endif /* ARB_SIM_REEL_H */
