/*
 * unsaid.h - takes out of librdkafka's words what nobody may see.
 *
 * A value of the configuration that comes from the environment or a file may be a secret, and
 * librdkafka puts values into its errors. Whatever it says is therefore shown with each of them,
 * and each of their words, replaced by where it comes from.
 */
#ifndef ARB_UNSAID_H
#define ARB_UNSAID_H

#include "config/config.h"

enum { UNSAID_MIN = 3 }; /* bytes; less than that is in every text, and no secret */

/* Writes what may be shown of the text, cut to `cap` bytes, and returns `out`. */
const char *unsaid(const struct kafka_config *config, const char *text, char *out, size_t cap);

#endif /* ARB_UNSAID_H */
