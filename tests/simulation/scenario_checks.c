#include "session/feed_internal.h"
#include "scenario_internal.h"

static const char *venue_name(const struct scenario *s, const struct side *side)
{
    return s->venues[side->venue].name;
}

static void judge(struct scenario *s, struct side *side, struct oracle *oracle, uint32_t i,
                  const struct arb_book *book)
{
    const struct book_hash hash = oracle_hash_of(book, oracle->proof.levels);
    const uint32_t before = oracle->verdict;
    const enum oracle_verdict verdict = oracle_judge(oracle, book, &hash, s->now_ns);

    s->totals->checks++;
    if (verdict == ORACLE_WRONG) {
        scenario_violate(s, "%s %s is LIVE, %s and not the venue's book (versions %u to %u)",
                         venue_name(s, side), scenario_symbol(s, i), verified_name(book->verified),
                         oracle->first, oracle->last);
    }
    if (verdict != ORACLE_RIGHT && verdict != before) {
        s->totals->unseen += verdict == ORACLE_UNSEEN;
        s->totals->unseen_deep += verdict == ORACLE_UNSEEN_DEEP;
        scenario_tell(s, "%s %s: a loss that cannot be seen", venue_name(s, side),
                      scenario_symbol(s, i));
    }
}

/* What is awaited comes, or is asked for again. */
static void check_patience(struct scenario *s, struct side *side, struct side_line *line,
                           const struct feed *feed, uint32_t i)
{
    const struct feed_book *const book = &feed->books[i];

    if (book->state != ARB_BOOK_SYNCING || line->states[i] != ARB_BOOK_SYNCING ||
        line->attempts[i] != book->attempts) {
        line->asked_ns[i] = s->now_ns;
        line->attempts[i] = book->attempts;
    }
    if (s->now_ns - line->asked_ns[i] > side->synced_within_ns) {
        scenario_violate(s, "%s %s is SYNCING for more than %d s", venue_name(s, side),
                         scenario_symbol(s, i), (int)(side->synced_within_ns / NS_PER_S));
    }
}

static void check_book(struct scenario *s, struct side *side, uint32_t l, uint32_t i)
{
    struct side_line *const line = &side->line[l];
    const struct feed *const feed = lines_feed(side->lines, l);
    const struct arb_book book = feed_book(feed, i);

    if (book.state == ARB_BOOK_LIVE) {
        if (line->states[i] != ARB_BOOK_LIVE) {
            scenario_tell(s, "%s %s is LIVE on line %u", venue_name(s, side), scenario_symbol(s, i),
                          line->number);
            oracle_begin_live(&line->oracles[i], side->stream != FAULT_AT_KRAKEN);
        }
        if (!link_is_up(side->link, l * ARB_CONNS_MAX + feed->books[i].conn)) {
            scenario_violate(s, "%s %s is LIVE without a connection", venue_name(s, side),
                             scenario_symbol(s, i));
        }
        judge(s, side, &line->oracles[i], i, &book);
    }
    check_patience(s, side, line, feed, i);
    line->states[i] = book.state;
}

static void begin_line(struct scenario *s, struct side *side, uint32_t l)
{
    struct side_line *const line = &side->line[l];

    *line = (struct side_line){ .number = lines_number(side->lines, l) };
    for (uint32_t i = 0; i < s->instruments->n; i++) {
        oracle_init(&line->oracles[i], &side->versions[i], &side->proof);
    }
}

static void check_line(struct scenario *s, struct side *side, uint32_t l)
{
    const struct feed *const feed = lines_feed(side->lines, l);

    if (side->line[l].number != lines_number(side->lines, l)) {
        begin_line(s, side, l);
    }
    if (feed == NULL) {
        return;
    }
    for (uint32_t i = 0; i < feed_n_instruments(feed); i++) {
        check_book(s, side, l, i);
    }
    if (feed_is_disabled(feed)) {
        scenario_violate(s, "%s disabled itself", venue_name(s, side));
    }
}

/* A book may be LIVE without a line that has it, but not for long. */
static void check_leader(struct scenario *s, struct side *side, uint32_t i,
                         const struct arb_book *book)
{
    if (book->state != ARB_BOOK_LIVE || book->n_bids + book->n_asks > 0) {
        side->alone_ns[i] = 0;
    } else if (side->alone_ns[i] == 0) {
        side->alone_ns[i] = s->now_ns;
    } else if (s->now_ns - side->alone_ns[i] > BOARD_PATIENCE_NS) {
        scenario_violate(s, "%s %s is LIVE and no line has it", venue_name(s, side),
                         scenario_symbol(s, i));
    }
}

/* What is published as LIVE never goes back to what the venue said before. */
static void check_published(struct scenario *s, struct side *side, uint32_t i)
{
    const struct board *const board = lines_board(side->lines);
    const struct arb_book book = board_view(board, i);

    if (book.state != ARB_BOOK_LIVE) {
        side->published_ns[i] = 0;
    } else if (book.venue_ns != 0) {
        if (book.venue_ns < side->published_ns[i]) {
            scenario_violate(s, "%s %s is LIVE and went back in time", venue_name(s, side),
                             scenario_symbol(s, i));
        }
        side->published_ns[i] = book.venue_ns;
    }
    check_leader(s, side, i, &book);
    ledger_fill(&side->ledgers[i],
                (struct ledger_entry){ .seq = board_seq(board, i),
                                       .hash = oracle_hash_of(&book, 0).whole,
                                       .state = book.state,
                                       .trading = book.trading,
                                       .verified = book.verified,
                                       .verified_levels = book.verified_levels });
}

/* A turn, in which no book may leave LIVE for a line that is replaced. */
static void take_turn(struct scenario *s, struct side *side)
{
    const struct board *const board = lines_board(side->lines);
    const uint64_t n_replaced = lines_replaced(side->lines);
    bool was_live[SIMULATION_INSTRUMENTS_MAX];

    for (uint32_t i = 0; i < board_n_books(board); i++) {
        was_live[i] = board_state(board, i) == ARB_BOOK_LIVE;
    }
    side->due_ns = lines_on_turn(side->lines, s->now_ns);
    for (uint32_t i = 0; i < board_n_books(board) && n_replaced < lines_replaced(side->lines);
         i++) {
        if (was_live[i] && board_state(board, i) != ARB_BOOK_LIVE) {
            scenario_violate(s, "%s %s left LIVE when its line was replaced", venue_name(s, side),
                             scenario_symbol(s, i));
        }
    }
    s->totals->replaced += lines_replaced(side->lines) - n_replaced;
}

void scenario_after_step(struct scenario *s, struct side *side)
{
    take_turn(s, side);
    s->totals->steps++;
    for (uint32_t l = 0; l < BOARD_LINES_MAX; l++) {
        check_line(s, side, l);
    }
    for (uint32_t i = 0; i < board_n_books(lines_board(side->lines)); i++) {
        check_published(s, side, i);
    }
}

/* What can be noticed in time was. */
static bool is_noticed(const struct oracle *oracle)
{
    return oracle->verdict != ORACLE_UNSEEN || oracle->proof.patience_ns == 0;
}

/* LIVE, or, after the venue refused it, given up for a while as the documentation says. */
static bool is_book_healed(const struct side *side, const struct side_line *line, uint32_t i)
{
    return (line->states[i] == ARB_BOOK_LIVE && is_noticed(&line->oracles[i])) ||
           (line->states[i] == ARB_BOOK_UNUSABLE && side->is_refused[i]);
}

static bool is_published_healed(const struct side *side, uint32_t i)
{
    const uint32_t state = board_state(lines_board(side->lines), i);
    return state == ARB_BOOK_LIVE || (state == ARB_BOOK_UNUSABLE && side->is_refused[i]);
}

/* The first line on which the book is not, or NULL. */
static const struct side_line *find_unhealed(const struct side *side, uint32_t i)
{
    for (uint32_t l = 0; l < BOARD_LINES_MAX; l++) {
        const struct side_line *const line = &side->line[l];
        if (line->number != 0 && !is_book_healed(side, line, i)) {
            return line;
        }
    }
    return NULL;
}

bool scenario_is_healed(const struct scenario *s)
{
    bool are_all = true;

    for (uint32_t venue = 0; venue < s->n_venues; venue++) {
        for (uint32_t i = 0; i < s->instruments->n; i++) {
            are_all = are_all && is_published_healed(&s->sides[venue], i) &&
                      find_unhealed(&s->sides[venue], i) == NULL;
        }
    }
    return are_all;
}

void scenario_report_unhealed(struct scenario *s)
{
    for (uint32_t venue = 0; venue < s->n_venues; venue++) {
        const struct side *const side = &s->sides[venue];
        for (uint32_t i = 0; i < s->instruments->n; i++) {
            const struct side_line *const line = find_unhealed(side, i);
            if (!is_published_healed(side, i)) {
                scenario_violate(s, "%s %s is not published as LIVE %d s after the last fault",
                                 venue_name(s, side), scenario_symbol(s, i),
                                 (int)(HEALED_WITHIN_NS / NS_PER_S));
            } else if (line != NULL) {
                const struct feed *const feed =
                    lines_feed(side->lines, (uint32_t)(line - side->line));
                scenario_violate(s, "%s %s is still %s on line %u (%s) %d s after the last fault",
                                 venue_name(s, side), scenario_symbol(s, i),
                                 book_state_name(line->states[i]), line->number,
                                 feed->books[i].reason, (int)(HEALED_WITHIN_NS / NS_PER_S));
            }
        }
    }
}
