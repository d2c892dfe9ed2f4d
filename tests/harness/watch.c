#include "watch.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "util/clock.h"
#include "worker.h"

enum { LINE_MAX_LEN = 1024, STACK_BYTES = 64 << 10 };

/* What the signal handlers look at. Set once, before they are. */
static struct watch *watched;

/* -- the line ------------------------------------------------------------------------- */

/* Text made without the library, which a signal may have interrupted. */
struct line {
    char text[LINE_MAX_LEN];
    size_t len;
};

static void add_bytes(struct line *line, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len && line->len < LINE_MAX_LEN; i++) {
        const char c = bytes[i];
        line->text[line->len++] = c < 0x20 || c > 0x7e ? '?' : c;
    }
}

static void add(struct line *line, const char *text)
{
    add_bytes(line, text, strlen(text));
}

/* The tab between two fields, the end of a line: what add() takes for harmful. */
static void add_mark(struct line *line, char mark)
{
    line->text[line->len < LINE_MAX_LEN ? line->len++ : LINE_MAX_LEN - 1] = mark;
}

static void add_kept(struct line *line, const struct watch_kept *kept)
{
    const int file =
        kept->path == NULL ? -1 : open(kept->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    if (file < 0) {
        return;
    }
    if (write(file, kept->input.data, kept->input.len) == (ssize_t)kept->input.len) {
        add(line, " (the input is in ");
        add(line, kept->path);
        add(line, ")");
    }
    (void)close(file);
}

static void add_place(struct line *line, const struct watch *watch)
{
    if (watch->where[0] != '\0') {
        add(line, " (");
        add(line, watch->where);
        add(line, ")");
    }
    add_kept(line, &watch->kept);
}

/* Says what happened, that nothing more comes, and ends the process. */
static void end(const char *what)
{
    const struct watch *const watch = watched;
    const char *const callback = watch->callback;
    struct line line = { .len = 0 };

    add_mark(&line, REPORT_FAIL);
    add_mark(&line, '\t');
    add(&line, watch->check[0] == '\0' ? "harness" : watch->check);
    add_mark(&line, '\t');
    add(&line, callback == NULL ? "outside of callbacks" : callback);
    add(&line, callback == NULL ? ": " : "() ");
    add(&line, what);
    add_place(&line, watch);
    add(&line, ", after: ");
    add_bytes(&line, watch->input, watch->input_len);
    add_mark(&line, '\n');
    const char last[] = { REPORT_END, '\n' };
    const ssize_t written = write(watch->out, line.text, line.len);
    _exit(written < 0 || write(watch->out, last, sizeof(last)) < 0);
}

static void on_crash(int number)
{
    switch (number) {
    case SIGSEGV:
        end("crashed (SIGSEGV)");
        break;
    case SIGBUS:
        end("crashed (SIGBUS)");
        break;
    case SIGFPE:
        end("crashed (SIGFPE)");
        break;
    case SIGILL:
        end("crashed (SIGILL)");
        break;
    default:
        end("aborted (SIGABRT; in C++ also by an exception that the callback lets out)");
    }
}

/* Once a second: is it still the same call? */
static void on_tick(int number)
{
    struct watch *const watch = watched;

    (void)number;
    if (watch->callback == NULL || watch->n_calls != watch->seen_calls) {
        watch->seen_calls = watch->n_calls;
        watch->seen_s = 0;
    } else if (++watch->seen_s >= watch->limit_s) {
        end("did not return");
    }
}

/* By whoever found the process stopped. */
static void on_stopped(int number)
{
    (void)number;
    end("stopped the process (SIGSTOP, or the like)");
}

/* The handlers wait for each other: end() does not bear a second one in the middle of it. */
static void handle(int number, void (*handler)(int), int flags)
{
    struct sigaction action = { .sa_handler = handler, .sa_flags = SA_ONSTACK | flags };

    (void)sigfillset(&action.sa_mask); /* valid arguments: neither can fail */
    (void)sigaction(number, &action, NULL);
}

void watch_start(struct watch *watch, unsigned limit_s, int out)
{
    static const int crashes[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
    static char stack[STACK_BYTES]; /* an exhausted stack has no room for a handler */
    const stack_t alternative = { .ss_sp = stack, .ss_size = sizeof(stack) };
    const struct itimerval each_second = { .it_interval = { .tv_sec = 1 },
                                           .it_value = { .tv_sec = 1 } };

    watch->limit_s = limit_s;
    watch->out = out;
    watched = watch;
    (void)sigaltstack(&alternative, NULL); /* without these, a crash is as it was */
    for (size_t i = 0; i < sizeof(crashes) / sizeof(*crashes); i++) {
        handle(crashes[i], on_crash, 0);
    }
    handle(SIGALRM, on_tick, SA_RESTART);
    handle(WORKER_STOPPED, on_stopped, 0);
    (void)setitimer(ITIMER_REAL, &each_second, NULL);
}

void watch_check(const char *name)
{
    (void)snprintf(watched->check, sizeof(watched->check), "%s", name);
    watched->where[0] = '\0';
    watched->kept = (struct watch_kept){ .path = NULL };
    watched->input_len = 0;
}

void watch_where(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(watched->where, sizeof(watched->where), fmt, args);
    va_end(args);
}

void watch_keep(struct watch_kept kept)
{
    watched->kept = kept;
}

void watch_times(struct times *times)
{
    watched->times = times;
}

/* -- callbacks ------------------------------------------------------------------------ */

static void enter(enum times_callback callback)
{
    watched->n_calls++;
    watched->current = callback;
    watched->callback = times_name(callback);
    if (watched->times != NULL) {
        watched->entered_ns = clock_mono_ns();
    }
}

static void note_input(struct arb_bytes input)
{
    const size_t len = input.len < WATCH_INPUT_MAX ? input.len : WATCH_INPUT_MAX;

    watched->input_len = 0;
    if (len > 0) {
        memcpy(watched->input, input.data, len);
    }
    watched->input_len = len;
}

static int leave(int rc)
{
    if (watched->times != NULL) {
        times_add(watched->times, watched->current, clock_mono_ns() - watched->entered_ns);
    }
    watched->callback = NULL;
    return rc;
}

static int watched_init(void *self, struct arb_host *host, const struct arb_exchange_env *env,
                        struct arb_plan *plan)
{
    enter(TIMES_INIT);
    return leave(watched->ops.init(self, host, env, plan));
}

static int watched_ask(void *self, const struct arb_ask *ask, struct arb_request *request)
{
    enter(TIMES_ASK);
    return leave(watched->ops.ask(self, ask, request));
}

static int watched_on_message(void *self, struct arb_host *host, uint32_t conn,
                              struct arb_message message)
{
    note_input(arb_message_bytes(message));
    enter(TIMES_ON_MESSAGE);
    return leave(watched->ops.on_message(self, host, conn, message));
}

static int watched_spell(void *self, const struct arb_instrument *info, char *name)
{
    enter(TIMES_SPELL);
    return leave(watched->ops.spell(self, info, name));
}

static int watched_on_answer(void *self, struct arb_host *host, const struct arb_ask *ask,
                             int status, struct arb_bytes body)
{
    note_input(body);
    enter(TIMES_ON_ANSWER);
    return leave(watched->ops.on_answer(self, host, ask, status, body));
}

static int watched_checksum(void *self, const struct arb_book_event *event,
                            const struct arb_book *book, uint32_t *checksum)
{
    enter(TIMES_CHECKSUM);
    return leave(watched->ops.checksum(self, event, book, checksum));
}

static void watched_reset(void *self, uint32_t instrument)
{
    enter(TIMES_RESET);
    watched->ops.reset(self, instrument);
    (void)leave(ARB_OK);
}

static int watched_on_timer(void *self, struct arb_host *host, uint32_t timer)
{
    enter(TIMES_ON_TIMER);
    return leave(watched->ops.on_timer(self, host, timer));
}

static void watched_fini(void *self)
{
    enter(TIMES_FINI);
    watched->ops.fini(self);
    (void)leave(ARB_OK);
}

void watch_plugin(struct plugin *plugin)
{
    struct arb_exchange_ops *const ops = &plugin->exchange;

    if (plugin->desc.kind != ARB_KIND_EXCHANGE) {
        return;
    }
    watched->ops = *ops;
    ops->init = watched_init;
    ops->ask = watched_ask;
    ops->on_message = watched_on_message;
    ops->spell = ops->spell == NULL ? NULL : watched_spell;
    ops->on_answer = ops->on_answer == NULL ? NULL : watched_on_answer;
    ops->checksum = ops->checksum == NULL ? NULL : watched_checksum;
    ops->reset = ops->reset == NULL ? NULL : watched_reset;
    ops->on_timer = ops->on_timer == NULL ? NULL : watched_on_timer;
    ops->fini = ops->fini == NULL ? NULL : watched_fini;
}
