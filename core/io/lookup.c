#include "io/lookup.h"

#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/url.h"
#include "util/shortage.h"

/* Sockets and files that the resolver has open at once. */
enum { RESOLVER_FILES = 3 };

enum lookup_state { LOOKUP_RUNNING = 1, LOOKUP_DONE = 2, LOOKUP_ABANDONED = 3 };

struct lookup {
    char host[URL_HOST_MAX];
    struct lookup_answer answer; /* the thread's until `state` is LOOKUP_DONE */
    _Atomic int state;           /* who leaves RUNNING second frees */
};

static void add_address(struct address_list *found, const struct addrinfo *info)
{
    char text[INET6_ADDRSTRLEN];

    if (getnameinfo(info->ai_addr, info->ai_addrlen, text, sizeof(text), NULL, 0, NI_NUMERICHOST) ==
        0) {
        addresses_add(found, text);
    }
}

/* Without a descriptor the resolver reads no file and asks no server, and calls that anything. */
static void set_failure(struct lookup_answer *answer, int rc)
{
    const char *const lacking = shortage_of_files(RESOLVER_FILES);

    answer->is_shortage = lacking != NULL;
    answer->failure = lacking != NULL ? lacking : gai_strerror(rc);
}

static void resolve(struct lookup *lookup)
{
    const struct addrinfo hints = { .ai_family = AF_UNSPEC,
                                    .ai_socktype = SOCK_STREAM,
                                    .ai_flags = AI_ADDRCONFIG };
    struct lookup_answer *answer = &lookup->answer;
    struct addrinfo *list = NULL;

    const int rc = getaddrinfo(lookup->host, NULL, &hints, &list);
    if (rc != 0) {
        set_failure(answer, rc);
        return;
    }
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
        add_address(&answer->found, a);
    }
    addresses_interleave(&answer->found);
    answer->failure = "no usable address";
    freeaddrinfo(list);
}

static void *run(void *arg)
{
    struct lookup *lookup = arg;

    resolve(lookup);
    /* Release: pairs with the acquire in lookup_take(). */
    if (atomic_exchange_explicit(&lookup->state, LOOKUP_DONE, memory_order_acq_rel) ==
        LOOKUP_ABANDONED) {
        free(lookup);
    }
    return NULL;
}

struct lookup *lookup_start(const char *host)
{
    struct lookup *lookup = calloc(1, sizeof(*lookup));
    pthread_t thread;

    if (lookup == NULL) {
        return NULL;
    }
    (void)snprintf(lookup->host, sizeof(lookup->host), "%s", host); /* url_parse() bounds it */
    atomic_init(&lookup->state, LOOKUP_RUNNING);
    if (pthread_create(&thread, NULL, run, lookup) != 0) {
        free(lookup);
        return NULL;
    }
    (void)pthread_detach(thread); /* cannot fail on a thread just created */
    return lookup;
}

bool lookup_take(struct lookup *lookup, struct lookup_answer *answer)
{
    if (atomic_load_explicit(&lookup->state, memory_order_acquire) != LOOKUP_DONE) {
        return false;
    }
    *answer = lookup->answer;
    free(lookup);
    return true;
}

void lookup_abandon(struct lookup *lookup)
{
    if (lookup != NULL && atomic_exchange_explicit(&lookup->state, LOOKUP_ABANDONED,
                                                   memory_order_acq_rel) == LOOKUP_DONE) {
        free(lookup);
    }
}
