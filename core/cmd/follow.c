#include "cmd/follow.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "kafka/reader.h"
#include "wire/opportunity_text.h"
#include "wire/wire.h"
#include "util/clock.h"
#include "util/harmless.h"
#include "util/log.h"
#include "util/output.h"
#include "util/quiet.h"

enum { WHY_MAX = 512 };

struct follow {
    struct kafka_reader *reader;
    struct opportunity_printer printer;
    bool json, brief, misses, failed;
    uint64_t count, printed;
    struct log_limit skipped_limit;
    struct quiet quiet; /* nothing can come */
    int64_t silence_ns, look_ns;
};

static const char who[] = "kafka=log";

static void note_skipped(struct follow *follow, const struct kafka_record *record)
{
    log_limited(&follow->skipped_limit, clock_mono_ns(), ARB_WARN, who,
                "skipped %s [%d] offset %lld: not an opportunity", record->topic,
                (int)record->partition, (long long)record->offset);
}

static bool print_json(struct arb_bytes value)
{
    return harmless_json(stdout, value) && fflush(stdout) == 0;
}

static bool is_wanted(const struct follow *follow, const struct opportunity *opportunity)
{
    return opportunity->miss.reason != 0
               ? follow->misses
               : !follow->brief || opportunity->terms.event == ARB_OPPORTUNITY_OPEN;
}

static void print(struct follow *follow, const struct kafka_record *record)
{
    struct opportunity opportunity;
    int64_t pub_ns;

    if (wire_is_survival(record->value) || wire_is_matrix(record->value)) {
        return; /* `arbspot survival` and `arbspot matrix` tell of these */
    }
    if ((wire_is_miss(record->value) ? wire_read_miss : wire_read_opportunity)(
            record->value, &opportunity, &pub_ns) != ARB_OK) {
        note_skipped(follow, record);
        return;
    }
    if (!is_wanted(follow, &opportunity)) {
        return;
    }
    follow->printed++;
    follow->failed = follow->json ? !print_json(record->value)
                                  : !opportunity_print(&follow->printer, &opportunity);
}

/* That nothing comes is usual; that nothing can is said. */
static void look_at_silence(struct follow *follow, int64_t now_ns)
{
    char buffer[WHY_MAX];
    struct arb_text why = arb_text_over(buffer, sizeof(buffer));

    if (now_ns < follow->look_ns) {
        return;
    }
    follow->look_ns = now_ns + NS_PER_S;
    const bool is_deaf = kafka_reader_explain(follow->reader, &why);
    switch (quiet_look(&follow->quiet, is_deaf, now_ns, follow->silence_ns)) {
    case QUIET_BEGINS:
        log_line(ARB_WARN, who, "no opportunity can be read for %lld s: %s",
                 quiet_seconds(&follow->quiet, now_ns), buffer);
        break;
    case QUIET_ENDS:
        log_line(ARB_INFO, who, "opportunities are read again, after %lld s",
                 quiet_seconds(&follow->quiet, now_ns));
        break;
    case QUIET_NONE:
        break;
    }
}

int follow_create(struct follow **out, const struct follow_config *config, struct err *err)
{
    const struct kafka_reader_config reader = {
        .kafka = config->kafka,
        .topic = config->kafka->opportunity_topic,
        .start = config->from_beginning ? KAFKA_FROM_BEGINNING : KAFKA_FROM_END,
        .who = who,
    };
    struct follow *const follow = calloc(1, sizeof(*follow));

    if (follow == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory");
    }
    follow->json = config->json;
    follow->brief = config->brief;
    follow->misses = config->misses;
    follow->count = config->count;
    follow->silence_ns = config->kafka->silence_ms * NS_PER_MS;
    opportunity_printer_init(&follow->printer, stdout);
    const int rc = kafka_reader_create(&follow->reader, &reader, err);
    if (rc != ARB_OK) {
        free(follow);
        return rc;
    }
    *out = follow;
    return ARB_OK;
}

bool follow_step(struct follow *follow, int wait_ms)
{
    struct kafka_record record;

    if (output_is_gone(STDOUT_FILENO)) {
        follow->failed = true;
    } else if (output_wait(STDOUT_FILENO, wait_ms) &&
               kafka_reader_next(follow->reader, wait_ms, &record)) {
        print(follow, &record);
    }
    look_at_silence(follow, clock_mono_ns());
    return !follow->failed && (follow->count == 0 || follow->printed < follow->count);
}

bool follow_failed(const struct follow *follow)
{
    return follow->failed;
}

void follow_destroy(struct follow *follow)
{
    if (follow != NULL) {
        kafka_reader_destroy(follow->reader);
        free(follow);
    }
}
