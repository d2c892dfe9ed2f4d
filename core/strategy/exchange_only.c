#include "strategy/exchange_only.h"

static int declare(struct arb_host *host, const struct arb_capabilities *caps)
{
    (void)host, (void)caps;
    return ARB_ENOTSUP;
}

static int ws_open(struct arb_host *host, uint32_t conn, const struct arb_ws_spec *spec)
{
    (void)host, (void)conn, (void)spec;
    return ARB_ENOTSUP;
}

static int ws_send(struct arb_host *host, uint32_t conn, const char *text, size_t len)
{
    (void)host, (void)conn, (void)text, (void)len;
    return ARB_ENOTSUP;
}

static int ws_close(struct arb_host *host, uint32_t conn, const char *why)
{
    (void)host, (void)conn, (void)why;
    return ARB_ENOTSUP;
}

static int http_get(struct arb_host *host, uint32_t request, const char *url)
{
    (void)host, (void)request, (void)url;
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

static int bind_book(struct arb_host *host, uint32_t instrument, uint32_t conn)
{
    (void)host, (void)instrument, (void)conn;
    return ARB_ENOTSUP;
}

static int publish_book(struct arb_host *host, const struct arb_book_event *event)
{
    (void)host, (void)event;
    return ARB_ENOTSUP;
}

static int give_up_book(struct arb_host *host, uint32_t instrument, const char *why)
{
    (void)host, (void)instrument, (void)why;
    return ARB_ENOTSUP;
}

static int set_trading(struct arb_host *host, uint32_t instrument, uint32_t trading,
                       const char *text)
{
    (void)host, (void)instrument, (void)trading, (void)text;
    return ARB_ENOTSUP;
}

static int view_book(struct arb_host *host, uint32_t instrument, struct arb_book *view)
{
    (void)host, (void)instrument, (void)view;
    return ARB_ENOTSUP;
}

void exchange_only_refuse(struct arb_host_ops *ops)
{
    ops->declare = declare;
    ops->ws_open = ws_open;
    ops->ws_send = ws_send;
    ops->ws_close = ws_close;
    ops->ws_renew = ws_close;
    ops->http_get = http_get;
    ops->listing = listing;
    ops->catalog_end = catalog_end;
    ops->bind = bind_book;
    ops->book = publish_book;
    ops->resync = give_up_book;
    ops->refused = give_up_book;
    ops->trading = set_trading;
    ops->book_view = view_book;
}
