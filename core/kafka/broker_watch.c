#include "kafka/broker_watch.h"

#include <stdio.h>
#include <string.h>

#include "arbspot/json.h"
#include "util/clock.h"

/* Behind the last slash of a name: a number, or "bootstrap" of an address that is only a first try.
 */
static const char *number_of(const char *name)
{
    const char *const slash = strrchr(name, '/');
    return slash == NULL ? "" : slash + 1;
}

static bool is_number(const char *text)
{
    return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

void broker_watch_failed(struct broker_watch *watch, int code, const char *text, int64_t mono_ns)
{
    const char *const end = strstr(text, ": ");
    char name[BROKER_NAME_MAX];

    if (end == NULL || (size_t)(end - text) >= sizeof(name)) {
        return;
    }
    (void)snprintf(name, sizeof(name), "%.*s", (int)(end - text), text);
    if (!is_number(number_of(name))) {
        return;
    }
    if (watch->name[0] == '\0') {
        watch->since_ns = mono_ns;
    }
    memcpy(watch->name, name, sizeof(name));
    (void)snprintf(watch->reason, sizeof(watch->reason), "%s", end + 2); /* cut is still readable */
    watch->code = code;
    watch->last_ns = mono_ns;
}

/* What the statistics say of one broker. */
struct seen {
    struct arb_bytes state; /* "": it is not among them */
    int64_t n_attempts;
};

static struct seen read_broker(struct arb_json *json)
{
    struct seen seen = { .state = { "", 0 } };
    struct arb_bytes key;

    (void)arb_json_object(json);
    while (arb_json_key(json, &key)) {
        if (arb_bytes_are(key, "state")) {
            (void)arb_json_string(json, &seen.state);
        } else if (arb_bytes_are(key, "connects")) {
            (void)arb_json_i64(json, &seen.n_attempts);
        } else {
            (void)arb_json_skip(json);
        }
    }
    return seen;
}

static struct seen find_broker(struct arb_json *json, const char *name)
{
    struct seen seen = { .state = { "", 0 } };
    struct arb_bytes key;

    (void)arb_json_object(json);
    while (seen.state.len == 0 && arb_json_key(json, &key)) {
        if (arb_bytes_are(key, name)) {
            seen = read_broker(json);
        } else {
            (void)arb_json_skip(json);
        }
    }
    return seen;
}

/* What comes behind the brokers, and may be long, is not read. */
static struct seen look_up(struct arb_bytes text, const char *name)
{
    struct arb_json json = arb_json_over(text);
    struct arb_bytes key;

    (void)arb_json_object(&json);
    while (arb_json_key(&json, &key)) {
        if (arb_bytes_are(key, "brokers")) {
            return find_broker(&json, name);
        }
        (void)arb_json_skip(&json);
    }
    return (struct seen){ .state = { "", 0 } };
}

static bool is_over(const struct broker_watch *watch, const struct seen *seen, int64_t mono_ns)
{
    return seen->state.len == 0 || arb_bytes_are(seen->state, "UP") ||
           arb_bytes_are(seen->state, "UPDATE") ||
           mono_ns - watch->last_ns > BROKER_WATCH_FORGET_MS * NS_PER_MS;
}

/* A connection that nobody needs stays down, and that is no trouble. */
static bool is_tried(const struct broker_watch *watch, const struct seen *seen)
{
    return seen->n_attempts != watch->n_attempts ||
           !(arb_bytes_are(seen->state, "DOWN") || arb_bytes_are(seen->state, "INIT"));
}

bool broker_watch_statistics(struct broker_watch *watch, struct arb_bytes json, int64_t mono_ns)
{
    if (watch->name[0] == '\0') {
        return false;
    }
    const struct seen seen = look_up(json, watch->name);
    if (is_over(watch, &seen, mono_ns)) {
        *watch = (struct broker_watch){ 0 };
        return false;
    }
    const bool is_lost =
        is_tried(watch, &seen) && mono_ns - watch->since_ns >= BROKER_WATCH_PATIENCE_MS * NS_PER_MS;
    watch->n_attempts = seen.n_attempts;
    return is_lost;
}

struct arb_bytes broker_watch_address(const struct broker_watch *watch)
{
    const char *const scheme = strstr(watch->name, "://");
    const char *const begin = scheme == NULL ? watch->name : scheme + strlen("://");
    const char *const end = strrchr(watch->name, '/');

    return (struct arb_bytes){ begin, end > begin ? (size_t)(end - begin) : 0 };
}

struct arb_bytes broker_watch_number(const struct broker_watch *watch)
{
    const char *const number = number_of(watch->name);
    return (struct arb_bytes){ number, strlen(number) };
}
