/*
 * exchange.h - the exchange plugin interface: one venue's protocol, no I/O.
 *
 * An exchange plugin is a state machine. The host owns sockets, threads, time, retries
 * and order books; it feeds the plugin what arrived, and the plugin answers with book
 * events and requests (host.h). All callbacks of an instance run on one thread, never
 * concurrently and never nested.
 *
 * What a callback returns decides what the host does:
 *   ARB_OK         carry out what was recorded
 *   ARB_EPROTO     drop what was recorded, log, drop the connection, books stale, reconnect
 *                  (in a callback without a connection: log and carry on)
 *   ARB_ERANGE     the same, for now: a number did not fit
 *   ARB_EREJECTED  log, disable this exchange; the host keeps running without it
 *   other          as ARB_EREJECTED: the plugin is broken
 */
#ifndef ARB_EXCHANGE_H
#define ARB_EXCHANGE_H

#include "arbspot/abi.h"
#include "arbspot/host.h"
#include "arbspot/option.h"
#include "arbspot/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Given to init(); owned by the host, valid until fini() returned. */
struct arb_exchange_env {
    uint32_t size;
    uint16_t abi_major, abi_minor; /* the host's */
    bool wants_catalog;            /* `symbols` has patterns: nothing starts without a catalog */
    /* Filled as add_instruments() hands them over; room for ARB_INSTRUMENTS_MAX, never moves. */
    const struct arb_instrument *instruments;
};

struct arb_exchange_ops {
    uint32_t size; /* sizeof(struct arb_exchange_ops) */

    /* Required. Options are stored in `self`. Declare capabilities, ask for the catalog. */
    int (*init)(void *self, struct arb_host *host, const struct arb_exchange_env *env);
    /*
     * Required. env->instruments[first .. first+count) are wanted: bind and subscribe them.
     * Called after init() with the symbols named one by one, after arb_catalog_end() with
     * those found by a pattern.
     */
    int (*add_instruments)(void *self, struct arb_host *host, uint32_t first, uint32_t count);
    /* Required. A connection is up: subscribe its books. */
    int (*on_open)(void *self, struct arb_host *host, uint32_t conn);
    /* Required. One whole text message arrived. */
    int (*on_message)(void *self, struct arb_host *host, uint32_t conn, struct arb_bytes msg);

    /* Optional. The connection went down; the host already marked its books stale. */
    int (*on_close)(void *self, struct arb_host *host, uint32_t conn);
    /* Required with arb_http_get(). `status` is the HTTP status, or 0 when none was received. */
    int (*on_http)(void *self, struct arb_host *host, uint32_t request, int status,
                   struct arb_bytes body);
    /* Required with arb_timer_set(). */
    int (*on_timer)(void *self, struct arb_host *host, uint32_t timer);
    /* Optional; default: drop the book's connection. Ask the venue for a fresh snapshot. */
    int (*resync)(void *self, struct arb_host *host, uint32_t instrument);
    /*
     * Required with `has_checksum`. The venue's checksum of `book`. Depends on nothing but
     * the book and what the plugin knows of the instrument; `self` is for caches.
     */
    int (*checksum)(void *self, uint32_t instrument, const struct arb_book *book,
                    uint32_t *checksum);
    /* Optional. Free what init() and later callbacks allocated; runs after a failed init() too. */
    void (*fini)(void *self);
};

#ifdef __cplusplus
}
#endif

#endif /* ARB_EXCHANGE_H */
