#include "io/addresses.h"

#include <stdio.h>
#include <string.h>

static bool has(const struct address_list *list, const char *text)
{
    for (unsigned i = 0; i < list->n; i++) {
        if (strcmp(list->text[i], text) == 0) {
            return true;
        }
    }
    return false;
}

void addresses_add(struct address_list *list, const char *text)
{
    if (list->n < ADDRESSES_MAX && !has(list, text)) {
        (void)snprintf(list->text[list->n++], INET6_ADDRSTRLEN, "%s", text); /* a number: it fits */
    }
}

static bool is_ipv6(const char *address)
{
    return strchr(address, ':') != NULL;
}

/* The first of this family from `at` on; `n` when there is none. */
static unsigned next_of_family(const struct address_list *list, unsigned at, bool wants_ipv6)
{
    while (at < list->n && is_ipv6(list->text[at]) != wants_ipv6) {
        at++;
    }
    return at;
}

void addresses_interleave(struct address_list *list)
{
    const struct address_list given = *list;
    unsigned at[2] = { 0, 0 }; /* how far each family is */
    bool wants_ipv6 = given.n > 0 && is_ipv6(given.text[0]);

    list->n = 0;
    while (list->n < given.n) {
        unsigned *const here = &at[wants_ipv6];
        *here = next_of_family(&given, *here, wants_ipv6);
        if (*here < given.n) {
            addresses_add(list, given.text[(*here)++]);
        }
        wants_ipv6 = !wants_ipv6;
    }
}

static const struct known_address *find(const struct known_addresses *known, const char *where,
                                        const char *address)
{
    for (unsigned i = 0; i < KNOWN_ADDRESSES_MAX; i++) {
        const struct known_address *const one = &known->list[i];
        if (strcmp(one->where, where) == 0 && strcmp(one->text, address) == 0) {
            return one;
        }
    }
    return NULL;
}

/* A free place, else that of what was tried longest ago. */
static unsigned place_for_another(const struct known_addresses *known)
{
    unsigned oldest = 0;

    for (unsigned i = 0; i < KNOWN_ADDRESSES_MAX; i++) {
        if (known->list[i].where[0] == '\0') {
            return i;
        }
        if (known->list[i].tried_ns < known->list[oldest].tried_ns) {
            oldest = i;
        }
    }
    return oldest;
}

void known_addresses_note(struct known_addresses *known, const char *where, const char *address,
                          bool has_worked, int64_t now_ns)
{
    const struct known_address *const old = find(known, where, address);
    const unsigned place = old != NULL ? (unsigned)(old - known->list) : place_for_another(known);
    struct known_address *const one = &known->list[place];

    (void)snprintf(one->where, sizeof(one->where), "%s", where);
    (void)snprintf(one->text, sizeof(one->text), "%s", address);
    one->tried_ns = now_ns;
    one->has_worked = has_worked;
}

/* True when `a` is to be tried before `b`; NULL: nothing is known. */
static bool comes_before(const struct known_address *a, const struct known_address *b)
{
    const int rank_a = a == NULL ? 1 : a->has_worked ? 0 : 2;
    const int rank_b = b == NULL ? 1 : b->has_worked ? 0 : 2;

    if (rank_a != rank_b || rank_a == 1) {
        return rank_a < rank_b;
    }
    return rank_a == 0 ? a->tried_ns > b->tried_ns : a->tried_ns < b->tried_ns;
}

/* By insertion, which keeps the order of equals; there are few. */
void known_addresses_sort(const struct known_addresses *known, const char *where,
                          struct address_list *list)
{
    for (unsigned i = 1; i < list->n; i++) {
        char moved[INET6_ADDRSTRLEN];
        memcpy(moved, list->text[i], sizeof(moved));
        const struct known_address *const what = find(known, where, moved);
        unsigned to = i;
        for (; to > 0 && comes_before(what, find(known, where, list->text[to - 1])); to--) {
            memcpy(list->text[to], list->text[to - 1], sizeof(moved));
        }
        memcpy(list->text[to], moved, sizeof(moved));
    }
}
