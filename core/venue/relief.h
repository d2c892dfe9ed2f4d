/*
 * relief.h - carries out for one venue what load.h decides when this host is too slow.
 *
 * Which books are given up is a rule that anybody can follow, and the same for every session: first
 * those that no other exchange of the configuration asks for, since nothing can be compared with
 * them; among these, and then among the others, the last of the list first. The list is that of
 * `symbols`, and for a pattern the order of the venue's catalog.
 */
#ifndef ARB_RELIEF_H
#define ARB_RELIEF_H

#include "arbspot/symbols.h"
#include "config/config.h"
#include "io/settings.h"
#include "session/session.h"
#include "venue/board.h"
#include "venue/load.h"

struct relief {
    struct load load;
    const struct config *config;
    const struct exchange_config *exchange;
    const char *who;
    struct arb_symbol_map *by_symbol; /* books in the order in which they were first seen */
    bool *is_shared;                  /* [ARB_INSTRUMENTS_MAX] another exchange asks for it too */
    bool *is_shed;                    /* [ARB_INSTRUMENTS_MAX] */
    uint32_t n;
    int64_t look_ns, apply_ns;
};

/* All sessions of a venue, NULL where a seat is free, and its board. */
struct relief_venue {
    struct session *sessions[BOARD_SEATS_MAX];
    struct board *board;
};

/* `config` may be NULL: no other exchange is known. All is borrowed. */
int relief_init(struct relief *relief, const struct config *config,
                const struct exchange_config *exchange, const char *who);
void relief_fini(struct relief *relief);

/* How far the thread is behind; at every turn. */
void relief_look(struct relief *relief, const struct relief_venue *venue, struct moment now,
                 struct io_load load);

/* True while any measure is taken: what is late then is late here. */
static inline bool relief_is_behind(const struct relief *relief)
{
    return relief->load.level != LOAD_CALM;
}

/* How many books are given up. */
uint32_t relief_n_shed(const struct relief *relief);

#endif /* ARB_RELIEF_H */
