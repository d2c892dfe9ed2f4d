#include "strategy/liveness.h"

#include "arbspot/text.h"

enum { WHY_MAX = 512 };

static void say_fallen(struct liveness *liveness, const struct market *market, int64_t now_ns)
{
    char buffer[WHY_MAX];
    struct arb_text why = arb_text_over(buffer, sizeof(buffer));

    market_explain(market, &why);
    liveness->has_fallen = true;
    log_limited(&liveness->limit, now_ns, ARB_WARN, liveness->who, "%llu of %llu books are live%s",
                (unsigned long long)liveness->n_live, (unsigned long long)liveness->n_books,
                buffer);
}

/* How long it took is of interest at the start only. */
static void say(const struct liveness *liveness)
{
    const bool is_start = liveness->n_live == liveness->n_books && !liveness->has_fallen;

    if (is_start) {
        log_line(ARB_INFO, liveness->who,
                 "%llu of %llu books are live, since %lld ms after the start",
                 (unsigned long long)liveness->n_live, (unsigned long long)liveness->n_books,
                 (long long)((liveness->since_ns - liveness->started_ns) / NS_PER_MS));
    } else {
        log_line(ARB_INFO, liveness->who, "%llu of %llu books are live",
                 (unsigned long long)liveness->n_live, (unsigned long long)liveness->n_books);
    }
}

void liveness_look(struct liveness *liveness, const struct market *market, int64_t now_ns)
{
    const struct market_stats *const stats = market_stats(market);

    if (liveness->n_books != stats->n_books || liveness->n_live != stats->n_live) {
        liveness->n_books = stats->n_books;
        liveness->n_live = stats->n_live;
        liveness->since_ns = now_ns;
        liveness->is_said = false;
    }
    if (liveness->is_said || now_ns - liveness->since_ns < LIVENESS_STANDS_NS) {
        return;
    }
    liveness->is_said = true;
    if (liveness->n_live < liveness->said_live && liveness->n_live < liveness->n_books) {
        say_fallen(liveness, market, now_ns);
    } else if (liveness->n_books > 0) {
        say(liveness);
    }
    liveness->said_live = liveness->n_live;
}
