/*
 * consumer.h - rebuilds order books from the market-data topic, and proves them right.
 *
 * For programs that read the topic with a Kafka client of their own, or a file of its messages:
 * each value goes into arb_consumer_feed(), and books come out. A copy is LIVE only while
 * nothing of it can be missing: every delta named the message before it, and after every
 * change the copy had the checksum that came with it. Otherwise it is STALE until the next
 * snapshot.
 *
 * And only while its host is still there: each venue says once a second, in every partition it
 * uses, that it is alive (ARB_VERDICT_ALIVE). Three seconds after the last time it said so its
 * books are STALE, without any message; so a look at a book takes the time. Words that waited while
 * this reader was held up count for what they are worth, see docs/messages.md.
 *
 * Where to start: at the end of each partition, less a few thousand messages. The first alive
 * message says from which offset on every book of its venue is there (arb_consumed.from): read on
 * from there when you began behind it. Books are LIVE as soon as the first alive message came that
 * was not in the topic when you began.
 *
 * This is not for plugins: it is a static library, `Arbspot::consumer` in CMake and
 * `arbspot-consumer` for pkg-config. It needs libdeflate and nothing else, does no I/O, and keeps
 * all state in the consumer. One thread at a time.
 */
#ifndef ARB_CONSUMER_H
#define ARB_CONSUMER_H

#include "arbspot/abi.h"
#include "arbspot/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What became of one message. */
enum arb_verdict {
    ARB_VERDICT_SNAPSHOT = 1,     /* taken: the whole book; LIVE */
    ARB_VERDICT_DELTA = 2,        /* taken: some of its levels; stays LIVE */
    ARB_VERDICT_STATUS = 3,       /* taken: the state or the trading status */
    ARB_VERDICT_DUPLICATE = 4,    /* left out: not newer than the copy, as after a rewind */
    ARB_VERDICT_AWAITING = 5,     /* left out: a delta of a copy that waits for a snapshot */
    ARB_VERDICT_GAP = 6,          /* something was lost before this message: STALE */
    ARB_VERDICT_CRC_MISMATCH = 7, /* the copy is not the host's book: STALE */
    ARB_VERDICT_FAILED = 8,       /* no memory, or too many levels: STALE */
    ARB_VERDICT_NOT_OURS = 9,     /* left out: not a market-data message that can be read */
    ARB_VERDICT_ALIVE = 10,      /* of no book: a venue is alive, or ended; look at all its books */
    ARB_VERDICT_SUPERSEDED = 11, /* left out: of a host whose venue another one publishes */
};

/* True when the book has to be looked at: its levels, state, trading or times are others. */
static inline bool arb_verdict_is_change(uint32_t verdict)
{
    return verdict != ARB_VERDICT_DUPLICATE && verdict != ARB_VERDICT_AWAITING &&
           verdict != ARB_VERDICT_NOT_OURS && verdict != ARB_VERDICT_ALIVE &&
           verdict != ARB_VERDICT_SUPERSEDED;
}

/* Messages by verdict: each is in one of all but the last. */
struct arb_consumer_counts {
    uint64_t snapshots, deltas, statuses;
    uint64_t duplicates, awaiting;
    uint64_t gaps, crc_mismatches, failed;
    uint64_t not_ours, alive, superseded;
    uint64_t conflated; /* messages that were never sent: those taken say how many they replace */
};

/* All messages that were fed. */
static inline uint64_t arb_consumer_counts_sum(const struct arb_consumer_counts *c)
{
    return c->snapshots + c->deltas + c->statuses + c->duplicates + c->awaiting + c->gaps +
           c->crc_mismatches + c->failed + c->not_ours + c->alive + c->superseded;
}

/* How a message came to you. */
struct arb_arrival {
    /*
     * When, in nanoseconds of a clock that only goes forward, and counts while the machine sleeps:
     * CLOCK_BOOTTIME. For a file it is the time at which its message was written.
     */
    int64_t mono_ns;
    uint32_t partition; /* of the topic; 0 for a file */
    /*
     * The message was in the topic before you began to read the partition: its offset is below the
     * end of that moment. Such a message says nothing of the present, so it makes no book LIVE.
     */
    bool is_history;
};

/* The result of one arb_consumer_feed(). */
struct arb_consumed {
    uint32_t verdict; /* enum arb_verdict */
    uint32_t book;    /* for arb_consumer_book_at(); 0 when the message is of none */
    bool is_live;     /* that book is proven now; trade on nothing else */
    int64_t pub_ns;   /* when the host handed the message to Kafka */
    int64_t from;     /* of an alive: the offset from which on the venue's books are there; or -1 */
};

/* One instrument at one venue. Pointers are valid until the next arb_consumer_feed(). */
struct arb_consumer_book {
    const char *venue;
    const struct arb_instrument *instrument; /* symbol, base, quote and both scales */
    struct arb_book book;                    /* LIVE: proven; seq counts within `session` */
    uint64_t session;                        /* of the host's run: the greater one is newer */
    bool is_alive; /* that session said so within three seconds; LIVE needs it */
    /* What the host says of its own book: LIVE, while `book` is not, is a fault of the copy. */
    uint32_t published_state; /* enum arb_book_state */
    struct arb_consumer_counts counts;
};

struct arb_consumer;

/* ARB_ENOMEM. */
int arb_consumer_create(struct arb_consumer **consumer);

/* NULL is accepted. */
void arb_consumer_destroy(struct arb_consumer *consumer);

/*
 * Takes in the value of one message, which is only read. Returns ARB_OK when it is of a book or an
 * alive message, whatever the verdict, else why it is not ours: ARB_EPROTO for what is no
 * market-data message, ARB_ENOTSUP for another schema version, ARB_ERANGE for a number that does
 * not fit, ARB_ELIMIT for more levels or books than are taken, ARB_ENOMEM. The consumer carries on
 * either way.
 */
int arb_consumer_feed(struct arb_consumer *consumer, struct arb_bytes json,
                      const struct arb_arrival *arrival, struct arb_consumed *consumed);

/* You do not read that partition any more: its books are STALE until you do again. */
void arb_consumer_lose(struct arb_consumer *consumer, uint32_t partition);

/* Books are numbered from 0 as they are first seen, and keep their number. */
uint32_t arb_consumer_n_books(const struct arb_consumer *consumer);

/* As it is at `mono_ns`, by the clock of the arrivals. Asserts book < arb_consumer_n_books(). */
struct arb_consumer_book arb_consumer_book_at(const struct arb_consumer *consumer, uint32_t book,
                                              int64_t mono_ns);

/* For sums over some books, such as those of one venue. */
void arb_consumer_counts_add(struct arb_consumer_counts *sum,
                             const struct arb_consumer_counts *counts);

/* Of all books together, and of the messages that belong to none. */
struct arb_consumer_counts arb_consumer_totals(const struct arb_consumer *consumer);

#ifdef __cplusplus
}
#endif

#endif /* ARB_CONSUMER_H */
