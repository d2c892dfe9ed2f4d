/*
 * addresses.h - the addresses of a host name: in which order they are tried, and what became of
 * them.
 *
 * Pure: no clock and no network. The order is that of the resolver with the two families taking
 * turns, so that a family that leads nowhere costs one address and not half of them; then what is
 * remembered decides. What worked last comes first and what failed last comes last, so a round that
 * begins anew goes on where the one before it got to.
 */
#ifndef ARB_ADDRESSES_H
#define ARB_ADDRESSES_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "io/url.h"

enum {
    ADDRESSES_MAX = 16,       /* of one name; the rest of a longer list is not tried */
    KNOWN_ADDRESSES_MAX = 64, /* of all names; what was tried longest ago is forgotten first */
    KNOWN_WHERE_MAX = URL_ENDPOINT_MAX + 8, /* "https://[::1]:65535" */
};

/* Numbers as text: "192.0.2.1", "2001:db8::1". Each occurs once. */
struct address_list {
    unsigned n;
    char text[ADDRESSES_MAX][INET6_ADDRSTRLEN];
};

/* What became of an address when it was tried last. */
struct known_address {
    char where[KNOWN_WHERE_MAX]; /* the name it belongs to; "": this place is free */
    char text[INET6_ADDRSTRLEN];
    int64_t tried_ns;
    bool has_worked;
};

/* Zeroed memory is ready. */
struct known_addresses {
    struct known_address list[KNOWN_ADDRESSES_MAX];
};

/* Adds one at the end, unless it is there already or the list is full. */
void addresses_add(struct address_list *list, const char *text);

/* Lets the families take turns, beginning with that of the first; keeps the order within each. */
void addresses_interleave(struct address_list *list);

/* Remembers what became of an address of the host `where`. */
void known_addresses_note(struct known_addresses *known, const char *where, const char *address,
                          bool has_worked, int64_t now_ns);

/*
 * Sorts: those that worked, the latest first; those of which nothing is known, as they are; those
 * that failed, the latest last.
 */
void known_addresses_sort(const struct known_addresses *known, const char *where,
                          struct address_list *list);

#endif /* ARB_ADDRESSES_H */
