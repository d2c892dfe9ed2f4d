/*
 * localhost_is.c - preloaded into a program: what the resolver says of the name localhost.
 *
 * The file that LOCALHOST_IS names is read at each look-up, so a suite can change the answer: words
 * separated by blanks, each an address, "fail" (the resolver gives no answer) or "slow" (it takes
 * ten seconds). Other names are looked up as ever.
 */
#include <dlfcn.h>
#include <netdb.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ANSWER_MAX = 512, SLOW_S = 10 };

typedef int look_up(const char *, const char *, const struct addrinfo *, struct addrinfo **);

static look_up *find_real(void)
{
    void *const symbol = dlsym(RTLD_NEXT, "getaddrinfo");
    look_up *real = NULL;

    memcpy(&real, &symbol, sizeof(real)); /* the way POSIX has for data that is a function */
    return real;
}

static void read_answer(char answer[ANSWER_MAX])
{
    const char *const path = getenv("LOCALHOST_IS");
    FILE *const file = path == NULL ? NULL : fopen(path, "re");

    answer[0] = '\0';
    if (file != NULL) {
        if (fgets(answer, ANSWER_MAX, file) == NULL) {
            answer[0] = '\0';
        }
        (void)fclose(file);
    }
}

/* Appends what the number stands for; false when it is none. */
static int add_number(const char *number, const struct addrinfo *hints, struct addrinfo ***end)
{
    struct addrinfo only = { 0 };

    if (hints != NULL) {
        only.ai_socktype = hints->ai_socktype;
    }
    only.ai_flags = AI_NUMERICHOST;
    const int rc = find_real()(number, NULL, &only, *end);
    while (rc == 0 && **end != NULL) {
        *end = &(**end)->ai_next;
    }
    return rc;
}

int getaddrinfo(const char *restrict name, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict found)
{
    char answer[ANSWER_MAX], *rest = NULL;
    struct addrinfo *list = NULL, **end = &list;
    int rc = EAI_NONAME;

    if (name == NULL || strcmp(name, "localhost") != 0) {
        return find_real()(name, service, hints, found);
    }
    read_answer(answer);
    for (char *word = strtok_r(answer, " \n", &rest); word != NULL;
         word = strtok_r(NULL, " \n", &rest)) {
        if (strcmp(word, "fail") == 0) {
            return EAI_AGAIN;
        }
        if (strcmp(word, "slow") == 0) {
            (void)sleep(SLOW_S);
        } else {
            rc = add_number(word, hints, &end);
        }
    }
    *found = list;
    return list == NULL ? rc : 0;
}
