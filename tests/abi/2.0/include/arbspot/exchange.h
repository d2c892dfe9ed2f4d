/*
 * exchange.h - the exchange plugin interface: one venue's protocol, no I/O.
 *
 * The plugin knows how to spell and to read; the host knows when, how often, on which connection,
 * and what to do when nobody answers. The host asks the plugin to spell a request (ask), sends
 * it, and gives the plugin what arrives (on_message, on_answer); the plugin says what that means
 * (arb_answered, arb_listing_publish, arb_book_publish, ...). Subscriptions, pacing, deadlines,
 * retries, catalogs, seeds, heartbeats, connections, clocks and books are the host's.
 *
 * All callbacks of an instance run on one thread, never concurrently and never nested.
 *
 * What a callback returns decides what the host does:
 *   ARB_OK         carry out what was recorded
 *   ARB_EPROTO     drop what was recorded, log, drop the connection, its books are STALE;
 *   ARB_ERANGE     in a callback without a connection: log, and ask again later
 *   ARB_ELIMIT     the same
 *   ARB_ELATER     on_answer(): the venue is asked too often. All requests wait, longer each time
 *   ARB_ENOTSUP    ask(): the venue has no such request; the host manages without
 *   ARB_EREJECTED  log, disable this exchange; the host keeps running without it
 *   other          as ARB_EREJECTED: the plugin is broken
 */
#ifndef ARB_EXCHANGE_H
#define ARB_EXCHANGE_H

#include "arbspot/abi.h"
#include "arbspot/host.h"
#include "arbspot/option.h"
#include "arbspot/symbols.h"
#include "arbspot/text.h"
#include "arbspot/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* -- what the venue is like --------------------------------------------------------------- */

/* How a venue lets anyone notice that an update was lost. */
enum arb_loss_detection {
    ARB_LOSS_CHECKSUM = 1,  /* a checksum over the top levels comes with the events */
    ARB_LOSS_SEQUENCE = 2,  /* events are numbered: first_seq == last_seq before + 1 */
    ARB_LOSS_CHAIN = 3,     /* each event names its predecessor: prev_seq == last_seq before */
    ARB_LOSS_NONE = 4,      /* not at all: messages are marked `unverifiable` */
    ARB_LOSS_STATELESS = 5, /* every event is a whole book, so a lost one heals by itself: goes with
                               ARB_SNAPSHOT_EACH */
    /* All messages of a connection are numbered, see arb_conn_seq(); snapshots are in the stream.
     */
    ARB_LOSS_CONNECTION = 6,
};

/* Where a book comes from. */
enum arb_snapshot_source {
    ARB_SNAPSHOT_STREAM = 1, /* in the stream, after subscribing */
    ARB_SNAPSHOT_HTTP = 2,   /* by HTTP (ARB_ASK_SNAPSHOT), spliced with the deltas held for it */
    ARB_SNAPSHOT_EACH = 3,   /* every event is one; by HTTP only while the market is quiet. Not with
                                SEQUENCE, CHAIN or CONNECTION: no whole book follows another */
};

/* When a snapshot by HTTP meets the deltas that were held for it. */
enum arb_seam {
    /* first_seq <= snapshot.last_seq + 1 <= last_seq of the first delta behind it */
    ARB_SEAM_SEQUENCE = 1,
    /*
     * By venue_ns: the snapshot is not older than the first delta held, or was asked for when no
     * event had come for quiet_ms, so that none was on its way.
     */
    ARB_SEAM_TIME = 2,
};

/* What venue_ns says about the order of a book's events. */
enum arb_time_order {
    ARB_TIME_NONE = 0,     /* nothing */
    ARB_TIME_NOT_BACK = 1, /* an event older than the one before it came too late: damage */
};

enum arb_unknown_delete {
    ARB_UNKNOWN_DELETE_IGNORE = 0, /* deleting a level the book does not hold is normal: counted */
    ARB_UNKNOWN_DELETE_DESYNC = 1, /* it proves damage, but in the delta at the seam */
};

enum arb_liveness {
    ARB_LIVENESS_TRANSPORT = 0,        /* nothing but answers to WebSocket pings */
    ARB_LIVENESS_SERVER_HEARTBEAT = 1, /* the venue sends something at a known rate */
    ARB_LIVENESS_CLIENT_HEARTBEAT = 2, /* we ask (heartbeat_ms) and the venue answers */
};

enum arb_catalog_source {
    ARB_CATALOG_NONE = 0,   /* patterns cannot be resolved */
    ARB_CATALOG_HTTP = 1,   /* ARB_ASK_CATALOG is a request; asked again after catalog_age_ms */
    ARB_CATALOG_STREAM = 2, /* ARB_ASK_CATALOG is a frame on connection 0; changes follow by it */
};

/* How a book that streams its snapshots gets a new one. */
enum arb_resubscribe {
    ARB_RESUBSCRIBE_LEAVE_FIRST = 0, /* unsubscribe, wait for the answer, subscribe */
    ARB_RESUBSCRIBE_AT_ONCE = 1,     /* subscribing again is enough */
};

/* What binary messages are packed with; the host unpacks them, up to 16 MiB each. */
enum arb_packing {
    ARB_PACKING_NONE = 0,
    ARB_PACKING_GZIP = 1,
    ARB_PACKING_DEFLATE = 2, /* raw, without a header */
};

/*
 * The venue's constants. The host gives it to init() with `size` and the defaults below set; the
 * plugin changes what is otherwise. Times are in milliseconds.
 */
struct arb_plan {
    uint32_t size; /* what the host knows of this struct; leave it */

    /* What the feed can prove. */
    uint32_t loss_detection;  /* enum arb_loss_detection; required */
    uint32_t snapshot_source; /* enum arb_snapshot_source; required */
    uint32_t unknown_delete;  /* enum arb_unknown_delete */
    uint32_t liveness;        /* enum arb_liveness */
    uint32_t time_order;      /* enum arb_time_order */
    uint32_t seam;            /* enum arb_seam; required with ARB_SNAPSHOT_HTTP */
    uint32_t quiet_ms;        /* 3000: see ARB_SEAM_TIME; with ARB_SNAPSHOT_EACH, how long no event
                                 has to come before a book is asked for by HTTP */
    uint32_t checksum_levels; /* levels a side the checksum covers; 0 without one */
    uint32_t depth;           /* levels a side the feed carries; 0 for the whole book */

    /* Connections. */
    uint32_t books_per_conn;  /* 0: all on one. Further connections are opened as needed */
    uint32_t channels;        /* 1: subscriptions that each book needs, to ARB_CHANNELS_MAX */
    uint32_t opens_per_10s;   /* 0, no limit: connections opened, over all of this venue */
    uint32_t opens_per_10min; /* 0, no limit: likewise */
    uint32_t idle_ms;         /* 30000: reconnect when nothing that proves life comes for so long */
    uint32_t heartbeat_ms;    /* 0, none: how often ARB_ASK_HEARTBEAT goes out; below idle_ms where
                                 the answers prove life */
    uint32_t heartbeat_wait_ms; /* 10000: any message must come within it, or we reconnect; not
                                   where the venue's own heartbeats prove life */

    /* Requests on a connection. */
    uint32_t books_per_request;   /* 1: named in one ARB_ASK_SUBSCRIBE or _UNSUBSCRIBE */
    uint32_t requests_per_second; /* 0, no limit: subscriptions, and leaving them */
    uint32_t requests_per_hour;   /* 0, no limit: likewise, over reconnects as well */
    uint32_t answer_ms;           /* 5000: how long an answer, or a snapshot, may take */
    uint32_t resubscribe;         /* enum arb_resubscribe */

    /* Requests by HTTP, over all of this venue. */
    uint32_t http_at_once;   /* 4 */
    uint32_t http_per_10min; /* 0, no limit */
    uint32_t catalog;        /* enum arb_catalog_source */
    uint32_t catalog_age_ms; /* 86400000: an older one is asked for again */
    bool is_listed_only;     /* the venue takes subscriptions to books it does not have: subscribe
                                only what the catalog lists */
    bool needs_token;        /* ARB_ASK_TOKEN before each connection */
    uint8_t packing;         /* enum arb_packing */
    bool has_empty_books;    /* the venue documents snapshots without levels: a book that has none.
                                Else one proves nothing, see arb_book_publish() */

    uint32_t http_per_min; /* 0, no limit: requests by HTTP, beside http_per_10min */
    /*
     * 0, all: levels a side that a snapshot by HTTP shows at most, where the deltas tell of levels
     * beyond. A side with so many ends there: what is beyond is not known and kept out of the book,
     * and when a quarter of them is left, the book gets a new snapshot.
     */
    uint32_t seed_levels;
    /*
     * 0, none: so often at least something comes on each connection, whatever the market does. What
     * is shown may be as old as it is overdue: beyond half of max_lag the books of the connection
     * are suspect, beyond max_lag STALE, long before idle_ms is over. It counts once a book of the
     * connection is served. WebSocket pings are none of it. Below idle_ms.
     */
    uint32_t beat_ms;
    uint32_t settle_ms; /* 0: no subscription is sent before a connection is up for so long */
};

/* The limits that most plugins have options for; 0 leaves the plan's. */
struct arb_limits {
    int64_t books_per_conn, books_per_request, requests_per_second;
    int64_t idle_ms, answer_ms, heartbeat_ms, heartbeat_wait_ms, catalog_age_ms;
};

static inline void arb_plan_limit(struct arb_plan *plan, const struct arb_limits *limits)
{
    const int64_t from[] = { limits->books_per_conn,      limits->books_per_request,
                             limits->requests_per_second, limits->idle_ms,
                             limits->answer_ms,           limits->heartbeat_ms,
                             limits->heartbeat_wait_ms,   limits->catalog_age_ms };
    uint32_t *const to[] = { &plan->books_per_conn,      &plan->books_per_request,
                             &plan->requests_per_second, &plan->idle_ms,
                             &plan->answer_ms,           &plan->heartbeat_ms,
                             &plan->heartbeat_wait_ms,   &plan->catalog_age_ms };

    for (size_t i = 0; i < sizeof(to) / sizeof(*to); i++) {
        if (from[i] > 0) {
            *to[i] = from[i] > UINT32_MAX ? UINT32_MAX : (uint32_t)from[i];
        }
    }
}

/*
 * The same for a venue that answers pings. Nothing else proves life where no market moves, and one
 * answer may be late before the next one is.
 */
static inline void arb_plan_pinged(struct arb_plan *plan, const struct arb_limits *limits)
{
    arb_plan_limit(plan, limits);
    plan->liveness = ARB_LIVENESS_CLIENT_HEARTBEAT;
    plan->idle_ms = plan->heartbeat_ms + 2 * plan->heartbeat_wait_ms;
}

/* -- requests ----------------------------------------------------------------------------- */

enum arb_ask_what {
    ARB_ASK_CONNECT = 1,   /* the URL of a connection: "wss://..."; required */
    ARB_ASK_HELLO = 2,     /* a frame, once a connection is up */
    ARB_ASK_SUBSCRIBE = 3, /* a frame; required */
    ARB_ASK_UNSUBSCRIBE =
        4, /* a frame; without it a resync of a streamed book drops the connection */
    ARB_ASK_HEARTBEAT = 5, /* a frame; required with heartbeat_ms */
    ARB_ASK_CATALOG = 6,   /* a URL or a frame, as plan.catalog says; required with it */
    ARB_ASK_SNAPSHOT = 7,  /* a URL: one book; required with ARB_SNAPSHOT_HTTP */
    ARB_ASK_TOKEN = 8,     /* a URL; required with needs_token */
};

#define ARB_NO_CONN UINT32_MAX

/* What is to be asked. Borrowed for the call. */
struct arb_ask {
    uint32_t size;
    uint32_t what;    /* enum arb_ask_what */
    uint32_t conn;    /* below ARB_CONNS_MAX, or ARB_NO_CONN for HTTP other than ARB_ASK_TOKEN */
    uint32_t channel; /* SUBSCRIBE, UNSUBSCRIBE: below plan.channels; 0 makes the book */
    uint32_t attempt; /* how often in a row this failed before: 0 the first time */
    uint32_t number;  /* of this request, above 0: to find its answer by; grows by one each time */
    uint32_t n_instruments;
    const uint32_t *instruments; /* SUBSCRIBE, UNSUBSCRIBE, SNAPSHOT (one) */
    int64_t now_ns;              /* UTC, as host->now_ns is elsewhere: for venues that want one */
};

enum arb_method { ARB_GET = 0, ARB_POST = 1 };

/* Filled in by ask(). The texts are empty, their memory the host's; arb_text_add() writes. */
struct arb_request {
    uint32_t size;
    uint32_t method;         /* enum arb_method; HTTP only */
    struct arb_text text;    /* the frame, or the URL */
    struct arb_text headers; /* HTTP only: "Name: value\r\n", each */
    struct arb_text body;    /* HTTP only; with ARB_POST */
    bool is_binary;          /* a frame: sent as a binary message */
    uint8_t reserved[7];
};

/* What the venue says to a subscription, or to the leaving of one. */
enum arb_outcome {
    ARB_SUBSCRIBED = 1, /* it is served. Also said by the book's first event */
    /* It is not served any more. Unasked for: the book is STALE, and is subscribed again. */
    ARB_LEFT = 2,
    ARB_LATER = 3, /* asked too often: it is asked again after a pause, longer each time */
    /*
     * Refused. While the book is being left this ends the leaving, whatever the venue's reason, and
     * the book is subscribed. Else the book is UNUSABLE, and is asked for again in 5 minutes.
     */
    ARB_REFUSED = 4,
};

/* One whole message. `is_binary` as on the wire, before it was unpacked. */
struct arb_message {
    const char *data;
    size_t len;
    bool is_binary;
};

static inline struct arb_bytes arb_message_bytes(struct arb_message message)
{
    const struct arb_bytes bytes = { message.data, message.len };
    return bytes;
}

/* One row of the venue's catalog. Comes one by one, so it may grow at its end. */
struct arb_listing {
    uint32_t size;            /* sizeof(struct arb_listing) */
    uint32_t trading;         /* enum arb_trading */
    const char *symbol;       /* canonical, "BTC/USD"; copied */
    const char *venue_symbol; /* the venue's own name; copied */
    uint8_t px_digits;        /* fractional digits of the tick, or ARB_DIGITS_UNKNOWN */
    uint8_t qty_digits;       /* fractional digits of the lot, or ARB_DIGITS_UNKNOWN */
    uint8_t reserved[6];
    struct arb_order_terms terms;
};

/* -- what the host offers ----------------------------------------------------------------- */

/* The table behind host->calls in an exchange plugin. Grows at the end only. */
struct arb_exchange_calls {
    struct arb_host_calls base;
    int (*answered)(struct arb_host *host, uint32_t instrument, uint32_t channel, uint32_t outcome,
                    const char *why);
    int (*answered_ask)(struct arb_host *host, uint32_t number, uint32_t outcome, const char *why);
    int (*listing)(struct arb_host *host, const struct arb_listing *listing);
    int (*catalog_end)(struct arb_host *host);
    int (*trading)(struct arb_host *host, uint32_t instrument, uint32_t trading, const char *text);
    int (*book)(struct arb_host *host, const struct arb_book_event *event);
    int (*reject)(struct arb_host *host, uint32_t instrument, int rc);
    int (*resync)(struct arb_host *host, uint32_t instrument, const char *why);
    int (*conn_seq)(struct arb_host *host, uint32_t conn, uint64_t seq);
    int (*view)(struct arb_host *host, uint32_t instrument, struct arb_book *view);
    int (*send)(struct arb_host *host, uint32_t conn, const char *data, size_t len, bool is_binary);
    int (*close)(struct arb_host *host, uint32_t conn, const char *why);
    int (*renew)(struct arb_host *host, uint32_t conn, const char *why);
    int (*heartbeat_times)(struct arb_host *host, uint32_t conn, uint32_t number,
                           int64_t received_ns, int64_t answered_ns);
};

static inline const struct arb_exchange_calls *arb_exchange_calls_of(const struct arb_host *host)
{
    return (const struct arb_exchange_calls *)(const void *)host->calls;
}

#define ARB_ALL_INSTRUMENTS UINT32_MAX

/*
 * Says what the venue answered to the subscription of one book on one channel, or unasked.
 * ARB_NO_INSTRUMENT, channel 0: the venue does not say whom it means. ARB_LATER is then for every
 * request of the connection, or of HTTP, that is not answered; anything else is only logged.
 */
static inline int arb_answered(struct arb_host *host, uint32_t instrument, uint32_t channel,
                               enum arb_outcome outcome, const char *why)
{
    return arb_exchange_calls_of(host)->answered(host, instrument, channel, (uint32_t)outcome, why);
}

/* The same for all books of the request with this number; a number not under way is ignored. */
static inline int arb_answered_ask(struct arb_host *host, uint32_t number, enum arb_outcome outcome,
                                   const char *why)
{
    return arb_exchange_calls_of(host)->answered_ask(host, number, (uint32_t)outcome, why);
}

/* Reports one row of the venue's catalog. The host keeps those the configuration names. */
static inline int arb_listing_publish(struct arb_host *host, const struct arb_listing *listing)
{
    return arb_exchange_calls_of(host)->listing(host, listing);
}

/*
 * Ends a catalog. One without rows is none: the last one stays, and it is asked for again. Else
 * the host resolves the configured patterns, and gives up symbols that no row named.
 */
static inline int arb_catalog_end(struct arb_host *host)
{
    return arb_exchange_calls_of(host)->catalog_end(host);
}

/*
 * Says whether one pair, or with ARB_ALL_INSTRUMENTS the venue, trades now. `text` is the
 * venue's own word for it. The stricter of the two holds for a book.
 */
static inline int arb_trading_set(struct arb_host *host, uint32_t instrument,
                                  enum arb_trading trading, const char *text)
{
    return arb_exchange_calls_of(host)->trading(host, instrument, (uint32_t)trading, text);
}

/*
 * Publishes a snapshot or a change of one book. What the host does with it:
 *
 * Chain: by plan.loss_detection and the event's numbers. An event that does not follow the one
 * before is damage: the book is STALE and gets a new snapshot. So is one that begins within the one
 * before (first_seq <= last_seq before < last_seq), but where a snapshot by HTTP meets the deltas:
 * such numbers would hide a loss that is as long as the overlap. A book
 * that is left, or that waits for a snapshot in the stream, takes no delta.
 *
 * Proof: VERIFIED means shown: the event's own checksum matched, its own link fits, or the number
 * of its message follows (arb_conn_seq(), called before this). An event without the one that the
 * plan promises is UNVERIFIABLE, and so is a snapshot by HTTP until a link
 * fits behind it, unless every event is a whole book (ARB_LOSS_STATELESS). Behind an event without
 * a number nothing is proven until the next snapshot. Where it was taken because its market was
 * quiet (ARB_SEAM_TIME), nothing shows that the first event behind it is the next one, unless that
 * event's link fits the snapshot's last_seq: the book stays UNVERIFIABLE until its next snapshot,
 * although a loss among the events that follow shows.
 *
 * Seam: deltas are held until the snapshot by HTTP, in order, and applied where they meet it. A
 * snapshot that does not meet them is asked for again.
 *
 * Repeats: an event with the last_seq of the one before (ARB_SNAPSHOT_EACH: with a venue_ns that is
 * not newer) is that one again, and ignored; one dated more than a minute before it is damage.
 *
 * Emptiness: a snapshot without a level is that of a book that has none, or a message that was cut.
 * Unless plan.has_empty_books or a checksum tells, it leaves the book UNVERIFIABLE until the next
 * snapshot. Where the book had levels and not every event is a snapshot, it is damage at first:
 * what comes after the resync is taken.
 *
 * Crossing: a crossed book is STALE until the next event uncrosses it, and damaged if it does not.
 *
 * TOP: compared with the book. A level that differs for 3 s and that no delta names, or that
 * crosses the book, is set to what the newer side says, and counted.
 */
static inline int arb_book_publish(struct arb_host *host, const struct arb_book_event *event)
{
    return arb_exchange_calls_of(host)->book(host, event);
}

/*
 * Says that an event of this book could not be read: ARB_ERANGE, a number does not fit its scale;
 * ARB_EPROTO, it is damaged. Costs this book a resync and no other anything.
 */
static inline int arb_book_reject(struct arb_host *host, uint32_t instrument, int rc)
{
    return arb_exchange_calls_of(host)->reject(host, instrument, rc);
}

/* Says that a book can no longer be trusted: it is STALE, and gets a new snapshot. */
static inline int arb_book_resync(struct arb_host *host, uint32_t instrument, const char *why)
{
    return arb_exchange_calls_of(host)->resync(host, instrument, why);
}

/*
 * Where a venue numbers all messages of a connection: the number of the one in hand. A number that
 * is not one more than the last drops the connection, and its books are STALE.
 */
static inline int arb_conn_seq(struct arb_host *host, uint32_t conn, uint64_t seq)
{
    return arb_exchange_calls_of(host)->conn_seq(host, conn, seq);
}

/*
 * Where the answer to a heartbeat is dated: what the venue's clock showed (UTC, ns) when it
 * received the last heartbeat of this connection, by the number of its request, and when it
 * answered. That proves how far that clock is from the host's; dates of changes alone only suggest
 * it. Other numbers are ignored, and so are times that no clock shows.
 */
static inline int arb_heartbeat_times(struct arb_host *host, uint32_t conn, uint32_t number,
                                      int64_t received_ns, int64_t answered_ns)
{
    return arb_exchange_calls_of(host)->heartbeat_times(host, conn, number, received_ns,
                                                        answered_ns);
}

/*
 * Shows the host's book as it was before this callback: what the callback itself publishes is
 * not in it. The levels are borrowed until the callback returns.
 */
static inline int arb_book_view(struct arb_host *host, uint32_t instrument, struct arb_book *view)
{
    return arb_exchange_calls_of(host)->view(host, instrument, view);
}

/* Sends one text message, copied, beside what the host asks for: an answer to a ping, say. */
static inline int arb_ws_send(struct arb_host *host, uint32_t conn, const char *text, size_t len)
{
    return arb_exchange_calls_of(host)->send(host, conn, text, len, false);
}

static inline int arb_ws_send_binary(struct arb_host *host, uint32_t conn, const void *data,
                                     size_t len)
{
    return arb_exchange_calls_of(host)->send(host, conn, (const char *)data, len, true);
}

/* Drops the connection and says why in the log; the host comes back. */
static inline int arb_ws_close(struct arb_host *host, uint32_t conn, const char *why)
{
    return arb_exchange_calls_of(host)->close(host, conn, why);
}

/*
 * Says that the connection should be replaced while it still serves, as when the venue asks for a
 * reconnect. The host brings up a second instance of the plugin, drops this one when the other has
 * its books, and no book leaves LIVE. Should that not work out, this one stays until it is closed.
 */
static inline int arb_ws_renew(struct arb_host *host, uint32_t conn, const char *why)
{
    return arb_exchange_calls_of(host)->renew(host, conn, why);
}

/* -- the plugin --------------------------------------------------------------------------- */

/* Given to init(); owned by the host, valid until fini() returned. */
struct arb_exchange_env {
    uint32_t size;
    uint16_t abi_major, abi_minor; /* the host's */
    bool wants_catalog;            /* `symbols` has patterns: nothing starts without a catalog */
    /* Appear one by one, from index 0; room for ARB_INSTRUMENTS_MAX, never moves. */
    const struct arb_instrument *instruments;
    const struct arb_symbol_map *by_venue_symbol; /* see arb_instrument_find() */
};

/* The instrument that the venue calls so, or ARB_NO_INSTRUMENT: nobody asked for it. */
static inline uint32_t arb_instrument_find(const struct arb_exchange_env *env,
                                           struct arb_bytes venue_symbol)
{
    return arb_symbol_find(env->by_venue_symbol, venue_symbol);
}

/* A form in which a request names a book: what stands before the venue's name, and behind it. */
struct arb_ask_form {
    const char *before, *behind;
};

/* Adds the books that are asked for in this form, with commas between them. */
static inline void arb_ask_list(const struct arb_ask *ask, const struct arb_exchange_env *env,
                                struct arb_ask_form form, struct arb_text *text)
{
    for (uint32_t i = 0; i < ask->n_instruments; i++) {
        arb_text_add(text, "%s%s%s%s", i == 0 ? "" : ",", form.before,
                     env->instruments[ask->instruments[i]].venue_symbol, form.behind);
    }
}

/* Adds the venue's names of the books that are asked for: "BTC/USD","ETH/USD" */
static inline void arb_ask_names(const struct arb_ask *ask, const struct arb_exchange_env *env,
                                 struct arb_text *text)
{
    const struct arb_ask_form quoted = { "\"", "\"" };
    arb_ask_list(ask, env, quoted, text);
}

/* Whether books are to be subscribed, or left. */
static inline bool arb_ask_is_books(const struct arb_ask *ask)
{
    return ask->what == ARB_ASK_SUBSCRIBE || ask->what == ARB_ASK_UNSUBSCRIBE;
}

/* What most venues call the one and the other; for what arb_ask_is_books(). */
static inline const char *arb_ask_word(const struct arb_ask *ask)
{
    return ask->what == ARB_ASK_SUBSCRIBE ? "subscribe" : "unsubscribe";
}

/*
 * Adds the frame in which many venues take subscriptions. The number of the request has the name
 * `id` there: {"req_id":"7","op":"subscribe","args":["books.BTCUSD","books.ETHUSD"]}
 */
static inline void arb_ask_op(const struct arb_ask *ask, const struct arb_exchange_env *env,
                              const char *id, struct arb_ask_form form, struct arb_text *text)
{
    arb_text_add(text, "{\"%s\":\"%u\",\"op\":\"%s\",\"args\":[", id, ask->number,
                 arb_ask_word(ask));
    arb_ask_list(ask, env, form, text);
    arb_text_add(text, "]}");
}

/*
 * An id for a request whose answer has nothing but the id: twice the number, and one more when
 * books are left. What comes back goes to arb_answered_id() in answers.h.
 */
static inline uint64_t arb_ask_id(const struct arb_ask *ask)
{
    return UINT64_C(2) * ask->number + (ask->what == ARB_ASK_UNSUBSCRIBE);
}

struct arb_exchange_ops {
    uint32_t size; /* sizeof(struct arb_exchange_ops) */

    /* Required. Options are stored in `self`. Fill in the plan; of the calls, log and timers only.
     */
    int (*init)(void *self, struct arb_host *host, const struct arb_exchange_env *env,
                struct arb_plan *plan);
    /*
     * Required. Spells one request into `request`. ARB_ENOTSUP: the venue has none such. Depends on
     * nothing but the options, the instruments and what was read before.
     */
    int (*ask)(void *self, const struct arb_ask *ask, struct arb_request *request);
    /* Required. One whole message arrived. */
    int (*on_message)(void *self, struct arb_host *host, uint32_t conn, struct arb_message message);

    /*
     * Optional; default: the canonical symbol. Spells the venue's name of a pair that neither its
     * catalog nor the configuration named, into `name`: ARB_SYMBOL_MAX bytes, terminated.
     */
    int (*spell)(void *self, const struct arb_instrument *info, char *name);
    /*
     * Required with HTTP: catalog, snapshot, token. `status` is never 0: without an answer, the
     * host asks again by itself. So it does after a status of 418, 429 or 5xx, whatever this
     * returns, and after any result other than ARB_OK.
     */
    int (*on_answer)(void *self, struct arb_host *host, const struct arb_ask *ask, int status,
                     struct arb_bytes body);
    /*
     * Required with `has_checksum`. The venue's checksum of `book`, which is the host's after the
     * event. Depends on nothing but the two and what the plugin knows of the instrument; `self` is
     * for caches.
     */
    int (*checksum)(void *self, const struct arb_book_event *event, const struct arb_book *book,
                    uint32_t *checksum);
    /*
     * Optional. The book starts over (a new connection, a resync): what the plugin keeps of it is
     * void. Comes before its subscription or its snapshot is asked for.
     */
    void (*reset)(void *self, uint32_t instrument);
    /* Required with arb_timer_set(). */
    int (*on_timer)(void *self, struct arb_host *host, uint32_t timer);
    /* Optional. Free what init() and later callbacks allocated; runs after a failed init() too. */
    void (*fini)(void *self);
    /*
     * Optional; called with ARB_LOSS_STATELESS only. Whose whole book this message is, told without
     * reading the book; ARB_NO_INSTRUMENT: nobody's. A host that is too slow for all of them reads
     * the newest of each book and skips those before.
     */
    uint32_t (*book_of)(void *self, struct arb_message message);
};

#ifdef __cplusplus
}
#endif

#endif /* ARB_EXCHANGE_H */
