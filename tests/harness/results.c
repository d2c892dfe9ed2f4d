#include "results.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { RESULTS_MIN = 64 };

static struct result *more_room(struct results *results)
{
    if (results->n == results->cap) {
        const size_t cap = results->cap == 0 ? RESULTS_MIN : 2 * results->cap;
        struct result *const list = realloc(results->list, cap * sizeof(*list));
        if (list == NULL) {
            return NULL;
        }
        results->list = list;
        results->cap = cap;
    }
    return &results->list[results->n];
}

static void count(struct results *results, enum report_kind kind)
{
    results->n_passed += kind == REPORT_PASS;
    results->n_failed += kind == REPORT_FAIL;
    results->n_skipped += kind == REPORT_SKIP;
    results->has_end = results->has_end || kind == REPORT_END;
}

static bool has_name(char kind)
{
    return kind == REPORT_PASS || kind == REPORT_FAIL || kind == REPORT_SKIP ||
           kind == REPORT_TIMES;
}

/* Cuts "F\tname\twhy" into its fields. */
static bool cut(struct result *result, char *line)
{
    char *rest = line;
    const char *const kind = strsep(&rest, "\t");

    if (strlen(kind) != 1 || strchr("PFSDNTE", kind[0]) == NULL) {
        return false;
    }
    *result =
        (struct result){ .kind = (enum report_kind)kind[0], .line = line, .name = "", .text = "" };
    if (rest != NULL && has_name(kind[0])) {
        result->name = strsep(&rest, "\t");
    }
    if (rest != NULL) {
        result->text = rest;
    }
    struct call_times *const times = &result->times;
    return kind[0] != REPORT_TIMES ||
           sscanf(result->text, "%" SCNu64 " %" SCNu64 " %" SCNu64, &times->n_calls,
                  &times->median_ns, &times->max_ns) == 3;
}

bool results_take(struct results *results, char *line)
{
    struct result *const room = more_room(results);

    if (room == NULL || !cut(room, line)) {
        free(line);
        return false;
    }
    results->n++;
    count(results, room->kind);
    return true;
}

bool results_fail(struct results *results, const char *name, const char *why)
{
    char *line = NULL;

    return asprintf(&line, "F\t%s\t%s", name, why) >= 0 && results_take(results, line);
}

void results_fini(struct results *results)
{
    for (size_t i = 0; i < results->n; i++) {
        free(results->list[i].line);
    }
    free(results->list);
    *results = (struct results){ 0 };
}

bool result_is_check(const struct result *result)
{
    return result->kind == REPORT_PASS || result->kind == REPORT_FAIL ||
           result->kind == REPORT_SKIP;
}

size_t results_first_detail(const struct results *results, size_t i)
{
    while (i > 0 && results->list[i - 1].kind == REPORT_DETAIL) {
        i--;
    }
    return i;
}
