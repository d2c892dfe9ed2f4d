/*
 * host_stub.h - a host that writes down what a plugin's helpers ask of it.
 */
#ifndef ARB_HOST_STUB_H
#define ARB_HOST_STUB_H

#include "arbspot/exchange.h"

/* The last call of each kind; `host` first, so that the calls find the stub. */
struct host_stub {
    struct arb_host host;
    struct arb_exchange_calls calls;
    unsigned n_books, n_rejects, n_listings, n_catalogs;
    struct arb_book_event event;
    uint32_t rejected;
    int reject_rc;
    unsigned n_answers;
    uint32_t answered, outcome; /* a book, or with by_number a request */
    bool by_number;
    char why[128];
    struct arb_listing listing;
    char symbol[ARB_SYMBOL_MAX], venue_symbol[ARB_SYMBOL_MAX];
    int rc; /* what each call returns */
};

static inline struct host_stub *host_stub_of(struct arb_host *host)
{
    return (struct host_stub *)(void *)host;
}

static inline int host_stub_book(struct arb_host *host, const struct arb_book_event *event)
{
    struct host_stub *const stub = host_stub_of(host);
    stub->n_books++;
    stub->event = *event;
    return stub->rc;
}

static inline int host_stub_reject(struct arb_host *host, uint32_t instrument, int rc)
{
    struct host_stub *const stub = host_stub_of(host);
    stub->n_rejects++;
    stub->rejected = instrument;
    stub->reject_rc = rc;
    return stub->rc;
}

static inline int host_stub_listing(struct arb_host *host, const struct arb_listing *listing)
{
    struct host_stub *const stub = host_stub_of(host);
    stub->n_listings++;
    stub->listing = *listing;
    (void)snprintf(stub->symbol, sizeof(stub->symbol), "%s", listing->symbol);
    (void)snprintf(stub->venue_symbol, sizeof(stub->venue_symbol), "%s", listing->venue_symbol);
    return stub->rc;
}

static inline int host_stub_catalog_end(struct arb_host *host)
{
    struct host_stub *const stub = host_stub_of(host);
    stub->n_catalogs++;
    return stub->rc;
}

static inline int host_stub_note(struct arb_host *host, uint32_t whom, uint32_t outcome,
                                 const char *why)
{
    struct host_stub *const stub = host_stub_of(host);
    stub->n_answers++;
    stub->answered = whom;
    stub->outcome = outcome;
    (void)snprintf(stub->why, sizeof(stub->why), "%s", why);
    return stub->rc;
}

static inline int host_stub_answered(struct arb_host *host, uint32_t instrument, uint32_t channel,
                                     uint32_t outcome, const char *why)
{
    (void)channel;
    host_stub_of(host)->by_number = false;
    return host_stub_note(host, instrument, outcome, why);
}

static inline int host_stub_answered_ask(struct arb_host *host, uint32_t number, uint32_t outcome,
                                         const char *why)
{
    host_stub_of(host)->by_number = true;
    return host_stub_note(host, number, outcome, why);
}

static inline void host_stub_init(struct host_stub *stub)
{
    *stub = (struct host_stub){ .rc = ARB_OK };
    stub->calls.base.size = (uint32_t)sizeof(stub->calls);
    stub->calls.book = host_stub_book;
    stub->calls.reject = host_stub_reject;
    stub->calls.answered = host_stub_answered;
    stub->calls.answered_ask = host_stub_answered_ask;
    stub->calls.listing = host_stub_listing;
    stub->calls.catalog_end = host_stub_catalog_end;
    stub->host.calls = &stub->calls.base;
}

#endif /* ARB_HOST_STUB_H */
