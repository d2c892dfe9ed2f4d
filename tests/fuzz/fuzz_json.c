/*
 * The frame reader: whatever it accepts as a whole document is JSON to cJSON as well, none of its
 * calls reads past the end of any text, and the fast reading of an object by a table leaves what
 * the careful one leaves.
 */
#include "fuzz.h"

#include "../unit/fields_outcome.h"
#include "../unit/json_oracle.h"
#include "arbspot/json.h"

enum { LEVELS_MAX = 64 };

static bool is_accepted(struct arb_bytes text)
{
    struct arb_json json = arb_json_over(text);

    arb_json_skip(&json);
    return arb_json_end(&json);
}

static void compare_with_oracle(const char *text, size_t len)
{
    char *const terminated = malloc(len + 1);

    if (terminated == NULL) {
        exit(EXIT_FAILURE);
    }
    memcpy(terminated, text, len);
    terminated[len] = '\0';
    if (strlen(terminated) != len) {
        fuzz_fail("accepted a NUL", terminated);
    }
    if (!oracle_accepts(terminated) && !oracle_is_narrower(terminated)) {
        fuzz_fail("accepted what is no JSON", terminated);
    }
    free(terminated);
}

/* What the level readers accept is JSON too, and within the limits they were given. */
static void read_levels(struct arb_bytes text)
{
    struct arb_level levels[LEVELS_MAX];
    struct arb_levels pairs = {
        .levels = levels, .max = LEVELS_MAX, .px_scale = 10, .qty_scale = 8
    };
    struct arb_levels objects = pairs;
    struct arb_json json = arb_json_over(text);

    (void)arb_json_level_pairs(&json, &pairs);
    json = arb_json_over(text);
    (void)arb_json_level_objects(&json, "price", "qty", &objects);
    if (pairs.n > LEVELS_MAX || objects.n > LEVELS_MAX) {
        fuzz_fail("more levels than there is room for", "");
    }
}

static void read_scalars(struct arb_bytes text)
{
    struct arb_json json = arb_json_over(text);
    uint64_t number = 0;
    int64_t value = 0;
    uint8_t digits = 0;

    if (arb_json_decimal(&json, 10, &value, &digits) && value < 0) {
        fuzz_fail("a negative decimal", "");
    }
    json = arb_json_over(text);
    (void)arb_json_u64(&json, &number);
}

/* From each field of the table on, so that each comes first once. */
static void read_fields(struct arb_bytes text)
{
    struct outcome fast, careful;

    for (unsigned skip = 0; skip < OUTCOME_FIELDS; skip++) {
        const struct way way = { skip, OUTCOME_FIELDS - skip, (uint8_t)(4 * (skip % 3)), 8 };
        outcome_fast(&fast, text, &way);
        outcome_careful(&careful, text, &way);
        if (!outcome_is_same(&fast, &careful)) {
            fuzz_fail("the fast and the careful reader differ", "");
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct arb_bytes text = fuzz_copy((const char *)data, len);

    if (is_accepted(text)) {
        compare_with_oracle(text.data, text.len);
    }
    read_levels(text);
    read_scalars(text);
    read_fields(text);
    fuzz_free(text);
    return 0;
}
