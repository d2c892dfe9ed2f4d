/*
 * The listener of the web with content that never changes its form, for the suite that attacks it.
 *
 *     web_fixture LISTEN FRAME_BYTES CLIENTS HEADERS_MS IDLE_MS STALLED_MS [TOKEN]
 *
 * Prints where it listens and serves until SIGINT or SIGTERM. Every frame has a number, what it was
 * asked for, and FRAME_BYTES of filling.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/clock.h"
#include "web/web.h"

enum { BIG = 4 << 20, STEP_MS = 500, LINE_MAX_LEN = 256 };

struct content {
    struct web *web;
    size_t filling;
};

static volatile sig_atomic_t is_over;

static void on_signal(int number)
{
    (void)number;
    is_over = 1;
}

static void add(struct text_buffer *out, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void add(struct text_buffer *out, const char *fmt, ...)
{
    char line[LINE_MAX_LEN];
    va_list args;

    va_start(args, fmt);
    const int len = vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    text_buffer_add(out, line, len < 0 ? 0 : (size_t)len);
}

static void fill(struct text_buffer *out, size_t len)
{
    char *const room = text_buffer_room(out, len);

    if (room != NULL) {
        memset(room, 'x', len);
        out->len += len;
    }
}

static void answer_stats(void *context, const struct web_ask *ask, struct web_answer *answer)
{
    const struct content *const content = context;
    const struct web_stats stats = web_stats(content->web);

    (void)ask;
    add(answer->text, "{\"connections\":%" PRIu64 ",\"requests\":%" PRIu64 ",\"clients\":%" PRIu64,
        stats.connections, stats.requests, stats.clients);
    add(answer->text, ",\"frames\":%" PRIu64 ",\"conflated\":%" PRIu64 ",\"bytes\":%" PRIu64,
        stats.frames, stats.conflated, stats.bytes);
    add(answer->text, ",\"n_connections\":%u,\"n_clients\":%u,\"waiting\":%" PRIu64,
        stats.n_connections, stats.n_clients, stats.waiting_bytes);
    for (int i = 0; i < N_WEB_REFUSALS; i++) {
        add(answer->text, ",\"refused_%s\":%" PRIu64, web_refusal_name((enum web_refusal)i),
            stats.refused[i]);
    }
    add(answer->text, "}\n");
}

static void answer_big(void *context, const struct web_ask *ask, struct web_answer *answer)
{
    (void)context;
    (void)ask;
    fill(answer->text, BIG);
}

static void answer_echo(void *context, const struct web_ask *ask, struct web_answer *answer)
{
    (void)context;
    text_buffer_add(answer->text, ask->query.data, ask->query.len);
    text_buffer_add(answer->text, "|", 1);
    text_buffer_add(answer->text, ask->accept.data, ask->accept.len);
}

static void answer_readyz(void *context, const struct web_ask *ask, struct web_answer *answer)
{
    (void)context;
    (void)ask;
    answer->status = 503;
    add(answer->text, "no broker\n");
}

static const struct web_route routes[] = {
    { "/stats", "application/json", answer_stats },
    { "/big", "text/plain", answer_big },
    { "/echo", "text/plain", answer_echo },
    { "/readyz", "text/plain", answer_readyz },
};

static uint64_t write_frame(void *context, uint64_t since, const struct web_wish *wish,
                            struct text_buffer *out)
{
    const struct content *const content = context;
    const uint64_t version = (uint64_t)(clock_mono_ns() / NS_PER_MS);

    add(out,
        "{\"version\":%" PRIu64 ",\"since\":%" PRIu64
        ",\"venue\":\"%s\",\"symbol\":\"%s\",\"wish_since\":%" PRIu64 ",\"filling\":\"",
        version, since, wish->venue, wish->symbol, wish->since);
    fill(out, content->filling);
    add(out, "\"}");
    return version;
}

static int64_t number(const char *text)
{
    return strtoll(text, NULL, 10);
}

int main(int argc, char **argv)
{
    struct err err = { .rc = ARB_OK };

    if (argc < 7) {
        fputs("usage: see the source\n", stderr);
        return 64;
    }
    struct content content = { .filling = (size_t)number(argv[2]) };
    const struct web_config config = { .listen = argv[1],
                                       .token = argv[7],
                                       .clients_max = (uint32_t)number(argv[3]),
                                       .context = &content,
                                       .routes = routes,
                                       .n_routes = sizeof(routes) / sizeof(*routes),
                                       .write = write_frame,
                                       .headers_ms = number(argv[4]),
                                       .idle_ms = number(argv[5]),
                                       .stalled_ms = number(argv[6]) };
    if (web_create(&content.web, &config, &err) != ARB_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 78;
    }
    (void)signal(SIGINT, on_signal);
    (void)signal(SIGTERM, on_signal);
    fprintf(stderr, "listens: %s\n", web_url(content.web));
    while (is_over == 0) {
        web_step(content.web, STEP_MS);
    }
    web_destroy(content.web);
    return 0;
}
