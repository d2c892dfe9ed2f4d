#include "reel.h"

#include <stdlib.h>
#include <string.h>

#include "util/clock.h"

/* -- addresses ------------------------------------------------------------------------ */

/* Path and query behind "https://host". */
static struct arb_bytes address_of(struct arb_bytes url)
{
    const char *const scheme = memmem(url.data, url.len, "://", 3);
    const char *const host = scheme == NULL ? url.data : scheme + 3;
    const size_t len = (size_t)(url.data + url.len - host);
    const char *const path = memchr(host, '/', len);

    return path == NULL ? (struct arb_bytes){ "/", 1 }
                        : (struct arb_bytes){ path, len - (size_t)(path - host) };
}

static struct arb_bytes path_of(struct arb_bytes address)
{
    const char *const query = memchr(address.data, '?', address.len);
    size_t len = query == NULL ? address.len : (size_t)(query - address.data);

    len -= len > 1 && address.data[len - 1] == '/';
    return (struct arb_bytes){ address.data, len };
}

static struct arb_bytes query_of(struct arb_bytes address)
{
    const char *const query = memchr(address.data, '?', address.len);
    return query == NULL
               ? (struct arb_bytes){ "", 0 }
               : (struct arb_bytes){ query, address.len - (size_t)(query - address.data) };
}

static bool are_equal(struct arb_bytes a, struct arb_bytes b)
{
    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

static bool is_asked(struct arb_bytes recorded, struct arb_bytes asked, bool by_query)
{
    return are_equal(path_of(recorded), path_of(asked)) &&
           (!by_query || are_equal(query_of(recorded), query_of(asked)));
}

static const struct reel_answer *find(const struct reel *reel, struct arb_bytes asked,
                                      bool by_query, size_t nth)
{
    const struct reel_answer *found = NULL;

    for (size_t i = 0; i < reel->n_answers; i++) {
        if (!is_asked(reel->answers[i].address, asked, by_query)) {
            continue;
        }
        found = &reel->answers[i];
        if (nth-- == 0) {
            break;
        }
    }
    return found;
}

const struct reel_answer *reel_answer_to(const struct reel *reel, const char *address, size_t nth)
{
    const struct arb_bytes asked = { address, strlen(address) };
    const struct reel_answer *const same = find(reel, asked, true, nth);

    return same != NULL ? same : find(reel, asked, false, nth);
}

/* -- loading -------------------------------------------------------------------------- */

/* The connection that messages of this file go to; there is room for one per record. */
static struct reel_connection *open_connection(struct reel *reel, int64_t opened_ns)
{
    struct reel_connection *const connection = &reel->connections[reel->n_connections++];

    *connection = (struct reel_connection){ .opened_ns = opened_ns,
                                            .first = reel->n_messages,
                                            .ends_ns = -1 };
    return connection;
}

/* Takes back one that got nothing. */
static void drop_empty(struct reel *reel, const struct reel_connection *last)
{
    if (last != NULL && last->n == 0) {
        reel->n_connections--;
    }
}

static void add_message(struct reel *reel, struct reel_connection *connection,
                        const struct record *record)
{
    int64_t after_ns = record->ns - connection->opened_ns;

    if (connection->n > 0 && after_ns < reel->messages[reel->n_messages - 1].after_ns) {
        after_ns = reel->messages[reel->n_messages - 1].after_ns; /* its clock was set back */
    }
    reel->messages[reel->n_messages++] =
        (struct reel_message){ after_ns < 0 ? 0 : after_ns, record->data };
    connection->n++;
}

static void take_file(struct reel *reel, const struct recording *source)
{
    struct reel_connection *open = NULL;

    for (size_t i = 0; i < source->n; i++) {
        const struct record *const record = &source->records[i];
        if (record->kind == RECORD_HTTP) {
            reel->answers[reel->n_answers++] =
                (struct reel_answer){ address_of(record->url), record->data };
        } else if (record->kind == RECORD_OPEN) {
            if (open != NULL) {
                open->ends_ns = record->ns - open->opened_ns;
            }
            drop_empty(reel, open);
            open = open_connection(reel, record->ns);
        } else if (record->kind == RECORD_MESSAGE) {
            open =
                open != NULL ? open : open_connection(reel, record->ns - REEL_LEAD_MS * NS_PER_MS);
            add_message(reel, open, record);
        }
    }
    drop_empty(reel, open);
}

static int by_opening(const void *a, const void *b)
{
    const struct reel_connection *const left = a, *const right = b;

    if (left->opened_ns != right->opened_ns) {
        return left->opened_ns < right->opened_ns ? -1 : 1;
    }
    return left->first < right->first ? -1 : left->first > right->first;
}

static int allocate(struct reel *reel, struct err *err)
{
    size_t n = 1;

    for (size_t i = 0; i < reel->n_sources; i++) {
        n += reel->sources[i].n;
    }
    reel->messages = calloc(n, sizeof(*reel->messages));
    reel->connections = calloc(n, sizeof(*reel->connections));
    reel->answers = calloc(n, sizeof(*reel->answers));
    return reel->messages == NULL || reel->connections == NULL || reel->answers == NULL
               ? err_set(err, ARB_ENOMEM, "no memory for the recording")
               : ARB_OK;
}

static int read_sources(struct reel *reel, char *const *paths, size_t n, struct err *err)
{
    int rc = n > REEL_FILES_MAX ? err_set(err, ARB_ELIMIT, "at most %d recordings", REEL_FILES_MAX)
                                : ARB_OK;

    for (size_t i = 0; i < n && rc == ARB_OK; i++) {
        rc = recording_add(&reel->sources[i], paths[i], err);
        reel->n_sources += rc == ARB_OK;
    }
    return rc == ARB_OK ? allocate(reel, err) : rc;
}

int reel_load(struct reel *reel, char *const *paths, size_t n, struct err *err)
{
    int rc = read_sources(reel, paths, n, err);

    for (size_t i = 0; i < reel->n_sources && rc == ARB_OK; i++) {
        take_file(reel, &reel->sources[i]);
    }
    if (rc == ARB_OK && reel->n_connections + reel->n_answers == 0) {
        rc = err_set(err, ARB_EINVAL, "%s: neither messages nor answers", n == 0 ? "" : paths[0]);
    }
    if (rc != ARB_OK) {
        reel_fini(reel);
        return rc;
    }
    if (reel->n_connections > 0) {
        qsort(reel->connections, reel->n_connections, sizeof(*reel->connections), by_opening);
    }
    return ARB_OK;
}

void reel_fini(struct reel *reel)
{
    for (size_t i = 0; i < reel->n_sources; i++) {
        recording_fini(&reel->sources[i]);
    }
    free(reel->messages);
    free(reel->connections);
    free(reel->answers);
    *reel = (struct reel){ 0 };
}
