#include "config/fee_schedule.h"

#include <string.h>

#include "arbspot/decimal.h"
#include "config/values.h"

enum {
    PART_MAX = 64, /* bytes of a fee or a volume, terminator included */
    SHOWN_MAX = 60,
};

static const char blanks[] = " \t";

/* Terminated, without the blanks around it; one that is too long is cut, and no number any more. */
struct part {
    char text[PART_MAX];
};

static struct part part_of(const char *text, size_t len)
{
    const size_t before = strspn(text, blanks);
    struct part part = { { 0 } };

    text += before < len ? before : len;
    len -= before < len ? before : len;
    while (len > 0 && strchr(blanks, text[len - 1]) != NULL) {
        len--;
    }
    if (len < sizeof(part.text)) {
        memcpy(part.text, text, len);
    } else {
        memcpy(part.text, text, sizeof(part.text) - 2);
        part.text[sizeof(part.text) - 2] = '~';
    }
    return part;
}

int fee_read(const char *text, int64_t *fee_ppm)
{
    static const struct value_rule share = { .type = VALUE_PPM,
                                             .min = -FEE_MAX_PPM,
                                             .max = FEE_MAX_PPM };
    struct value value = { .number = 0 };

    if (value_read(&share, text, &value) != ARB_OK) {
        return ARB_EINVAL;
    }
    *fee_ppm = value.number;
    return ARB_OK;
}

static int read_fee(const char *text, int64_t *fee_ppm, struct err *err)
{
    return fee_read(text, fee_ppm) == ARB_OK
               ? ARB_OK
               : err_set(err, ARB_EINVAL, "'%.*s' is not %s", (int)SHOWN_MAX, text, FEE_WANTED);
}

static int read_volume(const char *text, struct arb_decimal *volume, struct err *err)
{
    static const struct value_rule decimal = { .type = VALUE_DECIMAL };
    struct value value = { .number = 0 };

    if (value_read(&decimal, text, &value) != ARB_OK) {
        return err_set(err, ARB_EINVAL, "'%.*s' is not a volume: write digits alone, such as 50000",
                       (int)SHOWN_MAX, text);
    }
    *volume = value.decimal;
    return ARB_OK;
}

/* In units that all decimals have in common. */
static arb_uint128 size_of(struct arb_decimal decimal)
{
    return (arb_uint128)decimal.units * (arb_uint128)arb_pow10(ARB_SCALE_MAX - decimal.scale);
}

static int add_tier(struct fee_schedule *schedule, const char *volume, const char *fee,
                    struct err *err)
{
    struct fee_tier tier = { .fee_ppm = 0 };
    int rc = read_volume(volume, &tier.from, err);

    if (rc == ARB_OK) {
        rc = read_fee(fee, &tier.fee_ppm, err);
    }
    if (rc != ARB_OK) {
        return rc;
    }
    if (size_of(tier.from) <= size_of(schedule->tiers[schedule->n - 1].from)) {
        return err_set(err, ARB_EINVAL,
                       "the volume of '%s: %s' is not above the one before it: give them in "
                       "ascending order, each once; the first fee counts from 0 on",
                       volume, fee);
    }
    if (schedule->n == FEE_TIERS_MAX) {
        return err_set(err, ARB_EINVAL, "more than %d fees: leave out those of volumes far off",
                       (int)FEE_TIERS_MAX);
    }
    schedule->tiers[schedule->n++] = tier;
    return ARB_OK;
}

static int read_tier(struct fee_schedule *schedule, const char *text, size_t len, struct err *err)
{
    const char *const colon = memchr(text, ':', len);
    const struct part whole = part_of(text, len);

    if (whole.text[0] == '\0') {
        return err_set(err, ARB_EINVAL, "nothing stands behind a comma: remove it");
    }
    if (colon == NULL) {
        return err_set(err, ARB_EINVAL,
                       "'%s' has no volume: behind the first fee each is written VOLUME: FEE, such "
                       "as 50000: 0.24%%",
                       whole.text);
    }
    const struct part volume = part_of(text, (size_t)(colon - text));
    const struct part fee = part_of(colon + 1, len - (size_t)(colon + 1 - text));
    return add_tier(schedule, volume.text, fee.text, err);
}

static int read_first(struct fee_schedule *schedule, const char *text, size_t len, struct err *err)
{
    const struct part fee = part_of(text, len);

    if (strchr(fee.text, ':') != NULL) {
        return err_set(err, ARB_EINVAL,
                       "'%s' has a volume: the first fee counts from 0 on, and stands alone, such "
                       "as in 0.40%%, 10000: 0.35%%",
                       fee.text);
    }
    schedule->n = 1;
    return read_fee(fee.text, &schedule->tiers[0].fee_ppm, err);
}

int fee_schedule_read(const char *text, struct fee_schedule *out, struct err *err)
{
    struct fee_schedule schedule = { .n = 0 };
    size_t len = strcspn(text, ",");

    if (strcmp(text, "default") == 0) {
        *out = (struct fee_schedule){ .is_default = true };
        return ARB_OK;
    }
    int rc = read_first(&schedule, text, len, err);
    while (rc == ARB_OK && text[len] == ',') {
        text += len + 1;
        len = strcspn(text, ",");
        rc = read_tier(&schedule, text, len, err);
    }
    if (rc == ARB_OK) {
        *out = schedule;
    }
    return rc;
}

int64_t fee_schedule_at(const struct fee_schedule *schedule, struct arb_decimal volume)
{
    int64_t fee_ppm = 0;

    for (unsigned i = 0; i < schedule->n; i++) {
        if (size_of(schedule->tiers[i].from) <= size_of(volume)) {
            fee_ppm = schedule->tiers[i].fee_ppm;
        }
    }
    return fee_ppm;
}
