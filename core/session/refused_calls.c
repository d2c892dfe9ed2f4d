#include "session/refused_calls.h"

static int answered(struct arb_host *host, uint32_t instrument, uint32_t channel, uint32_t outcome,
                    const char *why)
{
    (void)host, (void)instrument, (void)channel, (void)outcome, (void)why;
    return ARB_ENOTSUP;
}

static int answered_ask(struct arb_host *host, uint32_t number, uint32_t outcome, const char *why)
{
    (void)host, (void)number, (void)outcome, (void)why;
    return ARB_ENOTSUP;
}

static int listing(struct arb_host *host, const struct arb_listing *row)
{
    (void)host, (void)row;
    return ARB_ENOTSUP;
}

static int catalog_end(struct arb_host *host)
{
    (void)host;
    return ARB_ENOTSUP;
}

static int set_trading(struct arb_host *host, uint32_t instrument, uint32_t trading,
                       const char *text)
{
    (void)host, (void)instrument, (void)trading, (void)text;
    return ARB_ENOTSUP;
}

static int publish_book(struct arb_host *host, const struct arb_book_event *event)
{
    (void)host, (void)event;
    return ARB_ENOTSUP;
}

static int reject_book(struct arb_host *host, uint32_t instrument, int rc)
{
    (void)host, (void)instrument, (void)rc;
    return ARB_ENOTSUP;
}

/* resync(), close() and renew() name a thing and a reason. */
static int give_up(struct arb_host *host, uint32_t which, const char *why)
{
    (void)host, (void)which, (void)why;
    return ARB_ENOTSUP;
}

static int conn_seq(struct arb_host *host, uint32_t conn, uint64_t seq)
{
    (void)host, (void)conn, (void)seq;
    return ARB_ENOTSUP;
}

static int view_book(struct arb_host *host, uint32_t instrument, struct arb_book *view)
{
    (void)host, (void)instrument, (void)view;
    return ARB_ENOTSUP;
}

static int send_message(struct arb_host *host, uint32_t conn, const char *data, size_t len,
                        bool is_binary)
{
    (void)host, (void)conn, (void)data, (void)len, (void)is_binary;
    return ARB_ENOTSUP;
}

static int heartbeat_times(struct arb_host *host, uint32_t conn, uint32_t number,
                           int64_t received_ns, int64_t answered_ns)
{
    (void)host, (void)conn, (void)number, (void)received_ns, (void)answered_ns;
    return ARB_ENOTSUP;
}

void refused_calls_set(struct arb_exchange_calls *calls)
{
    calls->answered = answered;
    calls->answered_ask = answered_ask;
    calls->listing = listing;
    calls->catalog_end = catalog_end;
    calls->trading = set_trading;
    calls->book = publish_book;
    calls->reject = reject_book;
    calls->resync = give_up;
    calls->conn_seq = conn_seq;
    calls->view = view_book;
    calls->send = send_message;
    calls->close = give_up;
    calls->renew = give_up;
    calls->heartbeat_times = heartbeat_times;
}
