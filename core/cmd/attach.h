/*
 * attach.h - for commands that read the topics of a host which runs elsewhere: where the
 * brokers come from.
 */
#ifndef ARB_ATTACH_H
#define ARB_ATTACH_H

#include <stdbool.h>

#include "config/config.h"

/* What the command line said; one of `config` and `brokers` may be NULL. */
struct attach_request {
    const char *command; /* "log": who speaks when something is wrong */
    const char *config;  /* an INI file */
    const char *brokers; /* instead of those in the file */
    const char *topic;   /* instead of the opportunities' of the file; or NULL */
};

/* Stores `c`, `b` and `t`; false for any other option. */
bool attach_take(struct attach_request *request, int option, const char *value);
/*
 * What is missing when neither a file nor brokers were given, as a sentence; else NULL. Of a
 * command's arguments, which begin with their attach_request: for arguments_spec.
 */
const char *attach_lacks(const void *arguments);

enum {
    ATTACH_LIMIT_MS = 2000, /* how long such a command may take to end, see ending.h */
    ATTACH_WHY_MAX = 256,
};

/* False, with a line that says so: the brokers are inside of a host. */
bool attach_is_reachable(const struct attach_request *request, const struct kafka_config *kafka);

/* How long such a command reads, 100ms to 24h; false: that is no such time. */
bool attach_read_duration(const char *text, int64_t *duration_ms);

/* Where to read when the command line says it all, without a file. */
struct kafka_config attach_by_brokers(const struct attach_request *request);

/* `kafka` says what to read from, its brokers are an address. Borrowed for the call. */
typedef int attach_fn(void *context, const struct kafka_config *kafka);

/* Calls `fn` and returns what it returns, or the exit status when there is nothing to read from. */
int attach_call(const struct attach_request *request, attach_fn *fn, void *context);

#endif /* ARB_ATTACH_H */
