#include "config/symbol_list.h"

#include <fnmatch.h>
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
    return ARB_OK;
}

bool symbol_matches(const char *wanted, const char *symbol)
{
    return fnmatch(wanted, symbol, FNM_PATHNAME) == 0;
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

static int add_symbol(struct symbol_list *list, char *symbol, struct err *err)
{
    if (symbol == NULL) {
        return err_set(err, ARB_ENOMEM, "memory is exhausted");
    }
    const int rc = symbol_check(symbol, true, err);
    if (rc != ARB_OK) {
        return rc;
    }
    if (is_listed(list, symbol)) {
        return err_set(err, ARB_EINVAL, "%s is listed twice: remove one", symbol);
    }
    list->symbols[list->n++] = symbol;
    return ARB_OK;
}

static int add_words(const char *text, struct pool *pool, struct symbol_list *list, struct err *err)
{
    for (;;) {
        text += strspn(text, separators);
        if (*text == '\0') {
            return ARB_OK;
        }
        const struct arb_bytes word = { .data = text, .len = strcspn(text, separators) };
        const int rc = add_symbol(list, pool_text(pool, word), err);
        if (rc != ARB_OK) {
            return rc;
        }
        text += word.len;
    }
}

int symbol_list_read(const char *text, struct pool *pool, struct symbol_list *out, struct err *err)
{
    const unsigned n = count_words(text);
    struct symbol_list list = { .symbols = NULL, .n = 0 };

    if (n == 0) {
        return err_set(err, ARB_EINVAL,
                       "the list is empty: write symbols such as BTC/USD, ETH/USD");
    }
    if (n > ARB_INSTRUMENTS_MAX) {
        return err_set(err, ARB_ELIMIT,
                       "%u symbols are more than %d: spread them over several processes", n,
                       (int)ARB_INSTRUMENTS_MAX);
    }
    list.symbols = pool_alloc(pool, n * sizeof(*list.symbols));
    if (list.symbols == NULL) {
        return err_set(err, ARB_ENOMEM, "memory is exhausted");
    }
    const int rc = add_words(text, pool, &list, err);
    if (rc == ARB_OK) {
        *out = list;
    }
    return rc;
}
