#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/io.h"
#include "tls_server.h"
#include "util/clock.h"

enum { LOG_MAX = 16 << 10, TIMEOUT_MS = 20000, SHOWN_MAX = 100, DESCRIPTORS_MAX = 64 };

#define NAMES "IP:127.0.0.1,IP:::1,DNS:localhost"

static struct tls_authority authority, stranger;

/* An owner: what it was told, one line each, and what it shall do. */
struct host {
    struct io *io;
    struct port port;
    const char *urls[2]; /* where its connections go; NULL: it does not say */
    struct ws_spec spec;
    bool notes_dials;
    bool forgets; /* wants to be forgotten at the first message */
    struct tls_server *server;
    char log[LOG_MAX];
    size_t log_len;
    const char *close_at; /* closes the connection at this message */
    bool closes_at_open;
    const char *say; /* sent at every open, `says` times */
    unsigned says;
    int last_rc; /* of the last send */
    size_t n_messages;
    struct moment last; /* of the last message */
    bool is_pattern;    /* the last message was intact */
    int64_t turn_after_ns;
    int64_t retry_after_ms; /* of the last answer */
    int64_t rtt_ns;         /* of the last */
};

static void note(struct host *host, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void note(struct host *host, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    host->log_len +=
        (size_t)vsnprintf(host->log + host->log_len, LOG_MAX - host->log_len, fmt, args);
    va_end(args);
    assert_true(host->log_len < LOG_MAX);
}

static int ws_send(struct host *host, uint32_t conn, const char *text, bool is_binary)
{
    const struct arb_message message = { text, text == NULL ? 0 : strlen(text), is_binary };
    return host->port.ops->ws_send(host->port.context, host, conn, message);
}

static void ws_dial(struct host *host, uint32_t conn, const char *text)
{
    host->port.ops->ws_dial(host->port.context, host, conn, text);
}

static void ws_give_up(struct host *host, uint32_t conn, const char *why)
{
    host->port.ops->ws_give_up(host->port.context, host, conn, why);
}

static int ask(struct host *host, uint32_t request, const struct http_spec *spec)
{
    return host->port.ops->http(host->port.context, host, request, spec);
}

static int get(struct host *host, uint32_t request, const char *text)
{
    return ask(host, request, &(struct http_spec){ .method = ARB_GET, .url = text });
}

static void forget(struct host *host)
{
    host->port.ops->forget(host->port.context, host);
}

static void on_dial(void *owner, uint32_t conn, struct moment now)
{
    struct host *host = owner;

    (void)now;
    if (host->notes_dials) {
        note(host, "dial %u\n", conn);
    }
    if (host->urls[conn] != NULL) {
        ws_dial(host, conn, host->urls[conn]);
    }
}

static void on_open(void *owner, uint32_t conn, struct moment now)
{
    struct host *host = owner;

    (void)now;
    note(host, "open %u\n", conn);
    for (unsigned i = 0; i < host->says; i++) {
        host->last_rc = ws_send(host, conn, host->say, false);
    }
    if (host->closes_at_open) {
        host->port.ops->ws_close(host->port.context, host, conn, "enough");
    }
}

static bool has_pattern(struct arb_message message)
{
    for (size_t i = 0; i < message.len; i++) {
        if (message.data[i] != (char)('a' + i % 23)) {
            return false;
        }
    }
    return true;
}

static void on_message(void *owner, uint32_t conn, struct moment now, struct arb_message message)
{
    struct host *host = owner;
    const char *kind = message.is_binary ? "binary" : "message";

    if (message.len < SHOWN_MAX) {
        note(host, "%s %u: %.*s\n", kind, conn, (int)message.len, message.data);
    } else {
        note(host, "%s %u, %zu bytes\n", kind, conn, message.len);
    }
    host->n_messages++;
    host->last = now;
    host->is_pattern = has_pattern(message);
    if (host->close_at != NULL && message.len == strlen(host->close_at) &&
        memcmp(host->close_at, message.data, message.len) == 0) {
        host->port.ops->ws_close(host->port.context, host, conn, "enough");
    }
    if (host->forgets) {
        forget(host);
    }
}

static void on_close(void *owner, uint32_t conn, struct moment now, const char *why)
{
    (void)now;
    note(owner, "close %u: %s\n", conn, why);
}

static void on_answer(void *owner, uint32_t request, struct moment now,
                      const struct http_answer *answer)
{
    struct host *host = owner;
    const struct arb_bytes body = answer->body;

    (void)now;
    host->retry_after_ms = answer->retry_after_ms;
    if (body.len < SHOWN_MAX) {
        note(host, "http %u: %d %.*s\n", request, answer->status, (int)body.len, body.data);
    } else {
        note(host, "http %u: %d, %zu bytes\n", request, answer->status, body.len);
    }
}

static void on_round_trip(void *owner, uint32_t conn, struct moment now, int64_t rtt_ns)
{
    struct host *host = owner;

    (void)now;
    note(host, "round trip %u\n", conn);
    host->rtt_ns = rtt_ns;
}

static void on_suspect(void *owner, uint32_t conn, struct moment now)
{
    (void)now;
    note(owner, "suspect %u\n", conn);
}

static int64_t on_turn(void *context, struct moment now)
{
    const struct host *host = context;
    return host->turn_after_ns == 0 ? NEVER_NS : now.mono_ns + host->turn_after_ns;
}

static const struct port_events events = { .on_dial = on_dial,
                                           .on_open = on_open,
                                           .on_message = on_message,
                                           .on_close = on_close,
                                           .on_answer = on_answer,
                                           .on_suspect = on_suspect };
/* For those who want to be told. */
static const struct port_events measuring = { .on_dial = on_dial,
                                              .on_open = on_open,
                                              .on_message = on_message,
                                              .on_close = on_close,
                                              .on_answer = on_answer,
                                              .on_round_trip = on_round_trip };

/* Short times, and the seed that makes a failure repeatable. */
static struct io_config config(void)
{
    return (struct io_config){ .who = "exchange=test",
                               .ca_file = authority.ca_file,
                               .idle_ms = 10000,
                               .ping_ms = 5000,
                               .round_trip_ms = 5000,
                               .connect_timeout_ms = 5000,
                               .backoff_min_ms = 10,
                               .backoff_max_ms = 40,
                               .http_timeout_ms = 5000,
                               .seed = 1 };
}

static void host_start_with(struct host *host, const struct io_config *io_config,
                            const struct port_events *told)
{
    struct err err;
    if (io_create(&host->io, io_config, told, on_turn, host, &err) != ARB_OK) {
        fail_msg("%s", err.text);
    }
    host->port = io_port(host->io);
}

static void host_start(struct host *host, const struct io_config *io_config)
{
    host_start_with(host, io_config, &events);
}

static void host_init_with(struct host *host, const struct io_config *io_config,
                           const struct port_events *told)
{
    *host = (struct host){ 0 };
    host->server = tls_server_start(&authority, NAMES, "127.0.0.1", 0);
    assert_non_null(host->server);
    host_start_with(host, io_config, told);
}

static void host_init(struct host *host, const struct io_config *io_config)
{
    host_init_with(host, io_config, &events);
}

static void host_fini(struct host *host)
{
    io_destroy(host->io);
    if (host->server != NULL) {
        tls_server_stop(host->server);
    }
}

static const char *url(const struct host *host, const char *scheme, const char *path)
{
    static char text[256];
    (void)snprintf(text, sizeof(text), "%s://127.0.0.1:%u%s", scheme,
                   (unsigned)tls_server_port(host->server), path);
    return text;
}

static int try_open(struct host *host, uint32_t conn, const char *text)
{
    static char copies[8][256]; /* as many as one test needs at a time */
    static unsigned n;
    char *copy = copies[n++ % 8];

    (void)snprintf(copy, sizeof(copies[0]), "%s", text);
    host->urls[conn] = copy;
    return host->port.ops->ws_open(host->port.context, host, conn, &host->spec);
}

static void open_url(struct host *host, uint32_t conn, const char *text)
{
    assert_int_equal(try_open(host, conn, text), ARB_OK);
}

static void open_spec(struct host *host, struct ws_spec spec, const char *path)
{
    host->spec = spec;
    open_url(host, 0, url(host, "wss", path));
}

static void open_path(struct host *host, const char *path)
{
    open_spec(host, (struct ws_spec){ 0 }, path);
}

/* Turns until the log contains `text`. */
static void run_until(struct host *host, const char *text)
{
    const int64_t end_ns = clock_mono_ns() + TIMEOUT_MS * NS_PER_MS;

    while (strstr(host->log, text) == NULL) {
        if (clock_mono_ns() > end_ns) {
            fail_msg("\"%s\" did not come; the log says:\n%s", text, host->log);
        }
        assert_int_equal(io_step(host->io, 100), ARB_OK);
    }
}

static void run_for_ms(struct host *host, int64_t ms)
{
    const int64_t end_ns = clock_mono_ns() + ms * NS_PER_MS;

    for (int64_t left = ms; left > 0; left = (end_ns - clock_mono_ns()) / NS_PER_MS) {
        assert_int_equal(io_step(host->io, (int)left), ARB_OK);
    }
}

/* Turns until the counter reaches `n`; false when not in time. Asserts nothing itself. */
static bool can_count_to(struct host *host, const uint64_t *counter, uint64_t n)
{
    const int64_t end_ns = clock_mono_ns() + TIMEOUT_MS * NS_PER_MS;

    while (*counter < n && clock_mono_ns() < end_ns) {
        (void)io_step(host->io, 100);
    }
    return *counter >= n;
}

/* Runs until the counter reaches `n`; returns what was written to standard error meanwhile. */
static const char *stderr_until(struct host *host, const uint64_t *counter, uint64_t n)
{
    static char text[8192];
    const int saved = dup(STDERR_FILENO), file = memfd_create("stderr", MFD_CLOEXEC);

    assert_true(saved >= 0 && file >= 0 && dup2(file, STDERR_FILENO) >= 0);
    const bool has_come = can_count_to(host, counter, n);
    assert_true(dup2(saved, STDERR_FILENO) >= 0); /* first, or no one would see what is wrong */
    assert_true(has_come);
    const ssize_t len = pread(file, text, sizeof(text) - 1, 0);
    assert_true(len >= 0);
    text[len] = '\0';
    (void)close(saved);
    (void)close(file);
    return text;
}

static const char *stderr_of_failures(struct host *host, uint64_t n)
{
    return stderr_until(host, &io_stats(host->io)->connect_failures, n);
}

static void assert_says(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("\"%s\" is not in:\n%s", part, text);
    }
}

/* Connections */

static void io_echoes_a_message(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    host.say = "hello";
    host.says = 1;
    open_path(&host, "/echo");
    run_until(&host, "message");
    assert_string_equal(host.log, "open 0\nmessage 0: hello\n");
    host_fini(&host);
}

static void io_resolves_names(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;
    char text[64];

    host_init(&host, &c);
    (void)snprintf(text, sizeof(text), "wss://localhost:%u/echo",
                   (unsigned)tls_server_port(host.server));
    open_url(&host, 1, text);
    run_until(&host, "open 1\n");
    assert_int_equal(io_stats(host.io)->connect_failures, 0);
    host_fini(&host);
}

static void io_connects_to_ipv6_addresses(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host = { 0 };
    char text[64];

    host.server = tls_server_start(&authority, NAMES, "::1", 0);
    if (host.server == NULL) {
        skip(); /* no IPv6 on this machine */
    }
    host_start(&host, &c);
    (void)snprintf(text, sizeof(text), "wss://[::1]:%u/echo",
                   (unsigned)tls_server_port(host.server));
    open_url(&host, 0, text);
    run_until(&host, "open 0\n");
    host_fini(&host);
}

static void io_says_who_it_is(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    open_path(&host, "/echo");
    assert_int_equal(get(&host, 1, url(&host, "https", "/ok")), ARB_OK);
    run_until(&host, "open 0\n");
    run_until(&host, "http 1");
    assert_int_equal(tls_server_agents(host.server), 2);
    host_fini(&host);
}

static void io_delivers_a_burst_in_order_in_one_turn(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    open_path(&host, "/burst");
    run_until(&host, "message 0: m0");
    assert_string_equal(host.log, "open 0\nmessage 0: m0\nmessage 0: m1\nmessage 0: m2\n"
                                  "message 0: m3\nmessage 0: m4\n");
    host_fini(&host);
}

static void io_reassembles_the_longest_message(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    open_path(&host, "/fragments?n=16777216");
    run_until(&host, "message 0, 16777216 bytes\n");
    assert_true(host.is_pattern);
    host_fini(&host);
}

static void io_closes_at_a_message_too_long_by_one(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    open_path(&host, "/fragments?n=16777217");
    run_until(&host, "close");
    assert_string_equal(host.log, "open 0\nclose 0: a message is longer than 16 MiB\n");
    host_fini(&host);
}

static void io_closes_at_a_compressed_message_that_was_not_agreed(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    open_path(&host, "/false_deflate");
    run_until(&host, "close");
    assert_string_equal(host.log, "open 0\nclose 0: a compressed message, although compression was "
                                  "not agreed upon\n");
    host_fini(&host);
}

static void io_reports_a_connection_that_ends_within_a_frame(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    open_path(&host, "/torn");
    run_until(&host, "close");
    assert_string_equal(host.log, "open 0\nclose 0: the connection ended within a message\n");
    host_fini(&host);
}

static void io_says_what_it_lost_and_why(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    open_path(&host, "/goodbye");
    const char *const text = stderr_until(&host, &io_stats(host.io)->disconnects, 1);
    assert_says(text, "level=warn exchange=test msg=\"lost 127.0.0.1:");
    assert_says(text, ": closed by the venue (1001 maintenance); next attempt in 1 s\"");
    host_fini(&host);
}

static void io_reports_what_the_venue_said_at_the_end(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    open_path(&host, "/goodbye");
    run_until(&host, "close");
    assert_string_equal(host.log, "open 0\nclose 0: closed by the venue (1001 maintenance)\n");
    host_fini(&host);
}

static void io_comes_back_after_a_hangup(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    open_path(&host, "/hangup");
    run_until(&host, "open 0\nclose 0: closed by the venue (1006)\nopen 0\n");
    host_fini(&host);
}

static void io_does_not_come_back_once_given_up(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    open_path(&host, "/echo");
    run_until(&host, "open 0\n");
    ws_give_up(&host, 0, "enough");
    run_until(&host, "open 0\nclose 0: enough\n");
    const uint64_t connects = io_stats(host.io)->connects;
    for (int i = 0; i < 20; i++) { /* several times the shortest backoff */
        assert_int_equal(io_step(host.io, (int)c.backoff_min_ms), ARB_OK);
    }
    assert_int_equal(io_stats(host.io)->connects, connects);
    assert_string_equal(host.log, "open 0\nclose 0: enough\n");
    host_fini(&host);
}

static void number_of_a_connection_given_up_can_be_taken_again(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    open_path(&host, "/echo");
    run_until(&host, "open 0\n");
    ws_give_up(&host, 0, "enough");
    run_until(&host, "open 0\nclose 0: enough\n");
    open_path(&host, "/echo");
    run_until(&host, "open 0\nclose 0: enough\nopen 0\n");
    host_fini(&host);
}

static void io_suspects_and_then_closes_an_idle_connection(void **state)
{
    (void)state;
    struct io_config c = config();
    struct host host;

    c.ping_ms = 50;
    host_init(&host, &c);
    open_spec(&host, (struct ws_spec){ .idle_ms = 200 }, "/mute");
    run_until(&host, "close");
    assert_string_equal(host.log, "open 0\nsuspect 0\nclose 0: idle for 200 ms\n");
    assert_in_range(tls_server_pings(host.server), 1, 4);
    host_fini(&host);
}

static void io_keeps_a_quiet_connection_that_answers_pings(void **state)
{
    (void)state;
    struct io_config c = config();
    struct host host;

    c.ping_ms = 100;
    host_init(&host, &c);
    open_spec(&host, (struct ws_spec){ .idle_ms = 1000, .pong_is_life = true }, "/pong");
    run_until(&host, "open 0\n");
    run_for_ms(&host, 1500);
    assert_string_equal(host.log, "open 0\n");
    host_fini(&host);
}

/* Nobody could answer while this thread did not run: that was no silence. */
static void io_blames_nobody_for_the_time_it_did_not_run(void **state)
{
    (void)state;
    struct io_config c = config();
    struct host host;

    c.ping_ms = 100;
    c.round_trip_ms = 3600000;
    host_init(&host, &c);
    open_spec(&host, (struct ws_spec){ .idle_ms = 1000, .pong_is_life = true }, "/pong");
    run_until(&host, "open 0\n");
    run_for_ms(&host, 300); /* what was asked is answered, so that nothing waits in the socket */
    (void)poll(NULL, 0, 2500);
    run_for_ms(&host, 1500);
    assert_string_equal(host.log, "open 0\n");
    host_fini(&host);
}

/* A venue that sends heartbeats is not alive because its network answers. */
static void io_closes_a_connection_that_only_answers_pings(void **state)
{
    (void)state;
    struct io_config c = config();
    struct host host;

    c.ping_ms = 20;
    host_init(&host, &c);
    open_spec(&host, (struct ws_spec){ .idle_ms = 200 }, "/pong");
    run_until(&host, "close");
    assert_string_equal(host.log, "open 0\nclose 0: idle for 200 ms\n");
    host_fini(&host);
}

static void io_measures_round_trips_at_an_even_pace(void **state)
{
    (void)state;
    struct io_config c = config();
    struct host host;

    c.round_trip_ms = 20;
    c.ping_ms = 3600000; /* not because of silence */
    host_init_with(&host, &c, &measuring);
    open_path(&host, "/pong");
    run_until(&host, "open 0\nround trip 0\nround trip 0\nround trip 0\n");
    assert_in_range(host.rtt_ns, 1, (int64_t)TIMEOUT_MS * NS_PER_MS);
    host_fini(&host);
}

static void io_knows_the_pong_that_answers_its_ping(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;

    host_init_with(&host, &c, &measuring);
    open_path(&host, "/pongs");
    run_until(&host, "message");
    assert_string_equal(host.log, "open 0\nround trip 0\nmessage 0: done\n");
    assert_true(host.rtt_ns >= TLS_SERVER_PONG_MS * NS_PER_MS);
    host_fini(&host);
}

static void io_drops_the_rest_after_a_close_from_on_message(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    host.close_at = "m1";
    open_path(&host, "/burst");
    run_until(&host, "close 0: enough\nopen 0\n");
    assert_says(host.log, "open 0\nmessage 0: m0\nmessage 0: m1\nclose 0: enough\nopen 0\n");
    host_fini(&host);
}

/* Text and binary messages */

static void io_sends_and_delivers_binary_messages(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    open_path(&host, "/echo");
    run_until(&host, "open 0\n");
    assert_int_equal(ws_send(&host, 0, "one", true), ARB_OK);
    assert_int_equal(ws_send(&host, 0, "two", false), ARB_OK);
    assert_int_equal(ws_send(&host, 0, "", true), ARB_OK);
    run_until(&host, "binary 0: \n");
    assert_string_equal(host.log, "open 0\nbinary 0: one\nmessage 0: two\nbinary 0: \n");
    host_fini(&host);
}

static void io_knows_the_kind_of_a_message_in_pieces(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    open_path(&host, "/binary_fragments?n=300000");
    run_until(&host, "bytes\n");
    assert_string_equal(host.log, "open 0\nbinary 0, 300000 bytes\n");
    assert_true(host.is_pattern);
    host_fini(&host);
}

static void io_dates_messages_by_both_clocks(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    const struct moment before = clock_moment();
    open_path(&host, "/burst");
    run_until(&host, "m4");
    const struct moment after = clock_moment();
    assert_true(before.mono_ns <= host.last.mono_ns && host.last.mono_ns <= after.mono_ns);
    assert_true(before.utc_ns <= host.last.utc_ns && host.last.utc_ns <= after.utc_ns);
    host_fini(&host);
}

/* How a close with this code is told; the venue's words are kept in any case. */
static void expect_close(const char *path, const char *want)
{
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    open_path(&host, path);
    run_until(&host, "close");
    assert_string_equal(host.log, want);
    host_fini(&host);
}

/* libwebsockets replaces what it does not know before it shows it. */
static void io_reports_close_codes_as_they_were_received(void **state)
{
    (void)state;
    expect_close("/close?n=1011", "open 0\nclose 0: closed by the venue (1011 try again later)\n");
    expect_close("/close?n=1012", "open 0\nclose 0: closed by the venue (1012 try again later)\n");
    expect_close("/close?n=1013", "open 0\nclose 0: closed by the venue (1013 try again later)\n");
    expect_close("/close?n=1002", "open 0\nclose 0: closed by the venue (1002 try again later)\n");
    expect_close("/close?n=2999", "open 0\nclose 0: closed by the venue (2999 try again later)\n");
    expect_close("/close?n=3000", "open 0\nclose 0: closed by the venue (3000 try again later)\n");
    expect_close("/close?n=4999", "open 0\nclose 0: closed by the venue (4999 try again later)\n");
}

/* Sending */

static void io_limits_what_waits_to_be_sent(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    host.say = "x";
    host.says = IO_SEND_QUEUE_MAX;
    open_path(&host, "/mute");
    run_until(&host, "open 0\n");
    assert_int_equal(host.last_rc, ARB_OK);
    assert_int_equal(ws_send(&host, 0, "x", false), ARB_ELIMIT);
    host_fini(&host);
}

static void io_counts_what_a_close_leaves_unsent(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    host.say = "m1";
    host.says = 3;
    host.closes_at_open = true;
    open_path(&host, "/echo");
    run_until(&host, "close 0: enough\n");
    assert_int_equal(io_stats(host.io)->sent, 0);
    assert_int_equal(io_stats(host.io)->send_dropped, 3);
    host_fini(&host);
}

static void io_drops_what_is_sent_while_down(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    open_path(&host, "/echo");
    assert_int_equal(ws_send(&host, 0, "x", false), ARB_OK);
    assert_int_equal(io_stats(host.io)->send_dropped, 1);
    host_fini(&host);
}

/* Failures */

static void io_takes_a_url_without_tls_as_a_failed_attempt(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    host.notes_dials = true;
    open_url(&host, 0, "ws://127.0.0.1/");
    assert_says(stderr_of_failures(&host, 1),
                "level=error exchange=test msg=\"connection 0: URL \\\"ws://127.0.0.1/\\\": "
                "connections without TLS are not supported; use wss://; asking again in 1 s\"");
    run_until(&host, "dial 0\ndial 0\n");
    host_fini(&host);
}

static void io_refuses_a_missing_ca_file(void **state)
{
    (void)state;
    struct io_config c = config();
    struct io *io = NULL;
    struct err err;

    c.ca_file = "/nonexistent/ca.pem";
    assert_int_equal(io_create(&io, &c, &events, on_turn, NULL, &err), ARB_EINVAL);
    assert_string_equal(err.text,
                        "CA file /nonexistent/ca.pem cannot be read: No such file or directory");
    c.ca_file = "/tmp";
    assert_int_equal(io_create(&io, &c, &events, on_turn, NULL, &err), ARB_EINVAL);
    assert_string_equal(err.text, "CA file /tmp cannot be read: Is a directory");
    c.ca_file = "/dev/null";
    assert_int_equal(io_create(&io, &c, &events, on_turn, NULL, &err), ARB_EINVAL);
    assert_says(err.text, "CA file /dev/null: ");
    assert_says(err.text, "; it must hold at least one certificate in PEM");
}

static void io_does_not_trust_a_strange_authority(void **state)
{
    (void)state;
    struct io_config c = config();
    struct host host;

    c.ca_file = stranger.ca_file;
    host_init(&host, &c);
    open_path(&host, "/echo");
    assert_says(stderr_of_failures(&host, 1), "TLS certificate verification failed: ");
    host_fini(&host);
}

static void io_does_not_trust_the_system_store_with_a_private_authority(void **state)
{
    (void)state;
    struct io_config c = config();
    struct host host;

    c.ca_file = NULL;
    host_init(&host, &c);
    open_path(&host, "/echo");
    assert_says(stderr_of_failures(&host, 1), "TLS certificate verification failed: ");
    host_fini(&host);
}

static void refuses_names(const char *names, const char *address, const char *host_in_url)
{
    const struct io_config c = config();
    struct host host = { 0 };
    char text[64];

    host.server = tls_server_start(&authority, names, address, 0);
    if (host.server == NULL) {
        skip(); /* no IPv6 on this machine */
    }
    host_start(&host, &c);
    (void)snprintf(text, sizeof(text), "wss://%s:%u/echo", host_in_url,
                   (unsigned)tls_server_port(host.server));
    open_url(&host, 0, text);
    const char *said = stderr_of_failures(&host, 1);
    assert_says(said, "TLS certificate verification failed: ");
    assert_says(said, "mismatch");
    assert_string_equal(host.log, "");
    host_fini(&host);
}

static void io_does_not_accept_the_certificate_of_another_host(void **state)
{
    (void)state;
    refuses_names("DNS:example.org", "127.0.0.1", "localhost");
}

static void io_does_not_accept_the_certificate_of_another_ipv4_address(void **state)
{
    (void)state;
    refuses_names("IP:127.0.0.2,DNS:localhost", "127.0.0.1", "127.0.0.1");
}

static void io_does_not_accept_the_certificate_of_another_ipv6_address(void **state)
{
    (void)state;
    refuses_names("IP:::2,DNS:localhost", "::1", "[::1]");
}

static void io_reports_a_name_that_does_not_resolve(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;
    /* A label of 64 letters: refused by the resolver without asking the network. */
    static const char text[] =
        "wss://abcdefghabcdefghabcdefghabcdefghabcdefghabcdefghabcdefghabcdefgh/";
    host_init(&host, &c);
    open_url(&host, 0, text);
    assert_says(stderr_of_failures(&host, 1), "name resolution failed (");
    host_fini(&host);
}

/* Leaves `spare` descriptors for whoever comes; returns the limit that held before. */
static struct rlimit exhaust_descriptors(int spare)
{
    struct rlimit before, low;
    int last = -1, fd = 0;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    low = before;
    low.rlim_cur = DESCRIPTORS_MAX;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    while ((fd = dup(STDERR_FILENO)) >= 0) {
        last = fd;
    }
    for (int i = 0; i < spare; i++) {
        assert_int_equal(close(last - i), 0);
    }
    return before;
}

static void expect_shortage_named(const char *text)
{
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    open_url(&host, 0, text);
    const int first = dup(STDERR_FILENO); /* those from here on are the test's */
    assert_int_equal(close(first), 0);
    const struct rlimit before = exhaust_descriptors(2); /* stderr_until() needs them */
    assert_says(stderr_of_failures(&host, 1), ": this process is out of file descriptors: raise");
    for (int fd = first; fd < DESCRIPTORS_MAX; fd++) {
        (void)close(fd); /* those that were spared are closed already */
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    host_fini(&host);
}

static void io_reports_that_descriptors_have_run_out(void **state)
{
    (void)state;
    expect_shortage_named("wss://127.0.0.1:9/");
}

static void io_reports_that_the_resolver_has_no_descriptor(void **state)
{
    (void)state;
    expect_shortage_named("wss://venue.invalid/");
}

static void io_reports_a_refused_upgrade(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    open_path(&host, "/forbidden");
    assert_says(stderr_of_failures(&host, 1), "answered HTTP 403 to the WebSocket handshake");
    host_fini(&host);
}

static void io_gives_up_a_handshake_that_stalls(void **state)
{
    (void)state;
    struct io_config c = config();
    struct host host;

    c.connect_timeout_ms = 150;
    host_init(&host, &c);
    open_path(&host, "/stall");
    assert_says(stderr_of_failures(&host, 1),
                "no answer to the WebSocket handshake within 150 ms; retrying");
    host_fini(&host);
}

static void io_tells_many_failures_in_one_line(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;
    char line[256];

    host_init(&host, &c);
    open_path(&host, "/echo");
    (void)snprintf(line, sizeof(line), "cannot reach 127.0.0.1:%u: connection refused",
                   (unsigned)tls_server_port(host.server));
    tls_server_stop(host.server);
    host.server = NULL;
    const char *said = stderr_of_failures(&host, 5);
    assert_says(said, line);
    assert_null(strstr(strstr(said, "cannot reach") + 1, "cannot reach"));
    host_fini(&host);
}

static void io_survives_an_address_no_one_can_connect_to(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    open_url(&host, 0, "wss://255.255.255.255/");
    assert_says(stderr_of_failures(&host, 3), "cannot reach 255.255.255.255:443: ");
    host_fini(&host);
}

static void io_connects_once_the_venue_comes_up(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    open_path(&host, "/echo");
    const uint16_t port = tls_server_port(host.server);
    tls_server_stop(host.server);
    assert_true(can_count_to(&host, &io_stats(host.io)->connect_failures, 3));
    host.server = tls_server_start(&authority, NAMES, "127.0.0.1", port);
    assert_non_null(host.server);
    run_until(&host, "open 0\n");
    host_fini(&host);
}

/* HTTP */

static void http_gives(const char *path, const char *expected)
{
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    assert_int_equal(get(&host, 7, url(&host, "https", path)), ARB_OK);
    run_until(&host, "http 7");
    assert_string_equal(host.log, expected);
    host_fini(&host);
}

static void http_delivers_a_body(void **state)
{
    (void)state;
    http_gives("/ok", "http 7: 200 hello\n");
}

static void http_delivers_an_empty_body(void **state)
{
    (void)state;
    http_gives("/empty", "http 7: 200 \n");
}

static void http_joins_chunks(void **state)
{
    (void)state;
    http_gives("/chunked", "http 7: 200 abcde\n");
}

static void http_reports_not_found(void **state)
{
    (void)state;
    http_gives("/missing", "http 7: 404 not found\n");
}

static void http_does_not_follow_a_redirect(void **state)
{
    (void)state;
    http_gives("/moved", "http 7: 302 moved\n");
}

static void http_reports_a_body_cut_short(void **state)
{
    (void)state;
    http_gives("/half", "http 7: 0 closed before the answer was complete\n");
}

static void http_delivers_the_longest_body(void **state)
{
    (void)state;
    http_gives("/huge?n=16777216", "http 7: 200, 16777216 bytes\n");
}

static void http_refuses_a_body_too_long_by_one(void **state)
{
    (void)state;
    http_gives("/huge?n=16777217", "http 7: 0 the answer is longer than 16 MiB\n");
}

static void http_gives_up_after_the_timeout(void **state)
{
    (void)state;
    struct io_config c = config();
    struct host host;

    c.http_timeout_ms = 150;
    host_init(&host, &c);
    assert_int_equal(get(&host, 7, url(&host, "https", "/hang")), ARB_OK);
    run_until(&host, "http 7");
    assert_string_equal(host.log, "http 7: 0 no answer within 150 ms\n");
    host_fini(&host);
}

static void http_reports_a_hangup_without_an_answer(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    assert_int_equal(get(&host, 7, url(&host, "https", "/nothing")), ARB_OK);
    run_until(&host, "http 7");
    assert_says(host.log, "http 7: 0 ");
    assert_says(host.log, "connection lost during the handshake");
    host_fini(&host);
}

static void http_verifies_certificates(void **state)
{
    (void)state;
    struct io_config c = config();
    struct host host;

    c.ca_file = stranger.ca_file;
    host_init(&host, &c);
    assert_int_equal(get(&host, 7, url(&host, "https", "/ok")), ARB_OK);
    run_until(&host, "http 7");
    assert_says(host.log, "TLS certificate verification failed");
    host_fini(&host);
}

static void http_reports_a_refused_connection(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    assert_int_equal(get(&host, 7, url(&host, "https", "/ok")), ARB_OK);
    tls_server_stop(host.server);
    host.server = NULL;
    run_until(&host, "http 7");
    assert_says(host.log, "connection refused");
    host_fini(&host);
}

static void http_answers_more_requests_than_run_at_once(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    for (uint32_t i = 0; i < 3 * IO_HTTP_PARALLEL; i++) {
        assert_int_equal(get(&host, i, url(&host, "https", "/ok")), ARB_OK);
    }
    while (io_stats(host.io)->http_ok < 3 * IO_HTTP_PARALLEL) {
        assert_int_equal(io_stats(host.io)->http_failed, 0);
        assert_int_equal(io_step(host.io, 100), ARB_OK);
    }
    host_fini(&host);
}

static void http_limits_what_waits(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    for (uint32_t i = 0; i < IO_HTTP_QUEUE_MAX; i++) {
        assert_int_equal(get(&host, i, "https://127.0.0.1:1/"), ARB_OK);
    }
    assert_int_equal(get(&host, 0, "https://127.0.0.1:1/"), ARB_ELIMIT);
    host_fini(&host);
}

static void http_refuses_plain_http(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    assert_int_equal(get(&host, 0, "http://127.0.0.1/"), ARB_EINVAL);
    host_fini(&host);
}

static void http_posts_headers_and_a_body(void **state)
{
    (void)state;
    static const char body[] = "{\"nonce\":1}";
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    const struct http_spec spec = { .method = ARB_POST,
                                    .url = url(&host, "https", "/post"),
                                    .headers = "X-Key: abc\r\nContent-Type: application/json\r\n",
                                    .body = { body, sizeof(body) - 1 } };
    assert_int_equal(ask(&host, 7, &spec), ARB_OK);
    run_until(&host, "http 7");
    assert_string_equal(host.log, "http 7: 200 POST abc application/json {\"nonce\":1}\n");
    host_fini(&host);
}

static void http_posts_an_empty_body(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    const struct http_spec spec = { .method = ARB_POST,
                                    .url = url(&host, "https", "/post"),
                                    .headers = "X-Key: abc\r\n" };
    assert_int_equal(ask(&host, 7, &spec), ARB_OK);
    run_until(&host, "http 7");
    assert_string_equal(host.log, "http 7: 200 POST abc - \n");
    host_fini(&host);
}

static void http_posts_a_body_of(size_t len, int rc, const char *expected)
{
    const struct io_config c = config();
    struct host host;
    char *body = malloc(len);

    assert_non_null(body);
    memset(body, 'x', len);
    host_init(&host, &c);
    const struct http_spec spec = { .method = ARB_POST,
                                    .url = url(&host, "https", "/count"),
                                    .body = { body, len } };
    assert_int_equal(ask(&host, 7, &spec), rc);
    free(body);
    if (rc == ARB_OK) {
        run_until(&host, "http 7");
    }
    assert_string_equal(host.log, expected);
    host_fini(&host);
}

static void http_posts_the_longest_body(void **state)
{
    (void)state;
    http_posts_a_body_of(IO_SEND_MAX, ARB_OK, "http 7: 200 1048576\n");
}

static void http_refuses_to_post_a_body_too_long_by_one(void **state)
{
    (void)state;
    http_posts_a_body_of(IO_SEND_MAX + 1, ARB_ELIMIT, "");
}

static void http_sends_headers_with_a_get(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    const struct http_spec spec = { .method = ARB_GET,
                                    .url = url(&host, "https", "/post"),
                                    .headers = "X-Key: abc\r\n" };
    assert_int_equal(ask(&host, 7, &spec), ARB_OK);
    run_until(&host, "http 7");
    assert_string_equal(host.log, "http 7: 200 GET abc - \n");
    host_fini(&host);
}

static void http_refuses_headers_that_are_not_lines(void **state)
{
    (void)state;
    static const char *const wrong[] = { "X-Key: abc",   "X-Key\r\n",       ": abc\r\n",
                                         "X Key: a\r\n", "X-Key: a\nb\r\n", "\r\n" };
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        const struct http_spec spec = { .url = "https://127.0.0.1/", .headers = wrong[i] };
        assert_int_equal(ask(&host, 0, &spec), ARB_EINVAL);
    }
    host_fini(&host);
}

static void answer_asks_to_wait(const char *path, int64_t expected_ms)
{
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    host.retry_after_ms = -1;
    assert_int_equal(get(&host, 7, url(&host, "https", path)), ARB_OK);
    run_until(&host, "http 7: 429 slow down\n");
    assert_int_equal(host.retry_after_ms, expected_ms);
    host_fini(&host);
}

static void http_tells_how_long_the_venue_wants_to_be_left_alone(void **state)
{
    (void)state;
    answer_asks_to_wait("/retry?30", 30000);
    answer_asks_to_wait("/retry?0", 0);
    answer_asks_to_wait("/retry?604800", 604800000);
    answer_asks_to_wait("/retry?99999999999999999999999", 604800000);
    answer_asks_to_wait("/retry?Sat", 0); /* a date begins so */
}

/* Owners */

static void io_waits_for_an_owner_who_does_not_know_yet_where_to(void **state)
{
    (void)state;
    struct io_config c = config();
    struct host host;

    c.connect_timeout_ms = 300;
    host_init(&host, &c);
    host.notes_dials = true;
    open_path(&host, "/echo");
    const char *const where = host.urls[0];
    host.urls[0] = NULL;
    run_for_ms(&host, 320);
    assert_string_equal(host.log, "dial 0\n");
    assert_int_equal(io_stats(host.io)->connect_failures, 0);
    ws_dial(&host, 0, where);
    ws_dial(&host, 0, "ws://nothing.waits.for.it/");
    run_until(&host, "dial 0\nopen 0\n");
    host_fini(&host);
}

static void io_ignores_a_dial_that_nothing_waits_for(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    ws_dial(&host, 0, "wss://localhost:1/"); /* no such connection */
    open_path(&host, "/echo");
    ws_dial(&host, 0, "wss://localhost:1/"); /* it was not asked yet */
    run_until(&host, "open 0\n");
    ws_dial(&host, 0, "wss://localhost:1/");
    run_for_ms(&host, 5);
    assert_string_equal(host.log, "open 0\n");
    assert_int_equal(io_stats(host.io)->connect_failures, 0);
    host_fini(&host);
}

static void io_asks_again_where_to_at_each_attempt(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    host.notes_dials = true;
    host.spec = (struct ws_spec){ 0 };
    open_url(&host, 0, url(&host, "wss", "/goodbye"));
    run_until(&host, "close 0");
    host.urls[0] = url(&host, "wss", "/burst");
    run_until(&host, "m4");
    assert_string_equal(host.log,
                        "dial 0\nopen 0\nclose 0: closed by the venue (1001 maintenance)\n"
                        "dial 0\nopen 0\nmessage 0: m0\nmessage 0: m1\n"
                        "message 0: m2\nmessage 0: m3\nmessage 0: m4\n");
    host_fini(&host);
}

static void io_takes_a_connection_given_up_while_it_asks(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    host.notes_dials = true;
    open_path(&host, "/echo");
    const char *const where = host.urls[0];
    host.urls[0] = NULL;
    run_until(&host, "dial 0\n");
    ws_give_up(&host, 0, "enough");
    ws_dial(&host, 0, where);
    run_for_ms(&host, 20);
    assert_string_equal(host.log, "dial 0\n");
    open_path(&host, "/echo");
    run_until(&host, "dial 0\ndial 0\nopen 0\n");
    host_fini(&host);
}

/* A second owner on the same io, with connections to the same venue. */
static void second_init(struct host *second, const struct host *first)
{
    *second = (struct host){ .io = first->io, .port = first->port, .server = first->server };
}

static void io_keeps_owners_with_the_same_numbers_apart(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host, second;

    host_init(&host, &c);
    second_init(&second, &host);
    host.say = "first";
    second.say = "second";
    host.says = second.says = 1;
    open_path(&host, "/echo");
    open_path(&second, "/echo");
    assert_int_equal(get(&host, 7, url(&host, "https", "/ok")), ARB_OK);
    assert_int_equal(get(&second, 7, url(&host, "https", "/empty")), ARB_OK);
    run_until(&host, "http 7: 200 hello\n");
    run_until(&host, "message 0: first\n");
    while (strstr(second.log, "http 7: 200 \n") == NULL ||
           strstr(second.log, "message 0: second\n") == NULL) {
        assert_int_equal(io_step(host.io, 100), ARB_OK);
    }
    assert_null(strstr(host.log, "second"));
    assert_null(strstr(second.log, "first"));
    ws_give_up(&second, 0, "enough");
    while (strstr(second.log, "close 0: enough\n") == NULL) {
        assert_int_equal(io_step(host.io, 100), ARB_OK);
    }
    assert_null(strstr(host.log, "close"));
    host_fini(&host);
}

static void io_refuses_a_number_that_is_taken(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    open_path(&host, "/echo");
    assert_int_equal(try_open(&host, 0, host.urls[0]), ARB_EINVAL);
    host_fini(&host);
}

static void io_limits_the_connections_of_all_owners(void **state)
{
    (void)state;
    const struct io_config c = config();
    static struct host owners[IO_CONNS_MAX];
    struct host host;

    host_init(&host, &c);
    for (size_t i = 0; i < IO_CONNS_MAX; i++) {
        second_init(&owners[i], &host);
        open_url(&owners[i], 0, "wss://127.0.0.1:1/");
    }
    assert_int_equal(try_open(&host, 0, "wss://127.0.0.1:1/"), ARB_ELIMIT);
    forget(&owners[IO_CONNS_MAX / 2]);
    assert_int_equal(io_step(host.io, 0), ARB_OK); /* its place is free after a turn */
    assert_int_equal(try_open(&host, 0, "wss://127.0.0.1:1/"), ARB_OK);
    host_fini(&host);
}

/* With a connection, a request under way and more of them queued. */
static void io_tells_a_forgotten_owner_nothing_more(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host, second;

    host_init(&host, &c);
    second_init(&second, &host);
    open_path(&second, "/pong");
    for (uint32_t i = 0; i < IO_HTTP_PARALLEL; i++) {
        assert_int_equal(get(&second, i, url(&host, "https", "/hang")), ARB_OK);
    }
    assert_int_equal(get(&second, 90, url(&host, "https", "/ok")), ARB_OK);
    assert_int_equal(get(&host, 91, url(&host, "https", "/ok")), ARB_OK);
    assert_int_equal(get(&second, 92, url(&host, "https", "/ok")), ARB_OK);
    while (strstr(second.log, "open 0\n") == NULL) {
        assert_int_equal(io_step(host.io, 100), ARB_OK);
    }
    forget(&second);
    run_until(&host, "http 91: 200 hello\n"); /* which had no room before */
    run_for_ms(&host, 50);
    assert_string_equal(host.log, "http 91: 200 hello\n");
    assert_string_equal(second.log, "open 0\n");
    assert_int_equal(io_stats(host.io)->disconnects, 1);
    open_path(&second, "/echo"); /* it may come back */
    while (strstr(second.log, "open 0\nopen 0\n") == NULL) {
        assert_int_equal(io_step(host.io, 100), ARB_OK);
    }
    host_fini(&host);
}

static void io_forgets_an_owner_from_within_its_event(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host, second;

    host_init(&host, &c);
    second_init(&second, &host);
    second.forgets = true;
    open_path(&second, "/burst");
    assert_true(can_count_to(&host, &io_stats(host.io)->disconnects, 1));
    run_for_ms(&host, 50);
    assert_string_equal(second.log, "open 0\nmessage 0: m0\n");
    assert_int_equal(io_stats(host.io)->connects, 1);
    host_fini(&host);
}

/* Turns and the end */

static void io_gives_the_turn_that_was_asked_for(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    host.turn_after_ns = 20 * NS_PER_MS;
    assert_int_equal(io_step(host.io, 0), ARB_OK);
    assert_int_equal(io_step(host.io, 0), ARB_OK); /* the start's own business is done now */
    const int64_t start_ns = clock_mono_ns();
    assert_int_equal(io_step(host.io, 5000), ARB_OK);
    assert_in_range(clock_mono_ns() - start_ns, 18 * NS_PER_MS, NS_PER_S);
    host_fini(&host);
}

static void io_waits_no_longer_than_told(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;

    host_init(&host, &c);
    assert_int_equal(io_step(host.io, 0), ARB_OK);
    const int64_t start_ns = clock_mono_ns();
    assert_int_equal(io_step(host.io, 30), ARB_OK);
    assert_in_range(clock_mono_ns() - start_ns, 30 * NS_PER_MS, NS_PER_S);
    host_fini(&host);
}

static void *wake(void *arg)
{
    io_wake(arg);
    return NULL;
}

static void io_is_woken_from_another_thread(void **state)
{
    (void)state;
    const struct io_config c = config();
    struct host host;
    pthread_t thread;

    host_init(&host, &c);
    assert_int_equal(io_step(host.io, 0), ARB_OK);
    const int64_t start_ns = clock_mono_ns();
    assert_int_equal(pthread_create(&thread, NULL, wake, host.io), 0);
    assert_int_equal(io_step(host.io, 10000), ARB_OK);
    assert_in_range(clock_mono_ns() - start_ns, 0, 5 * NS_PER_S);
    assert_int_equal(pthread_join(thread, NULL), 0);
    host_fini(&host);
}

static void io_can_be_destroyed_at_any_moment(void **state)
{
    (void)state;
    const struct io_config c = config();

    for (int steps = 0; steps < 12; steps++) {
        struct host host;
        host_init(&host, &c);
        open_path(&host, "/echo");
        open_url(&host, 1, "wss://localhost:1/");
        assert_int_equal(get(&host, 1, url(&host, "https", "/ok")), ARB_OK);
        for (int i = 0; i < steps; i++) {
            assert_int_equal(io_step(host.io, 1), ARB_OK);
        }
        const size_t before = host.log_len;
        host_fini(&host);
        assert_int_equal(host.log_len, before);
    }
}

/* One thread each, as the host runs them; all created before any is stepped. */
static void *run_to_message(void *arg)
{
    struct host *host = arg;
    const int64_t end_ns = clock_mono_ns() + TIMEOUT_MS * NS_PER_MS;

    while (host->n_messages == 0 && clock_mono_ns() < end_ns) {
        (void)io_step(host->io, 100);
    }
    return NULL;
}

static void io_objects_run_on_threads_of_their_own(void **state)
{
    (void)state;
    enum { N_HOSTS = 4 };
    const struct io_config c = config();
    static struct host hosts[N_HOSTS];
    pthread_t threads[N_HOSTS];

    for (size_t i = 0; i < N_HOSTS; i++) {
        host_init(&hosts[i], &c);
        hosts[i].say = "hello";
        hosts[i].says = 1;
        open_path(&hosts[i], "/echo");
    }
    for (size_t i = 0; i < N_HOSTS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, run_to_message, &hosts[i]), 0);
    }
    for (size_t i = 0; i < N_HOSTS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_string_equal(hosts[i].log, "open 0\nmessage 0: hello\n");
    }
    for (size_t i = 0; i < N_HOSTS; i++) {
        host_fini(&hosts[i]);
    }
}

static int group_setup(void **state)
{
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    tls_authority_init(&authority);
    tls_authority_init(&stranger);
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    tls_authority_fini(&authority);
    tls_authority_fini(&stranger);
    return 0;
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(io_echoes_a_message),
    cmocka_unit_test(io_resolves_names),
    cmocka_unit_test(io_connects_to_ipv6_addresses),
    cmocka_unit_test(io_says_who_it_is),
    cmocka_unit_test(io_delivers_a_burst_in_order_in_one_turn),
    cmocka_unit_test(io_reassembles_the_longest_message),
    cmocka_unit_test(io_closes_at_a_message_too_long_by_one),
    cmocka_unit_test(io_closes_at_a_compressed_message_that_was_not_agreed),
    cmocka_unit_test(io_reports_a_connection_that_ends_within_a_frame),
    cmocka_unit_test(io_says_what_it_lost_and_why),
    cmocka_unit_test(io_reports_what_the_venue_said_at_the_end),
    cmocka_unit_test(io_comes_back_after_a_hangup),
    cmocka_unit_test(io_does_not_come_back_once_given_up),
    cmocka_unit_test(number_of_a_connection_given_up_can_be_taken_again),
    cmocka_unit_test(io_suspects_and_then_closes_an_idle_connection),
    cmocka_unit_test(io_blames_nobody_for_the_time_it_did_not_run),
    cmocka_unit_test(io_keeps_a_quiet_connection_that_answers_pings),
    cmocka_unit_test(io_closes_a_connection_that_only_answers_pings),
    cmocka_unit_test(io_measures_round_trips_at_an_even_pace),
    cmocka_unit_test(io_knows_the_pong_that_answers_its_ping),
    cmocka_unit_test(io_drops_the_rest_after_a_close_from_on_message),
    cmocka_unit_test(io_sends_and_delivers_binary_messages),
    cmocka_unit_test(io_knows_the_kind_of_a_message_in_pieces),
    cmocka_unit_test(io_dates_messages_by_both_clocks),
    cmocka_unit_test(io_reports_close_codes_as_they_were_received),
    cmocka_unit_test(io_limits_what_waits_to_be_sent),
    cmocka_unit_test(io_counts_what_a_close_leaves_unsent),
    cmocka_unit_test(io_drops_what_is_sent_while_down),
    cmocka_unit_test(io_takes_a_url_without_tls_as_a_failed_attempt),
    cmocka_unit_test(io_refuses_a_missing_ca_file),
    cmocka_unit_test(io_does_not_trust_a_strange_authority),
    cmocka_unit_test(io_does_not_trust_the_system_store_with_a_private_authority),
    cmocka_unit_test(io_does_not_accept_the_certificate_of_another_host),
    cmocka_unit_test(io_does_not_accept_the_certificate_of_another_ipv4_address),
    cmocka_unit_test(io_does_not_accept_the_certificate_of_another_ipv6_address),
    cmocka_unit_test(io_reports_a_name_that_does_not_resolve),
    cmocka_unit_test(io_reports_that_descriptors_have_run_out),
    cmocka_unit_test(io_reports_that_the_resolver_has_no_descriptor),
    cmocka_unit_test(io_reports_a_refused_upgrade),
    cmocka_unit_test(io_gives_up_a_handshake_that_stalls),
    cmocka_unit_test(io_tells_many_failures_in_one_line),
    cmocka_unit_test(io_survives_an_address_no_one_can_connect_to),
    cmocka_unit_test(io_connects_once_the_venue_comes_up),
    cmocka_unit_test(http_delivers_a_body),
    cmocka_unit_test(http_delivers_an_empty_body),
    cmocka_unit_test(http_joins_chunks),
    cmocka_unit_test(http_reports_not_found),
    cmocka_unit_test(http_does_not_follow_a_redirect),
    cmocka_unit_test(http_reports_a_body_cut_short),
    cmocka_unit_test(http_delivers_the_longest_body),
    cmocka_unit_test(http_refuses_a_body_too_long_by_one),
    cmocka_unit_test(http_gives_up_after_the_timeout),
    cmocka_unit_test(http_reports_a_hangup_without_an_answer),
    cmocka_unit_test(http_verifies_certificates),
    cmocka_unit_test(http_reports_a_refused_connection),
    cmocka_unit_test(http_answers_more_requests_than_run_at_once),
    cmocka_unit_test(http_limits_what_waits),
    cmocka_unit_test(http_refuses_plain_http),
    cmocka_unit_test(http_posts_headers_and_a_body),
    cmocka_unit_test(http_posts_an_empty_body),
    cmocka_unit_test(http_posts_the_longest_body),
    cmocka_unit_test(http_refuses_to_post_a_body_too_long_by_one),
    cmocka_unit_test(http_sends_headers_with_a_get),
    cmocka_unit_test(http_refuses_headers_that_are_not_lines),
    cmocka_unit_test(http_tells_how_long_the_venue_wants_to_be_left_alone),
    cmocka_unit_test(io_waits_for_an_owner_who_does_not_know_yet_where_to),
    cmocka_unit_test(io_ignores_a_dial_that_nothing_waits_for),
    cmocka_unit_test(io_asks_again_where_to_at_each_attempt),
    cmocka_unit_test(io_takes_a_connection_given_up_while_it_asks),
    cmocka_unit_test(io_keeps_owners_with_the_same_numbers_apart),
    cmocka_unit_test(io_refuses_a_number_that_is_taken),
    cmocka_unit_test(io_limits_the_connections_of_all_owners),
    cmocka_unit_test(io_tells_a_forgotten_owner_nothing_more),
    cmocka_unit_test(io_forgets_an_owner_from_within_its_event),
    cmocka_unit_test(io_gives_the_turn_that_was_asked_for),
    cmocka_unit_test(io_waits_no_longer_than_told),
    cmocka_unit_test(io_is_woken_from_another_thread),
    cmocka_unit_test(io_can_be_destroyed_at_any_moment),
    cmocka_unit_test(io_objects_run_on_threads_of_their_own),
};

int main(void)
{
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
