/* Plans of faults: drawn, or read from the command line. */
#include <stdlib.h>
#include <string.h>

#include "arbspot/decimal.h"
#include "fault.h"
#include "util/clock.h"

enum { ITEM_MAX = 128 };

static uint32_t n_kinds(const struct fault_config *config)
{
    return config->has_transport ? N_FAULT_KINDS : N_FAULTS_OF_FRAMES;
}

/* Whether the venue's feed knows this fault, and the driver can carry it out. */
static bool is_possible(const struct fault_config *config, uint32_t venue, uint32_t kind)
{
    return kind < n_kinds(config) && (config->has_requests || !fault_infos[kind].needs_requests) &&
           (fault_infos[kind].where & config->feeds[venue]) != 0;
}

struct fault fault_draw(struct prng *prng, const struct fault_config *config)
{
    struct fault fault = { .venue = (uint32_t)prng_below(prng, config->n_venues) };

    do {
        fault.kind = (uint32_t)prng_between(prng, 1, n_kinds(config) - 1);
    } while (!is_possible(config, fault.venue, fault.kind));
    fault.instrument = prng_once_in(prng, 2) ? ARB_NO_INSTRUMENT
                                             : (uint32_t)prng_below(prng, config->instruments->n);
    return fault;
}

/* "5s", "500ms" or "5". */
static bool read_time(const char *text, int64_t *ns)
{
    const size_t len = strspn(text, "0123456789.");
    const unsigned scale = strcmp(text + len, "ms") == 0 ? 6 : 9;

    return (strcmp(text + len, "ms") == 0 || strcmp(text + len, "s") == 0 || text[len] == '\0') &&
           arb_decimal_parse((struct arb_bytes){ text, len }, scale, ns, NULL) == ARB_OK;
}

static uint32_t find_kind(const char *name)
{
    uint32_t kind = 1;
    while (kind < N_FAULT_KINDS && strcmp(fault_infos[kind].name, name) != 0) {
        kind++;
    }
    return kind;
}

static uint32_t find_venue(const struct fault_config *config, const char *name)
{
    uint32_t venue = 0;
    while (venue < config->n_venues && strcmp(config->venues[venue], name) != 0) {
        venue++;
    }
    return venue;
}

/* Cuts `text` at `mark` and returns what stands behind it, or NULL. */
static char *cut_at(char *text, char mark)
{
    char *const at = strchr(text, mark);
    if (at == NULL) {
        return NULL;
    }
    *at = '\0';
    return at + 1;
}

/* Reads VENUE:FAULT[=PAIR][@TIME]. */
static int read_fault(char *text, const struct fault_config *config, struct fault *fault,
                      struct err *err)
{
    const char *const time = cut_at(text, '@');
    const char *const pair = cut_at(text, '=');
    const char *const name = cut_at(text, ':');

    *fault = (struct fault){ .instrument = ARB_NO_INSTRUMENT };
    if (name == NULL || (fault->venue = find_venue(config, text)) == config->n_venues) {
        return err_set(err, ARB_EINVAL, "\"%s\": a fault starts with VENUE:, one that is simulated",
                       text);
    }
    fault->kind = find_kind(name);
    if (!is_possible(config, fault->venue, fault->kind)) {
        return err_set(err, ARB_EINVAL, "%s has no fault \"%s\", see --list-faults", text, name);
    }
    if (pair != NULL) {
        fault->instrument = arb_symbol_find(&config->instruments->by_symbol,
                                            (struct arb_bytes){ pair, strlen(pair) });
    }
    if (pair != NULL && fault->instrument == ARB_NO_INSTRUMENT) {
        return err_set(err, ARB_EINVAL, "\"%s\" is not simulated", pair);
    }
    if (time != NULL && !read_time(time, &fault->at_ns)) {
        return err_set(err, ARB_EINVAL, "\"%s\" is no time, such as 5s or 500ms", time);
    }
    return ARB_OK;
}

/* Reads seed=N, every=TIME or until=TIME. */
static int read_random(char *text, struct fault_plan *plan, struct err *err)
{
    const char *const value = cut_at(text, '=');
    char *end = NULL;

    if (value != NULL && strcmp(text, "seed") == 0) {
        plan->seed = strtoull(value, &end, 10);
        if (end != value && *end == '\0') {
            return ARB_OK;
        }
    } else if (value != NULL && strcmp(text, "every") == 0 && read_time(value, &plan->every_ns) &&
               plan->every_ns > 0) {
        return ARB_OK;
    } else if (value != NULL && strcmp(text, "until") == 0 && read_time(value, &plan->until_ns)) {
        return ARB_OK;
    }
    return err_set(err, ARB_EINVAL, "random: takes seed=N, every=TIME and until=TIME");
}

int fault_plan_parse(struct fault_plan *plan, const char *spec, const struct fault_config *config,
                     struct err *err)
{
    static const char random_head[] = "random:";
    const bool is_random = strncmp(spec, random_head, sizeof(random_head) - 1) == 0;
    const char *rest = is_random ? spec + sizeof(random_head) - 1 : spec;
    int rc = ARB_OK;

    *plan = (struct fault_plan){ .seed = 1, .every_ns = is_random ? 2 * NS_PER_S : 0 };
    while (rc == ARB_OK && *rest != '\0') {
        char item[ITEM_MAX];
        const size_t len = strcspn(rest, ",");
        if (len >= sizeof(item) || plan->n == FAULTS_MAX) {
            return err_set(err, ARB_ELIMIT, "at most %d faults of %d bytes", FAULTS_MAX, ITEM_MAX);
        }
        memcpy(item, rest, len);
        item[len] = '\0';
        rest += len + (rest[len] == ',');
        rc = is_random ? read_random(item, plan, err)
                       : read_fault(item, config, &plan->faults[plan->n++], err);
    }
    return rc;
}
