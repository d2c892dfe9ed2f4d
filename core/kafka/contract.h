/*
 * contract.h - `rdkafka.` settings that librdkafka would take, but that break what arbspot
 * promises.
 */
#ifndef ARB_CONTRACT_H
#define ARB_CONTRACT_H

/* Why a setting is not accepted, as a sentence, or NULL when it is. */
const char *contract_breach(const char *key, const char *value);

/* The same for what lets a client come about that later fails at some messages. */
const char *contract_doubt(const char *key, const char *value);

#endif /* ARB_CONTRACT_H */
