#include "kafka/starts.h"

#include <stdlib.h>
#include <string.h>

void starts_fini(struct starts *starts)
{
    free(starts->books);
    free(starts->is_used);
    *starts = (struct starts){ 0 };
}

/* Zeroed memory for one more than `i`, or NULL. */
static void *grow(void *memory, uint32_t n, uint32_t i, size_t size)
{
    char *const grown = realloc(memory, (i + 1) * size);

    if (grown != NULL) {
        memset(grown + n * size, 0, (i + 1 - n) * size);
    }
    return grown;
}

void starts_use(struct starts *starts, uint32_t partition)
{
    if (partition >= starts->n_partitions) {
        bool *const grown =
            grow(starts->is_used, starts->n_partitions, partition, sizeof(*starts->is_used));
        if (grown == NULL) {
            return;
        }
        starts->is_used = grown;
        starts->n_partitions = partition + 1;
    }
    starts->is_used[partition] = true;
}

void starts_use_none(struct starts *starts)
{
    free(starts->is_used);
    starts->is_used = NULL;
    starts->n_partitions = 0;
}

void starts_put(struct starts *starts, uint32_t instrument, uint32_t partition, int64_t offset)
{
    if (instrument >= starts->n_books) {
        struct start *const grown =
            grow(starts->books, starts->n_books, instrument, sizeof(*starts->books));
        if (grown == NULL) {
            return;
        }
        starts->books = grown;
        starts->n_books = instrument + 1;
    }
    starts->books[instrument] = (struct start){ true, partition, offset };
}

void starts_drop(struct starts *starts, uint32_t instrument)
{
    if (instrument < starts->n_books) {
        starts->books[instrument].is_known = false;
    }
}

int64_t starts_from(const struct starts *starts, uint32_t partition)
{
    int64_t from = -1;

    for (uint32_t i = 0; i < starts->n_books; i++) {
        const struct start *const start = &starts->books[i];
        if (start->is_known && start->partition == partition &&
            (from < 0 || start->offset < from)) {
            from = start->offset;
        }
    }
    return from;
}
