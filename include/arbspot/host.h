/*
 * host.h - what the host offers a plugin during a callback.
 *
 * The calls below record an intention and return; nothing happens on the network, to a
 * book or on a bus until the callback has returned ARB_OK. If it returns an error,
 * everything it recorded is dropped: all or nothing. A plugin may use its host only
 * inside a callback and only on the thread that made it. The calls fail with
 * ARB_EINVAL on an argument outside its documented range and with ARB_ELIMIT when one
 * callback asks for more than the host can hold; the host then treats the callback as
 * failed, whatever it returns.
 *
 * The clock is `now_ns`: UTC nanoseconds of the event being handled, fixed for the
 * callback. A replay sets it from the recording, so plugins never ask the system for
 * the time.
 */
#ifndef ARB_HOST_H
#define ARB_HOST_H

#include "arbspot/abi.h"
#include "arbspot/types.h"

#ifdef __cplusplus
extern "C" {
#endif

enum arb_log_level { ARB_ERROR = 1, ARB_WARN = 2, ARB_INFO = 3, ARB_DEBUG = 4 };

/* A connection the host shall keep up: it resolves, connects, pings, and retries with backoff. */
struct arb_ws_spec {
    uint32_t size;      /* sizeof(struct arb_ws_spec) */
    uint32_t idle_ms;   /* reconnect when nothing that proves life comes for so long; 0: default */
    uint32_t send_rate; /* messages a second at most, the rest waits its turn; 0: no limit */
    /* The host fills it in: an answered ping proves life, as ARB_LIVENESS_TRANSPORT declares. */
    uint32_t pong_is_life;
    const char *url; /* "wss://host[:port]/path", copied */
};

/* How a venue lets anyone notice that an update was lost. */
enum arb_loss_detection {
    ARB_LOSS_CHECKSUM = 1,  /* a checksum over the top levels comes with the updates */
    ARB_LOSS_SEQUENCE = 2,  /* updates are numbered without gaps */
    ARB_LOSS_CHAIN = 3,     /* each update names its predecessor */
    ARB_LOSS_NONE = 4,      /* not at all: messages are marked `unverifiable` */
    ARB_LOSS_STATELESS = 5, /* every frame is a whole book, so a lost one heals by itself */
};

enum arb_snapshot_source {
    ARB_SNAPSHOT_STREAM = 1, /* in the stream, after subscribing */
    ARB_SNAPSHOT_HTTP = 2,   /* fetched over HTTP and spliced with held deltas */
    ARB_SNAPSHOT_EACH = 3,   /* every message is a snapshot */
};

enum arb_unknown_delete {
    ARB_UNKNOWN_DELETE_IGNORE = 1, /* deleting a level the book does not hold is normal */
    ARB_UNKNOWN_DELETE_DESYNC = 2, /* it proves that the book is damaged: resync */
};

enum arb_liveness {
    ARB_LIVENESS_SERVER_HEARTBEAT = 1, /* the venue sends something at a known rate */
    ARB_LIVENESS_CLIENT_HEARTBEAT = 2, /* the plugin asks and the venue answers */
    ARB_LIVENESS_TRANSPORT = 3,        /* nothing but answers to WebSocket pings */
};

/* What the venue's feed can and cannot prove; declared once, in init(). */
struct arb_capabilities {
    uint32_t size;            /* sizeof(struct arb_capabilities) */
    uint32_t loss_detection;  /* enum arb_loss_detection */
    uint32_t snapshot_source; /* enum arb_snapshot_source */
    uint32_t unknown_delete;  /* enum arb_unknown_delete */
    uint32_t liveness;        /* enum arb_liveness */
    uint32_t checksum_levels; /* levels a side the checksum covers; 0 without one */
    uint32_t depth;           /* levels a side the feed carries; 0 for the whole book */
    uint32_t reserved;
};

/* One row of the venue's catalog. Comes one by one, so it may grow at its end. */
struct arb_listing {
    uint32_t size;            /* sizeof(struct arb_listing) */
    uint32_t trading;         /* enum arb_trading */
    const char *symbol;       /* canonical, "BTC/USD"; copied */
    const char *venue_symbol; /* the venue's own name; copied */
    uint8_t px_digits;        /* fractional digits of the tick, or ARB_DIGITS_UNKNOWN */
    uint8_t qty_digits;       /* fractional digits of the lot, or ARB_DIGITS_UNKNOWN */
    uint8_t reserved[6];
};

struct arb_host;
struct arb_opportunity; /* strategy.h */

/* Filled in by the host; grows at the end only. Use the functions below. */
struct arb_host_ops {
    uint32_t size;
    void (*log)(struct arb_host *host, enum arb_log_level level, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));
    int (*timer_set)(struct arb_host *host, uint32_t timer, uint32_t delay_ms);
    /* exchange plugins */
    int (*declare)(struct arb_host *host, const struct arb_capabilities *caps);
    int (*ws_open)(struct arb_host *host, uint32_t conn, const struct arb_ws_spec *spec);
    int (*ws_send)(struct arb_host *host, uint32_t conn, const char *text, size_t len);
    int (*ws_close)(struct arb_host *host, uint32_t conn, const char *why);
    int (*http_get)(struct arb_host *host, uint32_t request, const char *url);
    int (*listing)(struct arb_host *host, const struct arb_listing *listing);
    int (*catalog_end)(struct arb_host *host);
    int (*bind)(struct arb_host *host, uint32_t instrument, uint32_t conn);
    int (*book)(struct arb_host *host, const struct arb_book_event *event);
    int (*resync)(struct arb_host *host, uint32_t instrument, const char *why);
    int (*refused)(struct arb_host *host, uint32_t instrument, const char *why);
    int (*trading)(struct arb_host *host, uint32_t instrument, uint32_t trading, const char *text);
    /* strategy plugins */
    int (*opportunity)(struct arb_host *host, const struct arb_opportunity *opportunity);
    /* exchange plugins; behind what strategies call, because members are only appended */
    int (*book_view)(struct arb_host *host, uint32_t instrument, struct arb_book *view);
    int (*ws_renew)(struct arb_host *host, uint32_t conn, const char *why);
};

struct arb_host {
    const struct arb_host_ops *ops;
    int64_t now_ns;
};

/* Logs one line at once (the only call that is not recorded); the host adds the feed's name. */
#define arb_log(host, level, ...) ((host)->ops->log((host), (level), __VA_ARGS__))

/* Calls on_timer(timer) once, `delay_ms` from now. Replaces a pending one; 0 cancels it. */
static inline int arb_timer_set(struct arb_host *host, uint32_t timer, uint32_t delay_ms)
{
    return host->ops->timer_set(host, timer, delay_ms);
}

/* Declares what the feed can prove. Required once, in init(), before any connection. */
static inline int arb_declare(struct arb_host *host, const struct arb_capabilities *caps)
{
    return host->ops->declare(host, caps);
}

/* Declares connection `conn` < ARB_CONNS_MAX, of the plugin's choosing; on_open() follows. */
static inline int arb_ws_open(struct arb_host *host, uint32_t conn, const struct arb_ws_spec *spec)
{
    return host->ops->ws_open(host, conn, spec);
}

/* Sends one text message, copied. Dropped, with a count, when the connection is down by then. */
static inline int arb_ws_send(struct arb_host *host, uint32_t conn, const char *text, size_t len)
{
    return host->ops->ws_send(host, conn, text, len);
}

/* Drops the connection and says why in the log; the host comes back with on_open(). */
static inline int arb_ws_close(struct arb_host *host, uint32_t conn, const char *why)
{
    return host->ops->ws_close(host, conn, why);
}

/*
 * Says that the connection should be replaced while it still serves, as when the venue asks for a
 * reconnect. The host brings up a second instance of the plugin, drops this one when the other has
 * its books, and no book leaves LIVE. Should that not work out, this one stays until it is closed.
 */
static inline int arb_ws_renew(struct arb_host *host, uint32_t conn, const char *why)
{
    return ARB_HAS(host->ops, struct arb_host_ops, ws_renew) ? host->ops->ws_renew(host, conn, why)
                                                             : host->ops->ws_close(host, conn, why);
}

/*
 * Fetches `url` (https); the answer arrives as on_http(request). `request` < ARB_REQUESTS_MAX is
 * the plugin's to choose.
 */
static inline int arb_http_get(struct arb_host *host, uint32_t request, const char *url)
{
    return host->ops->http_get(host, request, url);
}

/* Reports one row of the venue's catalog. The host keeps those the configuration names. */
static inline int arb_listing_publish(struct arb_host *host, const struct arb_listing *listing)
{
    return host->ops->listing(host, listing);
}

/*
 * Ends the catalog. The host resolves the configured patterns and hands the instruments
 * found to add_instruments(); configured symbols that no row named are reported and
 * become ARB_BOOK_UNUSABLE.
 * A later catalog may add and lack symbols.
 */
static inline int arb_catalog_end(struct arb_host *host)
{
    return host->ops->catalog_end(host);
}

/* Ties a book to the connection that feeds it: when that goes down the book is STALE. Required. */
static inline int arb_book_bind(struct arb_host *host, uint32_t instrument, uint32_t conn)
{
    return host->ops->bind(host, instrument, conn);
}

/* Publishes a snapshot or a change of one book. */
static inline int arb_book_publish(struct arb_host *host, const struct arb_book_event *event)
{
    return host->ops->book(host, event);
}

/*
 * Shows the host's book as it was before this callback: what the callback itself publishes is
 * not in it. The levels are borrowed until the callback returns. ARB_ENOTSUP: the host is too old.
 */
static inline int arb_book_view(struct arb_host *host, uint32_t instrument, struct arb_book *view)
{
    return ARB_HAS(host->ops, struct arb_host_ops, book_view)
               ? host->ops->book_view(host, instrument, view)
               : ARB_ENOTSUP;
}

/* Says that a book can no longer be trusted; the host marks it STALE and calls resync(). */
static inline int arb_book_resync(struct arb_host *host, uint32_t instrument, const char *why)
{
    return host->ops->resync(host, instrument, why);
}

/* Says that the venue will not serve this book; the host marks it UNUSABLE and retries rarely. */
static inline int arb_book_refused(struct arb_host *host, uint32_t instrument, const char *why)
{
    return host->ops->refused(host, instrument, why);
}

#define ARB_ALL_INSTRUMENTS UINT32_MAX

/*
 * Says whether one pair, or with ARB_ALL_INSTRUMENTS the venue, trades now. `text` is the
 * venue's own word for it. The stricter of the two holds for a book.
 */
static inline int arb_trading_set(struct arb_host *host, uint32_t instrument,
                                  enum arb_trading trading, const char *text)
{
    return host->ops->trading(host, instrument, (uint32_t)trading, text);
}

#ifdef __cplusplus
}
#endif

#endif /* ARB_HOST_H */
