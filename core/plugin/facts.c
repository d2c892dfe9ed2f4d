#include "plugin/facts.h"

#include <string.h>

#include "config/fee_schedule.h"

static bool has_two_digits(const char *text, unsigned most)
{
    const char *const digits = "0123456789";

    if (strspn(text, digits) < 2) {
        return false;
    }
    const unsigned number = (unsigned)(text[0] - '0') * 10 + (unsigned)(text[1] - '0');
    return number >= 1 && number <= most;
}

/* "2026-08" or "2026-08-31". How long a month is does not matter to who reads it. */
static bool is_date(const char *text)
{
    if (strspn(text, "0123456789") != 4 || text[4] != '-' || !has_two_digits(text + 5, 12)) {
        return false;
    }
    return text[7] == '\0' || (text[7] == '-' && has_two_digits(text + 8, 31) && text[10] == '\0');
}

static int check_date(const char *member, const char *text, struct err *err)
{
    return text == NULL || is_date(text)
               ? ARB_OK
               : err_set(err, ARB_EINVAL, "its %s is no date such as 2026-08-31 or 2026-08",
                         member);
}

int facts_check(const struct arb_plugin *desc, struct err *err)
{
    int64_t fee_ppm;

    if ((desc->taker_fee == NULL) != (desc->taker_fee_date == NULL)) {
        return err_set(err, ARB_EINVAL,
                       "has one of .taker_fee and .taker_fee_date: a fee without its date, or a "
                       "date without a fee, helps nobody");
    }
    if (desc->taker_fee != NULL && fee_read(desc->taker_fee, &fee_ppm) != ARB_OK) {
        return err_set(err, ARB_EINVAL, "its taker_fee is no share such as 0.26%% or 26bp");
    }
    const int rc = check_date("taker_fee_date", desc->taker_fee_date, err);
    return rc == ARB_OK ? check_date("facts_date", desc->facts_date, err) : rc;
}
