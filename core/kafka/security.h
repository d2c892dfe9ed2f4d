/*
 * security.h - whether the settings for TLS and SASL fit together, and their files can be read.
 *
 * librdkafka tells some of it when a client is made, one thing at a time and without a line, and
 * takes in silence what has no effect: a password that is never sent, an authority never asked.
 */
#ifndef ARB_KAFKA_SECURITY_H
#define ARB_KAFKA_SECURITY_H

#include "config/config.h"

/* Adds a problem for every `rdkafka.` entry that cannot work or has no effect. */
void security_check(const struct kafka_config *config, struct problems *problems);

/* What a file that librdkafka cannot use has to hold, beginning with "; ", or "". */
const char *security_hint(const char *key);

#endif /* ARB_KAFKA_SECURITY_H */
