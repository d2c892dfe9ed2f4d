#include "config/symbol_list.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "arbspot/types.h"

static const char separators[] = ", \t";

bool symbol_is_pattern(const char *symbol)
{
    return strpbrk(symbol, "*?") != NULL;
}

/* The first character that no symbol may have, or '\0'. */
static char bad_character(const char *symbol, bool may_be_pattern)
{
    const char *const allowed = may_be_pattern ? "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/*?"
                                               : "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/";
    return symbol[strspn(symbol, allowed)];
}

/* "BTC/BTC"; patterns may well be the same on both sides. */
static bool is_of_itself(const char *symbol, const char *slash)
{
    const size_t len = (size_t)(slash - symbol);

    return strlen(slash + 1) == len && memcmp(symbol, slash + 1, len) == 0 &&
           bad_character(symbol, false) == '\0';
}

int symbol_check(const char *symbol, bool may_be_pattern, struct err *err)
{
    const char *const slash = strchr(symbol, '/');
    const char bad = bad_character(symbol, may_be_pattern);

    if (strlen(symbol) >= ARB_SYMBOL_MAX) {
        return err_set(err, ARB_EINVAL, "'%.40s' is longer than %d bytes", symbol,
                       (int)ARB_SYMBOL_MAX - 1);
    }
    if (bad >= 'a' && bad <= 'z') {
        return err_set(err, ARB_EINVAL,
                       "'%s' has small letters: write symbols in capitals, BTC/USD", symbol);
    }
    if (bad != '\0' || slash == NULL || slash == symbol || slash[1] == '\0' ||
        strchr(slash + 1, '/') != NULL) {
        return err_set(err, ARB_EINVAL, "'%s' is not a symbol: write BASE/QUOTE, like BTC/USD%s",
                       symbol, may_be_pattern ? ", or a pattern like */USD" : "");
    }
    if (is_of_itself(symbol, slash)) {
        return err_set(err, ARB_EINVAL, "'%s' trades an asset against itself", symbol);
    }
    return ARB_OK;
}

bool symbol_matches(const char *wanted, const char *symbol)
{
    return fnmatch(wanted, symbol, FNM_PATHNAME) == 0;
}

/* From the ends on: row i + 1 in `below`, made from right to left. */
static bool overlap_from(const char *one, const char *other, const bool *below, const bool *row)
{
    if (*one == '*') {
        return below[0] || (*other != '\0' && *other != '/' && row[1]);
    }
    if (*other == '*') {
        return row[1] || (*one != '\0' && *one != '/' && below[0]);
    }
    if (*one == '\0' || *other == '\0') {
        return *one == *other;
    }
    const bool is_same =
        *one == *other || (*one == '?' && *other != '/') || (*other == '?' && *one != '/');
    return is_same && below[1];
}

static bool is_any(char c)
{
    return c == '*' || c == '?';
}

bool symbols_overlap(const char *one, const char *other)
{
    if (one[0] != other[0] && !is_any(one[0]) && !is_any(other[0])) {
        return false; /* most of thousands of symbols, quickly */
    }
    const size_t n = strlen(one), n_other = strlen(other);
    bool rows[2][ARB_SYMBOL_MAX + 2] = { { false } }; /* a column more, where nothing overlaps */

    for (size_t i = n + 1; i-- > 0;) {
        bool *const row = rows[i % 2], *const below = rows[(i + 1) % 2];
        for (size_t j = n_other + 1; j-- > 0;) {
            row[j] = overlap_from(one + i, other + j, below + j, row + j);
        }
    }
    return rows[0][0];
}

bool symbol_matches_any(char *const *wanted, unsigned n, const char *symbol)
{
    unsigned i = 0;

    while (i < n && !symbol_matches(wanted[i], symbol)) {
        i++;
    }
    return i < n;
}

static unsigned count_words(const char *text)
{
    unsigned n = 0;

    for (;;) {
        text += strspn(text, separators);
        if (*text == '\0') {
            return n;
        }
        text += strcspn(text, separators);
        n++;
    }
}

static bool is_listed(const struct symbol_list *list, const char *symbol)
{
    for (unsigned i = 0; i < list->n; i++) {
        if (strcmp(list->symbols[i], symbol) == 0) {
            return true;
        }
    }
    return false;
}

/* What is wrong with it in the list, or ARB_OK. */
static int check_listed(const struct symbol_list *list, const char *symbol, struct err *err)
{
    const int rc = symbol_check(symbol, true, err);

    return rc == ARB_OK && is_listed(list, symbol)
               ? err_set(err, ARB_EINVAL, "%s is listed twice: remove one", symbol)
               : rc;
}

/* Goes on behind a symbol that is bad: whoever mends one wants to know of the others. */
static int add_words(const char *text, struct pool *pool, struct symbol_list *list,
                     const struct symbol_list_reader *reader)
{
    int rc = ARB_OK;

    for (text += strspn(text, separators); *text != '\0'; text += strspn(text, separators)) {
        const struct arb_bytes word = { .data = text, .len = strcspn(text, separators) };
        char *const symbol = pool_text(pool, word);
        struct err err = { .rc = ARB_OK };
        if (symbol == NULL) {
            reader->refuse(reader->context, "memory is exhausted");
            return ARB_ENOMEM;
        }
        if (check_listed(list, symbol, &err) == ARB_OK) {
            list->symbols[list->n++] = symbol;
        } else {
            reader->refuse(reader->context, err.text);
            rc = ARB_EINVAL;
        }
        text += word.len;
    }
    return rc;
}

/* Room for the words of the text. */
static int allocate(unsigned n, struct pool *pool, struct symbol_list *list, struct err *err)
{
    if (n == 0) {
        return err_set(err, ARB_EINVAL,
                       "the list is empty: write symbols such as BTC/USD, ETH/USD");
    }
    if (n > ARB_INSTRUMENTS_MAX) {
        return err_set(err, ARB_ELIMIT,
                       "%u symbols are more than %d: spread them over several processes", n,
                       (int)ARB_INSTRUMENTS_MAX);
    }
    list->symbols = pool_alloc(pool, n * sizeof(*list->symbols));
    return list->symbols == NULL ? err_set(err, ARB_ENOMEM, "memory is exhausted") : ARB_OK;
}

int symbol_list_read(const char *text, struct pool *pool, struct symbol_list *out,
                     const struct symbol_list_reader *reader)
{
    struct symbol_list list = { .symbols = NULL, .n = 0 };
    struct err err = { .rc = ARB_OK };

    int rc = allocate(count_words(text), pool, &list, &err);
    if (rc != ARB_OK) {
        reader->refuse(reader->context, err.text);
        return rc;
    }
    rc = add_words(text, pool, &list, reader);
    if (rc == ARB_OK) {
        *out = list;
    }
    return rc;
}

/* -- names that only a venue uses -------------------------------------------------------- */

/* Kraken's, of its v1 protocol and of its REST interface. */
static const struct {
    const char *own, *usual;
} assets[] = { { "XBT", "BTC" },  { "XDG", "DOGE" }, { "XXBT", "BTC" }, { "XXDG", "DOGE" },
               { "XETH", "ETH" }, { "ZUSD", "USD" }, { "ZEUR", "EUR" } };

/* What everyone calls the asset. */
static struct arb_bytes usual_asset(struct arb_bytes asset)
{
    for (size_t i = 0; i < sizeof(assets) / sizeof(*assets); i++) {
        if (strlen(assets[i].own) == asset.len &&
            memcmp(assets[i].own, asset.data, asset.len) == 0) {
            return (struct arb_bytes){ .data = assets[i].usual, .len = strlen(assets[i].usual) };
        }
    }
    return asset;
}

bool symbol_is_venues_own(const char *symbol, char usual[ARB_SYMBOL_MAX])
{
    const size_t len = strcspn(symbol, "/");
    const char *const behind = symbol + len + (symbol[len] == '/' ? 1 : 0);
    const struct arb_bytes base = usual_asset((struct arb_bytes){ symbol, len }),
                           quote = usual_asset((struct arb_bytes){ behind, strlen(behind) });

    (void)snprintf(usual, ARB_SYMBOL_MAX, "%.*s/%.*s", (int)base.len, base.data, (int)quote.len,
                   quote.data); /* DOGE is longer than XDG, and fits beside what a symbol may be */
    return base.data != symbol || quote.data != behind;
}
