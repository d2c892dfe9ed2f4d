#include "cmd/attach.h"

#include <stdio.h>
#include <string.h>

#include "arbspot/abi.h"
#include "cmd/cmd.h"
#include "config/config_load.h"
#include "config/values.h"
#include "util/clock.h"
#include "util/quiet.h"

enum { DURATION_MIN_MS = 100, DURATION_MAX_MS = 24 * 3600 * 1000 };

bool attach_take(struct attach_request *request, int option, const char *value)
{
    if (option == 'c') {
        request->config = value;
    } else if (option == 'b') {
        request->brokers = value;
    } else if (option == 't') {
        request->topic = value;
    }
    return option == 'c' || option == 'b' || option == 't';
}

const char *attach_lacks(const void *arguments)
{
    const struct attach_request *const request = arguments;

    return request->config == NULL && request->brokers == NULL ? "needs --brokers or -c" : NULL;
}

bool attach_is_reachable(const struct attach_request *request, const struct kafka_config *kafka)
{
    if (strcmp(kafka->brokers, "embedded") == 0) {
        (void)fprintf(stderr,
                      "arbspot %s: the embedded broker is inside `arbspot run`; give the address "
                      "that it printed with --brokers\n",
                      request->command);
        return false;
    }
    return true;
}

static int call(const struct attach_request *request, const struct kafka_config *kafka,
                attach_fn *fn, void *context)
{
    return attach_is_reachable(request, kafka) ? fn(context, kafka) : CMD_USAGE;
}

static int call_configured(const struct attach_request *request, attach_fn *fn, void *context)
{
    struct problems problems = { .out = stderr, .path = request->config };
    struct config config;
    int status = CONFIG_EXIT;

    if (config_load(&config, request->config, &problems) == ARB_OK) {
        if (request->brokers != NULL) {
            config.kafka.brokers = request->brokers;
        }
        if (request->topic != NULL) {
            config.kafka.opportunity_topic = request->topic;
        }
        status = call(request, &config.kafka, fn, context);
    }
    config_fini(&config);
    return status;
}

struct kafka_config attach_by_brokers(const struct attach_request *request)
{
    return (struct kafka_config){ .brokers = request->brokers,
                                  .silence_ms = QUIET_DEFAULT_NS / NS_PER_MS,
                                  .market_topic = "market-data",
                                  .opportunity_topic = request->topic != NULL
                                                           ? request->topic
                                                           : "arbitrage-opportunities" };
}

int attach_call(const struct attach_request *request, attach_fn *fn, void *context)
{
    if (request->config != NULL) {
        return call_configured(request, fn, context);
    }
    const struct kafka_config kafka = attach_by_brokers(request);
    return call(request, &kafka, fn, context);
}

bool attach_read_duration(const char *text, int64_t *duration_ms)
{
    static const struct value_rule rule = { .type = VALUE_MS,
                                            .min = DURATION_MIN_MS,
                                            .max = DURATION_MAX_MS };
    struct value value;

    if (value_read(&rule, text, &value) != ARB_OK) {
        return false;
    }
    *duration_ms = value.number;
    return true;
}
