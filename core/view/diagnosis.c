#include "view/diagnosis.h"

#include <inttypes.h>

#include "arbspot/text.h"

#define LEFT_OUT_LASTS_NS (60 * NS_PER_S) /* told so long after the last one */

/* A round: what is said in it, and of which venue. */
struct round {
    struct diagnosis *diagnosis;
    struct moment now;
};

static void say(const struct round *round, const struct trouble_word *word)
{
    (void)troubles_say(round->diagnosis->troubles, word, round->now);
}

static void say_of_venue(const struct round *round, const struct trouble_word *word)
{
    const struct view_trouble_row *const begun =
        troubles_say(round->diagnosis->troubles, word, round->now);

    if (begun != NULL) {
        view_venues_note(round->diagnosis->venues, word->which, begun);
    }
}

/* -- venues -------------------------------------------------------------------------------------
 */

static void look_at_silence(const struct round *round, uint32_t i, const struct view_venue *venue)
{
    const struct view_venue_row *const row = &venue->row;
    const char *const why = venue->has_ended ? "has ended" : "is silent";
    char buffer[VIEW_TEXT_MAX];
    struct arb_text text = arb_text_over(buffer, sizeof(buffer));

    if (row->state == VIEW_VENUE_UNHEARD) {
        arb_text_add(&text, "%s is in the configuration, and nothing has been heard of it",
                     row->name);
    } else {
        arb_text_add(&text, "the host that watches %s %s: none of its prices counts", row->name,
                     why);
    }
    say_of_venue(round,
                 &(struct trouble_word){ .kind = TROUBLE_VENUE,
                                         .which = i,
                                         .severity = VIEW_ERROR,
                                         /* a host is silent when it was so for 3 s */
                                         .holds_ns = venue->was_alive ? 0 : DIAGNOSIS_HOLDS_NS,
                                         .what = row->name,
                                         .text = buffer });
}

/* "2 of 3 books": how many are not as they should be. */
static void say_of_books(const struct round *round, const struct trouble_word *how, uint32_t n,
                         const struct view_book_row *first)
{
    const struct view_venue_row *const row = &round->diagnosis->venues->venues[how->which].row;
    struct trouble_word word = *how;
    char buffer[VIEW_TEXT_MAX];
    struct arb_text text = arb_text_over(buffer, sizeof(buffer));

    arb_text_add(&text, "%" PRIu32 " of %" PRIu32 " books of %s %s: %s", n, row->n_books, row->name,
                 how->text, first->symbol);
    if (first->state != ARB_BOOK_LIVE) {
        arb_text_add(&text, " is %s", book_state_name(first->state));
    }
    if (first->reason[0] != '\0') {
        arb_text_add(&text, " (%s)", first->reason);
    }
    if (n > 1) {
        arb_text_add(&text, ", and %" PRIu32 " more", n - 1);
    }
    word.what = row->name;
    word.text = buffer;
    say_of_venue(round, &word);
}

static void say_no_book(const struct round *round, uint32_t i)
{
    const char *const name = round->diagnosis->venues->venues[i].row.name;
    char buffer[VIEW_TEXT_MAX];
    struct arb_text text = arb_text_over(buffer, sizeof(buffer));

    arb_text_add(&text,
                 "no book of %s has come yet, though its host is there: it is not connected, or "
                 "the venue has not answered; the host's log says which",
                 name);
    say_of_venue(round, &(struct trouble_word){ .kind = TROUBLE_BOOKS,
                                                .which = i,
                                                .severity = VIEW_ERROR,
                                                .holds_ns = DIAGNOSIS_HOLDS_NS,
                                                .what = name,
                                                .text = buffer });
}

static void look_at_books(const struct round *round, uint32_t i)
{
    const struct view_books *const books = round->diagnosis->books;
    const struct view_books_count *const counts = &books->counts[i];

    if (counts->n_books == 0) {
        say_no_book(round, i);
    }
    if (counts->n_live < counts->n_books) {
        say_of_books(round,
                     &(struct trouble_word){ .kind = TROUBLE_BOOKS,
                                             .which = i,
                                             .severity = VIEW_ERROR,
                                             .holds_ns = DIAGNOSIS_HOLDS_NS,
                                             .text = "are not LIVE" },
                     counts->n_books - counts->n_live, view_books_find(books, i, false));
    }
    if (counts->n_suspect > 0) {
        say_of_books(
            round,
            &(struct trouble_word){ .kind = TROUBLE_SUSPECT,
                                    .which = i,
                                    .severity = VIEW_WARNING,
                                    .holds_ns = DIAGNOSIS_HOLDS_NS,
                                    .text = "may be wrong or late, and are not relied on" },
            counts->n_suspect, view_books_find(books, i, true));
    }
}

static void look_at_venue(const struct round *round, uint32_t i)
{
    const struct view_venue *const venue = &round->diagnosis->venues->venues[i];

    if (venue->item == NULL) {
        return;
    }
    if (venue->row.state == VIEW_VENUE_SILENT || venue->row.state == VIEW_VENUE_UNHEARD) {
        look_at_silence(round, i, venue);
    } else {
        look_at_books(round, i);
    }
}

static void look_at_clock(const struct round *round, uint32_t i)
{
    const struct publisher_clock *const clock = &round->diagnosis->attention->clocks[i];
    const bool is_ahead = clock->apart_ns > 0;
    const long long tenths = clock->apart_ns / (NS_PER_S / 10) * (is_ahead ? 1 : -1);
    char buffer[VIEW_TEXT_MAX];
    struct arb_text text = arb_text_over(buffer, sizeof(buffer));

    if (clock->venue == NULL || !clock->is_known ||
        (clock->apart_ns <= CLOCKS_APART_NS && clock->apart_ns >= -CLOCKS_APART_NS)) {
        return;
    }
    arb_text_add(&text,
                 "the clock of this machine is %lld.%lld s %s that of %s, which publishes %s: set "
                 "both right (NTP), ages are as wrong",
                 tenths / 10, tenths % 10, is_ahead ? "ahead of" : "behind",
                 clock->host[0] == '\0' ? "the host" : clock->host, clock->venue->name);
    say(round, &(struct trouble_word){ .kind = TROUBLE_CLOCKS,
                                       .which = i,
                                       .severity = VIEW_WARNING,
                                       .what = clock->venue->name,
                                       .text = buffer });
}

/* -- ways ---------------------------------------------------------------------------------------
 */

static void look_at_topic(const struct round *round, uint32_t which, const char *name,
                          const char *why)
{
    char buffer[VIEW_TEXT_MAX];
    struct arb_text text = arb_text_over(buffer, sizeof(buffer));

    if (why[0] == '\0') {
        return;
    }
    arb_text_add(&text, "%s cannot be read: %s", name, why);
    say(round, &(struct trouble_word){ .kind = TROUBLE_TOPIC,
                                       .which = which,
                                       .severity = VIEW_ERROR,
                                       .holds_ns = DIAGNOSIS_HOLDS_NS,
                                       .what = name,
                                       .text = arb_text_fits(&text) ? buffer : why });
}

static void look_at_links(const struct round *round)
{
    const struct view_links *const links = round->diagnosis->links;

    if (links->broker == VIEW_BROKER_DOWN) {
        say(round, &(struct trouble_word){ .kind = TROUBLE_BROKER,
                                           .severity = VIEW_ERROR,
                                           .what = "broker",
                                           .text = links->broker_text });
        return;
    }
    look_at_topic(round, 0, "books", links->books);
    look_at_topic(round, 1, "opportunities", links->opportunities);
}

/* `which`: of these counts; said again for some time after the last one. */
static void look_at_left_out(const struct round *round, uint32_t which, uint64_t n,
                             const char *what)
{
    struct diagnosis_left_out *const left_out = &round->diagnosis->left_out[which];
    char buffer[VIEW_TEXT_MAX];
    struct arb_text text = arb_text_over(buffer, sizeof(buffer));

    if (n != left_out->n) {
        left_out->n = n;
        left_out->until_ns = round->now.mono_ns + LEFT_OUT_LASTS_NS;
    }
    if (round->now.mono_ns >= left_out->until_ns) {
        return;
    }
    arb_text_add(&text, "%s: %" PRIu64, what, n);
    say(round, &(struct trouble_word){ .kind = TROUBLE_LEFT_OUT,
                                       .which = which,
                                       .severity = VIEW_WARNING,
                                       .what = "left out",
                                       .text = buffer });
}

static void look_at_what_is_left_out(const struct round *round)
{
    const struct diagnosis *const d = round->diagnosis;
    const struct market_stats *const stats = market_stats(d->market);

    look_at_left_out(round, 0, d->links->n_books_skipped,
                     "messages of books that could not be read, damaged or of a version that is "
                     "not known here");
    look_at_left_out(round, 1, d->links->n_opportunities_skipped,
                     "messages of opportunities that could not be read, damaged or of a version "
                     "that is not known here");
    look_at_left_out(round, 2,
                     stats->unknown_venues + stats->refused + stats->scale_conflicts +
                         d->books->n_left_out,
                     "events of books that are left out, for there are more venues or instruments "
                     "than are shown, memory is short, or their scales differ between hosts");
    look_at_left_out(round, 3,
                     d->finds->n_left_out + d->curves->n_left_out + d->troubles->n_left_out,
                     "opportunities, curves of survival or troubles for which there was no room");
}

void diagnosis_step(struct diagnosis *diagnosis, struct moment now)
{
    const struct round round = { .diagnosis = diagnosis, .now = now };
    const bool are_venues_heard =
        diagnosis->is_host || diagnosis->links->broker != VIEW_BROKER_DOWN;

    troubles_begin(diagnosis->troubles);
    look_at_links(&round);
    for (uint32_t i = 0; i < market_n_venues(diagnosis->market) && are_venues_heard; i++) {
        look_at_venue(&round, i);
    }
    for (uint32_t i = 0; i < ARB_VENUES_MAX; i++) {
        look_at_clock(&round, i);
    }
    look_at_what_is_left_out(&round);
    troubles_end(diagnosis->troubles);
}
