/* Messages of the topics: what can be read can be written and reads the same again. */
#include "fuzz.h"

#include "arbspot/abi.h"
#include "wire/wire.h"

enum { LEVELS_MAX = 1024 };

/* An event's message, with a fixed time of publishing and as few digits as are needed. */
static struct arb_bytes written(struct event *event)
{
    event->px_digits = event->qty_digits = ARB_DIGITS_UNKNOWN;
    char *const out = malloc(wire_event_bound(event));

    if (out == NULL) {
        exit(EXIT_FAILURE);
    }
    const size_t len = wire_write_event(event, 0, out);
    if (len > wire_event_bound(event)) {
        fuzz_fail("longer than its bound", "");
    }
    return (struct arb_bytes){ out, len };
}

static void write_and_read_again(struct event *event)
{
    static struct arb_level levels[LEVELS_MAX];
    struct wire_event again = { .levels = levels, .levels_max = LEVELS_MAX };
    const struct arb_bytes once = written(event);

    if (wire_read_event(once, &again) != ARB_OK) {
        fuzz_fail("cannot read what it wrote", "");
    }
    const struct arb_bytes twice = written(&again.event);
    if (once.len != twice.len || memcmp(once.data, twice.data, once.len) != 0) {
        fuzz_fail("does not read back what it wrote", "");
    }
    fuzz_free(once);
    fuzz_free(twice);
}

static void write_and_read_matrix_again(const struct matrix *matrix, int64_t pub_ns)
{
    char out[WIRE_MATRIX_MAX], out_again[WIRE_MATRIX_MAX];
    struct matrix again;
    int64_t again_ns;
    const size_t len = wire_write_matrix(matrix, pub_ns, out);

    if (wire_read_matrix((struct arb_bytes){ out, len }, &again, &again_ns) != ARB_OK) {
        fuzz_fail("cannot read what it wrote", "");
    }
    if (wire_write_matrix(&again, again_ns, out_again) != len || memcmp(out, out_again, len) != 0) {
        fuzz_fail("does not read back what it wrote", "");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct arb_level levels[LEVELS_MAX];
    struct wire_event event = { .levels = levels, .levels_max = LEVELS_MAX };
    struct opportunity opportunity;
    int64_t pub_ns = 0;
    const struct arb_bytes text = fuzz_copy((const char *)data, len);

    if (wire_read_event(text, &event) == ARB_OK) {
        if (event.event.kind == EVENT_ALIVE) {
            char out[WIRE_ALIVE_MAX];
            (void)wire_write_alive(&event.event, &event.alive, event.pub_ns, out);
        } else {
            write_and_read_again(&event.event);
        }
    }
    if (wire_read_opportunity(text, &opportunity, &pub_ns) == ARB_OK) {
        char out[WIRE_OPPORTUNITY_MAX];
        (void)wire_write_opportunity(&opportunity, pub_ns, out);
    }
    struct matrix matrix;
    if (wire_read_matrix(text, &matrix, &pub_ns) == ARB_OK) {
        write_and_read_matrix_again(&matrix, pub_ns);
    }
    fuzz_free(text);
    return 0;
}
