#include "config/nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { WORD_MAX = 64, DISTANCE_MAX = 3 };

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static bool is_same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/*
 * Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`
 * (optimal string alignment). Both are at most WORD_MAX long.
 */
static unsigned distance(const char *a, const char *b)
{
    unsigned rows[3][WORD_MAX + 1];
    unsigned *before = rows[0], *above = rows[1], *row = rows[2];
    const size_t len_a = strlen(a), len_b = strlen(b);

    for (size_t j = 0; j <= len_b; j++) {
        row[j] = (unsigned)j;
    }
    for (size_t i = 1; i <= len_a; i++) {
        unsigned *const spare = before;
        before = above;
        above = row;
        row = spare;
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= len_b; j++) {
            row[j] = least(least(above[j], row[j - 1]) + 1,
                           above[j - 1] + (is_same(a[i - 1], b[j - 1]) ? 0U : 1U));
            if (i > 1 && j > 1 && is_same(a[i - 1], b[j - 2]) && is_same(a[i - 2], b[j - 1])) {
                row[j] = least(row[j], before[j - 2] + 1);
            }
        }
    }
    return row[len_b];
}

/* A third of the letters may be wrong: more is another word. */
static unsigned tolerance(const char *word)
{
    return least((unsigned)strlen(word) / 3 + 1, DISTANCE_MAX);
}

const char *nearest_word(const char *word, const char *const *words)
{
    const char *nearest = NULL;

    if (strlen(word) > WORD_MAX) {
        return NULL;
    }
    unsigned best = tolerance(word) + 1;
    for (; *words != NULL; words++) {
        if (strlen(*words) > WORD_MAX) {
            continue;
        }
        const unsigned d = distance(word, *words);
        if (d < best) {
            best = d;
            nearest = *words;
        }
    }
    return nearest;
}
