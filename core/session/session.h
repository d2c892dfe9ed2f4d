/*
 * session.h - one plugin instance with its connections and books.
 *
 * The session calls the plugin, records what the plugin asks for, and carries it out only when the
 * callback returned ARB_OK. It has requests spelled and sends them: subscriptions, seeds, catalogs,
 * heartbeats, each when it is due, within what the venue allows, until it is answered. It has no
 * thread, socket or clock: the caller brings what happens and the moment, and provides a port; the
 * same code runs in the host, in a replay and in tests.
 *
 * Files: life.c from creation to its end; run.c callbacks and turns; commit.c carries out what a
 * callback recorded; effects.c the record; subscriptions.c who is subscribed on which connection;
 * seeds.c snapshots by HTTP; catalog.c and instruments.c what there is; conns.c connections;
 * books.c states and when to resync; requests.c spells and sends; budget.c limits; newest.c skips
 * whole books that newer ones replace. state.h says who may call whom.
 *
 * All calls are for one thread.
 */
#ifndef ARB_SESSION_H
#define ARB_SESSION_H

#include "book/live_book.h"
#include "config/config.h"
#include "io/port.h"
#include "plugin/loader.h"
#include "session/budget.h"
#include "session/scales.h"
#include "util/err.h"

struct session;

/* One that the venue's answer dates, see arb_heartbeat_times(). */
struct heartbeat {
    int64_t asked_ns;                 /* mono; not after it was written */
    int64_t received_ns, answered_ns; /* by the venue's clock; 0 < received <= answered */
};

/* What a session tells. Calls come only from within session calls. */
struct session_sink {
    /*
     * An instrument it serves from now on; before anything is said about its book. `book` is to be
     * looked at only, and lives as long as the session. ARB_ELIMIT: there is no room.
     */
    int (*instrument)(void *context, uint32_t instrument, const struct arb_instrument *info,
                      const struct live_book *book);
    void (*event)(void *context, uint32_t instrument, struct event *event);
    /* Something that the venue dates `venue_ns` > 0 as it sent it; a ping and its pong. */
    void (*date)(void *context, uint32_t conn, struct moment now, int64_t venue_ns);
    void (*round_trip)(void *context, uint32_t conn, struct moment now, int64_t rtt_ns);
    void (*heartbeat)(void *context, struct moment now, struct heartbeat heartbeat);
    /*
     * Optional. Something came on a connection, or by HTTP (ARB_NO_CONN), before anything is told
     * of it. The next is due by then (mono), NEVER_NS: whenever there is something.
     */
    void (*came)(void *context, uint32_t conn, struct moment now, int64_t due_ns);
    /* Optional. The venue was asked for a sign of life, and has to send something. */
    void (*asked)(void *context, uint32_t conn, struct moment now);
    /* Optional. A connection is up, or down; a ping is to go out on it. */
    void (*connection)(void *context, uint32_t conn, struct moment now, bool is_up);
    void (*ping)(void *context, uint32_t conn, struct moment now);
    /* Optional. It should be replaced while it still serves; it no longer has to. */
    void (*wants_replacement)(void *context, const char *why);
    void (*was_renewed)(void *context);
};

/* Sees each request of the plugin just before it is carried out, and each the host has spelled. */
struct effect;
struct session_trace {
    void (*effect)(void *context, const struct effect *effect);
    void (*request)(void *context, const struct arb_ask *ask, const struct arb_request *request);
    /* A callback failed; `broken` is the rule that a request of it broke, or NULL. */
    void (*refusal)(void *context, const char *callback, int rc, const char *broken);
    void *context;
};

struct session_config {
    const struct plugin *plugin;
    const struct exchange_config *exchange; /* name, symbols, options */
    const struct config *config;            /* venue symbols of instruments */
    uint32_t number; /* of this session of the venue, for the log; 0, 1: the only one */
    struct port port;
    const struct session_sink *sink;
    void *sink_context;
    struct budget *budget; /* shared with other sessions of the venue, zeroed at first; or NULL */
    struct scales *scales; /* shared with other venues; NULL: there are none */
    const struct session_trace *trace; /* or NULL */
    bool is_unpaced;                   /* a recording answers when it does, and counts nothing */
};

struct session_stats {
    uint64_t frames;   /* messages and HTTP answers given to the plugin */
    uint64_t rejected; /* of these, callbacks that failed */
    struct live_counts books;
    uint64_t resyncs;  /* new snapshots asked for because a book was damaged */
    uint64_t refused;  /* instruments the venue would not serve */
    uint64_t requests; /* spelled and sent */
    uint64_t seeds;    /* snapshots by HTTP asked for */
    uint64_t seeds_failed;
    uint64_t skipped;       /* messages that were not read, for a newer one of the book was there */
    uint64_t sends_refused; /* how often a connection had no request left in its hour */
};

/* Runs the plugin's init(). The session is the owner that the port names. */
int session_create(struct session **session, const struct session_config *config, struct err *err);
int session_start(struct session *session, struct moment now, struct err *err);
void session_destroy(struct session *session);

/* What a port tells it; the owner is the session. */
extern const struct port_events session_events;

/* Everything that time brings about. Returns when it wants to be called next (mono). */
int64_t session_on_turn(struct session *session, struct moment now);

/* Somebody else found that the book cannot be trusted: a new snapshot. */
void session_distrust(struct session *session, uint32_t instrument, struct moment now,
                      const char *why);

/*
 * The host is behind. `is_behind`: nobody's silence counts, and no subscription is added; `skips`:
 * where messages are whole books, only the newest of each is read, as soon as no more wait.
 */
struct session_load {
    bool is_behind, skips;
};

void session_set_load(struct session *session, struct session_load load);

/* Gives a book up, UNUSABLE for this reason, or takes it up again: `why` is NULL. */
void session_shed(struct session *session, uint32_t instrument, struct moment now, const char *why);
bool session_is_shed(const struct session *session, uint32_t instrument);

/* Since when the oldest message that is held waits (mono), NEVER_NS: none is. */
int64_t session_held_since_ns(const struct session *session);
/* Books that are asked for or served. */
uint32_t session_n_asked(const struct session *session);

/* Publishes STALE for every live book: the last thing before the host stops. */
void session_stop(struct session *session, struct moment now, const char *why);

struct session_stats session_stats(const struct session *session);
void session_stats_add(struct session_stats *sum, const struct session_stats *more);

/* How many changes came, and had what the plan says they have. */
struct session_promise {
    const char *name; /* "ARB_LOSS_CHAIN, and none ...", or NULL: nothing is promised */
    uint64_t n_changes, n_kept;
};
struct session_promise session_promise(const struct session *session);

bool session_is_disabled(const struct session *session);
const struct arb_plan *session_plan(const struct session *session);
const struct live_rules *session_rules(const struct session *session);
const struct budget *session_budget(const struct session *session);

/* Books, for tests, tools and reports. */
uint32_t session_n_instruments(const struct session *session);
const struct arb_instrument *session_instrument(const struct session *session, uint32_t instrument);
struct arb_book session_book(const struct session *session, uint32_t instrument);
/* The connection that its book comes over. */
uint32_t session_conn_of(const struct session *session, uint32_t instrument);
uint32_t session_count_in_state(const struct session *session, enum arb_book_state state);

#endif /* ARB_SESSION_H */
