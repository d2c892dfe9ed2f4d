/*
 * oracle.h - what a book may be: the venue's book after the last frame that was delivered.
 *
 * Every state a venue published is a version, kept as two hashes: of the whole book as deep as
 * the feed carries it, and of its top, which is all that a proof covers. With single orders each
 * event of an order makes a version. An oracle knows what was delivered over one session:
 * deliveries move the range of versions that a LIVE book may equal, which is wider than one version
 * only between a damaged frame and the next whole one.
 */
#ifndef ARB_SIMULATION_ORACLE_H
#define ARB_SIMULATION_ORACLE_H

#include "fault.h"

struct book_hash {
    uint64_t whole, top;
};

struct version {
    int64_t at_us;
    struct book_hash hash;
};

/* What a feed lets anybody notice. */
struct oracle_proof {
    uint32_t verified; /* enum arb_verified: what a LIVE book has to say */
    uint32_t levels;   /* a side, that a loss shows in, and with VERIFIED the book says so; 0: all,
                          or with UNVERIFIABLE none */
    int64_t patience_ns; /* with UNVERIFIABLE: from the first frame to check by; 0: for ever */
    bool is_by_events;   /* VERIFIED only where an event links to the REST book */
    bool is_linked;      /* the first event behind a REST book links to it: then it is VERIFIED */
};

/* All states of one book. Zeroed memory is ready. */
struct versions {
    struct version *list;
    uint32_t n, cap;
};

struct oracle {
    struct oracle_proof proof;
    const struct versions *versions;
    uint32_t first, last; /* the range: versions [first .. last] */
    uint32_t rest;        /* of the last HTTP answer */
    uint32_t lost;        /* the newest version that was lost, damaged or overtaken */
    bool is_tainted;      /* and no whole book has made up for it yet */
    uint32_t haunted; /* answers until none holds a level that is not there; see oracle_haunt() */
    uint32_t checked; /* version of the newest frame to check by */
    uint32_t verdict; /* enum oracle_verdict, the last one */
    uint64_t judged;  /* hash of the book then */
    int64_t shown_ns; /* of the first frame to check by since it differs and nothing was lost */
};

/* `top`: levels a side, 0 for all. */
struct book_hash oracle_hash_of(const struct arb_book *book, uint32_t top);

/* How many levels a side the two hashes of a version cover; 0: all. */
struct extent {
    uint32_t whole, top;
};

/* The venue's book is a new one. ARB_ENOMEM. */
int versions_add(struct versions *versions, const struct sim_book *book,
                 const struct sim_instrument *instrument, struct extent extent, int64_t now_ns);
void versions_fini(struct versions *versions);
/* The version that was current at this time. */
uint32_t versions_at(const struct versions *versions, int64_t at_us);

/* The first version that is this book, from `from` on, or versions->n. */
uint32_t versions_find(const struct versions *versions, uint64_t whole, uint32_t from);

/* A session that begins now: what was before it never hears of. */
void oracle_init(struct oracle *oracle, const struct versions *versions,
                 const struct oracle_proof *proof);

/* A frame arrived that brings the book to `version`. */
void oracle_arrive(struct oracle *oracle, uint32_t version, enum fault_verdict verdict,
                   bool is_whole);
/* An HTTP answer arrived with a whole book. */
void oracle_answer(struct oracle *oracle, uint32_t version);
/* The host made the book LIVE. */
void oracle_begin_live(struct oracle *oracle, bool is_from_http);
void oracle_lose(struct oracle *oracle, uint32_t version);
/* A frame that only serves to check the book arrived, or is lost. */
void oracle_check(struct oracle *oracle, uint32_t version, int64_t now_ns);
void oracle_lose_check(struct oracle *oracle);
/* The next answer holds an order that is gone and that no event will tell of. */
void oracle_haunt(struct oracle *oracle, uint32_t version);
/*
 * Levels of books were set to what such frames showed, of this one if it is another than before.
 * Where it was wrong, the frame may be newer than the book. Where it was right, only a frame newer
 * than all that came for the book makes levels right: an older one is no excuse.
 */
void oracle_heal(struct oracle *oracle, const struct book_hash *hash);

enum oracle_verdict {
    ORACLE_RIGHT = 1,
    ORACLE_UNSEEN_DEEP = 2, /* differs below the levels that the proof covers */
    ORACLE_UNSEEN = 3,      /* differs, says `unverifiable`, and may for the time being */
    ORACLE_WRONG = 4,
};

/* Judges a LIVE book, whose `hash` has proof.levels as its top, and keeps the verdict. */
enum oracle_verdict oracle_judge(struct oracle *oracle, const struct arb_book *book,
                                 const struct book_hash *hash, int64_t now_ns);

#endif /* ARB_SIMULATION_ORACLE_H */
