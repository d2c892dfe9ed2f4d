/* What is said of a venue whose thread hangs, and how the chain of a book goes on behind it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arbspot/abi.h"
#include "arbspot/text.h"
#include "bus/last_words.h"

enum { TEXT_MAX = 4096, BOOK = 3, OTHER = 5 };

static const int64_t said_ns = 777;

/* One consumer of a ring, and all it passed on. */
struct world {
    struct feedback feedback;
    struct last_words *words;
    struct arb_text lines;
    char text[TEXT_MAX];
};

static int set_up(void **state)
{
    struct world *const world = calloc(1, sizeof(*world));

    assert_non_null(world);
    assert_int_equal(last_words_create(&world->words, &world->feedback), ARB_OK);
    world->lines = arb_text_over(world->text, sizeof(world->text));
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *const world = *state;

    last_words_destroy(world->words);
    free(world);
    return 0;
}

static void write_line(struct world *world, const struct event *event)
{
    arb_text_add(&world->lines, "%u: %s %s %llu after %llu", event->instrument,
                 event_kind_name(event->kind), book_state_name(event->state),
                 (unsigned long long)event->seq, (unsigned long long)event->prev_seq);
    if (event->conflated > 0) {
        arb_text_add(&world->lines, " for %llu", (unsigned long long)event->conflated);
    }
    if (event->reason_len > 0) {
        assert_int_equal(event->reason_len, strlen(event->reason));
        arb_text_add(&world->lines, " (%s)", event->reason);
    }
    arb_text_add(&world->lines, "\n");
}

static void take(struct world *world, const struct event *event)
{
    const struct event *const passed = last_words_pass(world->words, event);

    if (passed != NULL) {
        write_line(world, passed);
        last_words_note(world->words, passed);
    }
}

static struct event event_of(uint32_t instrument, enum event_kind kind, enum arb_book_state state,
                             uint64_t seq)
{
    return (struct event){ .kind = (uint32_t)kind,
                           .state = (uint32_t)state,
                           .verified = ARB_VERIFIED,
                           .crc = 99,
                           .instrument = instrument,
                           .session = 1,
                           .seq = seq,
                           .prev_seq = seq - 1,
                           .reason = "" };
}

static void push(struct world *world, uint32_t instrument, enum event_kind kind,
                 enum arb_book_state state, uint64_t seq)
{
    const struct event event = event_of(instrument, kind, state, seq);
    take(world, &event);
}

static void push_delta(struct world *world, uint64_t seq)
{
    push(world, BOOK, EVENT_DELTA, ARB_BOOK_LIVE, seq);
}

static void push_snapshot(struct world *world, uint64_t seq)
{
    push(world, BOOK, EVENT_SNAPSHOT, ARB_BOOK_LIVE, seq);
}

/* All that is to be said in the thread's place. */
static void speak(struct world *world)
{
    for (const struct event *event; (event = last_words_next(world->words, said_ns)) != NULL;) {
        assert_int_equal(event->recv_ns, said_ns);
        assert_int_equal(event->verified, ARB_SUSPECT);
        assert_int_equal(event->crc, 0);
        write_line(world, event);
        last_words_note(world->words, event);
    }
}

static void hang(struct world *world)
{
    last_words_ask(world->words, "on_message()");
    speak(world);
}

static void expect(struct world *world, const char *lines)
{
    assert_true(arb_text_fits(&world->lines));
    assert_string_equal(world->text, lines);
}

static void nothing_is_said_unless_asked_for(void **state)
{
    struct world *const world = *state;

    push_snapshot(world, 1);
    assert_false(last_words_are_due(world->words));
    speak(world);
    push_delta(world, 2);
    expect(world, "3: snapshot LIVE 1 after 0\n"
                  "3: delta LIVE 2 after 1\n");
}

static void every_book_that_could_be_believed_is_closed_once(void **state)
{
    struct world *const world = *state;

    push(world, 0, EVENT_STATUS, ARB_BOOK_STALE, 4);
    push(world, 1, EVENT_STATUS, ARB_BOOK_SYNCING, 1);
    push(world, 2, EVENT_STATUS, ARB_BOOK_UNUSABLE, 7);
    push_snapshot(world, 9);
    push(world, OTHER, EVENT_STATUS, ARB_BOOK_LIVE, 12);
    world->lines = arb_text_over(world->text, sizeof(world->text));
    last_words_ask(world->words, "on_timer()");
    assert_true(last_words_are_due(world->words));
    speak(world);
    assert_false(last_words_are_due(world->words));
    last_words_ask(world->words, "on_timer()"); /* of the same hanging */
    speak(world);
    expect(world, "1: status STALE 2 after 1 (the plugin hangs in on_timer())\n"
                  "3: status STALE 10 after 9 (the plugin hangs in on_timer())\n"
                  "5: status STALE 13 after 12 (the plugin hangs in on_timer())\n");
}

static void one_that_is_not_passed_on_is_offered_again(void **state)
{
    struct world *const world = *state;

    push_snapshot(world, 1);
    last_words_ask(world->words, "on_message()");
    const struct event *const first = last_words_next(world->words, said_ns);
    const struct event *const again = last_words_next(world->words, said_ns);
    assert_ptr_equal(first, again);
    assert_int_equal(again->seq, 2);
    speak(world);
    expect(world, "3: snapshot LIVE 1 after 0\n"
                  "3: status STALE 2 after 1 (the plugin hangs in on_message())\n");
}

static void a_book_is_asked_for_when_it_is_closed(void **state)
{
    struct world *const world = *state;

    push_snapshot(world, 1);
    hang(world);
    assert_true(feedback_take_any(&world->feedback));
    assert_int_equal(feedback_take(&world->feedback, BOOK), 1);
    assert_int_equal(feedback_take(&world->feedback, OTHER), 0);
}

/* The thread has used 2 and 3 meanwhile; 4 stands for both, and for the asking. */
static void whole_book_goes_on_behind_what_was_said(void **state)
{
    struct world *const world = *state;

    push_snapshot(world, 1);
    hang(world);
    last_words_end(world->words);
    push_delta(world, 2);
    push_delta(world, 3);
    struct event whole = event_of(BOOK, EVENT_SNAPSHOT, ARB_BOOK_LIVE, 4);
    whole.conflated = 1;
    take(world, &whole);
    push_delta(world, 5);
    expect(world, "3: snapshot LIVE 1 after 0\n"
                  "3: status STALE 2 after 1 (the plugin hangs in on_message())\n"
                  "3: snapshot LIVE 4 after 2 for 2\n"
                  "3: delta LIVE 5 after 4\n");
}

static void whole_book_with_a_number_that_was_taken_is_asked_for_again(void **state)
{
    struct world *const world = *state;

    push_snapshot(world, 1);
    hang(world);
    last_words_end(world->words);
    (void)feedback_take(&world->feedback, BOOK);
    push_snapshot(world, 2);
    assert_int_equal(feedback_take(&world->feedback, BOOK), 1);
    push_delta(world, 3);
    assert_int_equal(feedback_take(&world->feedback, BOOK), 0);
    push_snapshot(world, 4);
    expect(world, "3: snapshot LIVE 1 after 0\n"
                  "3: status STALE 2 after 1 (the plugin hangs in on_message())\n"
                  "3: snapshot LIVE 4 after 2 for 2\n");
}

static void status_that_ends_the_book_is_whole_one_that_keeps_it_is_not(void **state)
{
    struct world *const world = *state;

    push_snapshot(world, 1);
    hang(world);
    push(world, BOOK, EVENT_STATUS, ARB_BOOK_LIVE, 3);
    push(world, BOOK, EVENT_STATUS, ARB_BOOK_UNUSABLE, 4);
    push(world, BOOK, EVENT_STATUS, ARB_BOOK_SYNCING, 5);
    expect(world, "3: snapshot LIVE 1 after 0\n"
                  "3: status STALE 2 after 1 (the plugin hangs in on_message())\n"
                  "3: status UNUSABLE 4 after 2 for 1\n"
                  "3: status SYNCING 5 after 4\n");
}

static void other_books_are_not_touched(void **state)
{
    struct world *const world = *state;

    push_snapshot(world, 1);
    hang(world);
    push(world, OTHER, EVENT_SNAPSHOT, ARB_BOOK_LIVE, 1); /* its first */
    push(world, OTHER, EVENT_DELTA, ARB_BOOK_LIVE, 2);
    expect(world, "3: snapshot LIVE 1 after 0\n"
                  "3: status STALE 2 after 1 (the plugin hangs in on_message())\n"
                  "5: snapshot LIVE 1 after 0\n"
                  "5: delta LIVE 2 after 1\n");
}

static void it_may_hang_again(void **state)
{
    struct world *const world = *state;

    push_snapshot(world, 1);
    hang(world);
    last_words_end(world->words);
    push_snapshot(world, 3);
    hang(world);
    expect(world, "3: snapshot LIVE 1 after 0\n"
                  "3: status STALE 2 after 1 (the plugin hangs in on_message())\n"
                  "3: snapshot LIVE 3 after 2\n"
                  "3: status STALE 4 after 3 (the plugin hangs in on_message())\n");
}

/* What is said of books of which something was refused. */
static void speak_of_refused(struct world *world)
{
    for (const struct event *event;
         (event = last_words_next_refused(world->words, said_ns)) != NULL;) {
        assert_int_equal(event->recv_ns, said_ns);
        write_line(world, event);
        last_words_note(world->words, event);
    }
}

static void a_book_of_which_something_was_refused_is_closed_once(void **state)
{
    struct world *const world = *state;

    speak_of_refused(world);
    push_snapshot(world, 1);
    push(world, OTHER, EVENT_SNAPSHOT, ARB_BOOK_LIVE, 1);
    last_words_refused(world->words, BOOK, "too large");
    last_words_refused(world->words, BOOK, "much too large");
    push_delta(world, 2); /* on its way already */
    assert_false(last_words_are_due(world->words));
    speak_of_refused(world);
    speak_of_refused(world);
    push_delta(world, 3);
    push_delta(world, 4);
    push_snapshot(world, 5);
    push(world, OTHER, EVENT_DELTA, ARB_BOOK_LIVE, 2);
    assert_false(feedback_take_any(&world->feedback)); /* it would be refused again */
    expect(world, "3: snapshot LIVE 1 after 0\n"
                  "5: snapshot LIVE 1 after 0\n"
                  "3: delta LIVE 2 after 1\n"
                  "3: status STALE 3 after 2 (much too large)\n"
                  "3: snapshot LIVE 5 after 3 for 2\n"
                  "5: delta LIVE 2 after 1\n");
}

/* Refused is what is about to be passed on, be it the word itself. */
static void a_word_that_is_refused_is_said_again(void **state)
{
    struct world *const world = *state;

    last_words_refused(world->words, BOOK, "too large");
    assert_null(last_words_next_refused(world->words, said_ns)); /* nothing was passed on */
    push_snapshot(world, 1);
    speak_of_refused(world);
    last_words_refused(world->words, BOOK, "too large");
    speak_of_refused(world);
    push(world, BOOK, EVENT_STATUS, ARB_BOOK_UNUSABLE, 4);
    last_words_refused(world->words, BOOK, "too large");
    speak_of_refused(world);
    expect(world, "3: snapshot LIVE 1 after 0\n"
                  "3: status STALE 2 after 1 (too large)\n"
                  "3: status STALE 3 after 2 (too large)\n"
                  "3: status UNUSABLE 4 after 3\n"
                  "3: status STALE 5 after 4 (too large)\n");
}

static void close_one(struct world *world)
{
    const struct event *const event =
        last_words_close(world->words, BOOK, "moved to partition 7", said_ns);

    if (event == NULL) {
        arb_text_add(&world->lines, "nothing\n");
        return;
    }
    write_line(world, event);
    last_words_note(world->words, event);
}

/* And asked for, as one that was closed for a thread that hangs. */
static void a_book_that_could_be_believed_is_closed_for_the_consumer(void **state)
{
    struct world *const world = *state;

    close_one(world);
    push_snapshot(world, 4);
    close_one(world);
    assert_int_equal(feedback_take(&world->feedback, BOOK), 1);
    push_delta(world, 5);
    close_one(world); /* what it said was lost */
    push_snapshot(world, 7);
    push(world, BOOK, EVENT_STATUS, ARB_BOOK_UNUSABLE, 8);
    close_one(world);
    expect(world, "nothing\n"
                  "3: snapshot LIVE 4 after 3\n"
                  "3: status STALE 5 after 4 (moved to partition 7)\n"
                  "3: status STALE 6 after 5 (moved to partition 7)\n"
                  "3: snapshot LIVE 7 after 6 for 1\n"
                  "3: status UNUSABLE 8 after 7\n"
                  "nothing\n");
}

static void one_that_is_back_already_needs_nobody(void **state)
{
    struct world *const world = *state;

    push_snapshot(world, 1);
    last_words_ask(world->words, "on_message()");
    last_words_end(world->words);
    speak(world);
    assert_false(last_words_are_due(world->words));
    expect(world, "3: snapshot LIVE 1 after 0\n");
}

static void without_words_events_pass(void **state)
{
    const struct event event = event_of(BOOK, EVENT_DELTA, ARB_BOOK_LIVE, 2);

    (void)state;
    assert_ptr_equal(last_words_pass(NULL, &event), &event);
    last_words_note(NULL, &event);
    assert_null(last_words_next(NULL, said_ns));
    assert_false(last_words_are_due(NULL));
    last_words_refused(NULL, BOOK, "too large");
    assert_null(last_words_next_refused(NULL, said_ns));
    last_words_destroy(NULL);
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(nothing_is_said_unless_asked_for),
        WORLD_TEST(every_book_that_could_be_believed_is_closed_once),
        WORLD_TEST(one_that_is_not_passed_on_is_offered_again),
        WORLD_TEST(a_book_is_asked_for_when_it_is_closed),
        WORLD_TEST(whole_book_goes_on_behind_what_was_said),
        WORLD_TEST(whole_book_with_a_number_that_was_taken_is_asked_for_again),
        WORLD_TEST(status_that_ends_the_book_is_whole_one_that_keeps_it_is_not),
        WORLD_TEST(other_books_are_not_touched),
        WORLD_TEST(it_may_hang_again),
        WORLD_TEST(a_book_of_which_something_was_refused_is_closed_once),
        WORLD_TEST(a_word_that_is_refused_is_said_again),
        WORLD_TEST(a_book_that_could_be_believed_is_closed_for_the_consumer),
        WORLD_TEST(one_that_is_back_already_needs_nobody),
        cmocka_unit_test(without_words_events_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
