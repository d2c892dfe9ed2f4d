/*
 * lease.h - is a book's host still there? One lease for each venue and partition.
 *
 * A host that died, hangs or is cut off says nothing, so its last word must not count for ever.
 * Each venue says once a second that its session is alive, in every partition that it uses; a copy
 * is LIVE only until LEASE_NS after the moment when that was said.
 *
 * When it was said, the host's monotonic clock tells. That clock and the reader's count from
 * different days; what they differ by is the smallest difference of arrival and saying that was
 * seen, for nothing arrives before it is said. A message that took two seconds longer than the
 * fastest therefore counts for two seconds less: what arrives late, because a broker, the network
 * or the reader was slow, proves nothing of the present. No clock of day is involved.
 *
 * The first word of a clock that is not known yet has nothing to be compared with, so a reader that
 * was held up might take an old one for a fresh one. `boot` tells whether a new session's clock is
 * that of the one before: the same machine, since the same start. If it is not, a session counts
 * from its second word on, and only if that came no faster than it was said: words that waited come
 * all at once. Who has just begun to read knows no clock at all, and where the past ends.
 *
 * Of several sessions of one venue the greater is the newer, and counts. An older one counts again
 * when it goes on after the newer has ended or is no longer alive.
 */
#ifndef ARB_LEASE_H
#define ARB_LEASE_H

#include "book/event.h"
#include "util/clock.h"

#define LEASE_NS (3 * NS_PER_S)
/*
 * Who begins to read, behind the past, takes any message for a sign of life, until a word must have
 * come. Who reads something again has heard one.
 */
#define LEASE_FIRST_NS (1500 * NS_PER_MS)
/* Two clocks of quartz may drift apart so fast: what they differ by is corrected as quickly. */
#define LEASE_DRIFT_PPM 200

/* All times by the reader's monotonic clock. Zeroed memory is ready. */
struct lease {
    uint64_t session;    /* that counts */
    int64_t until_ns;    /* 0: not alive */
    int64_t word_ns;     /* so long its last word counts, wherever reading is; 0: there was none */
    int64_t least_ns;    /* smallest arrival less saying, */
    int64_t least_at_ns; /* as of this arrival; 0: none was seen */
    uint64_t boot;       /* whose clock that is */
    bool has_clock;      /* it is this session's */
    bool is_unpaced;     /* its words may have waited; the last one was */
    int64_t said_ns, heard_ns; /* said and heard then */
    bool is_past;              /* what was read last was of the past, and no word has come since */
};

/*
 * Looks at any event of the venue in the partition, before its book does. False: it is of a session
 * that does not count, and must be left out.
 */
bool lease_take(struct lease *lease, const struct event *event, int64_t now_ns);

/* What is of that session may be LIVE at `now_ns`. */
static inline bool lease_holds(const struct lease *lease, uint64_t session, int64_t now_ns)
{
    return session == lease->session && now_ns < lease->until_ns;
}

/* -- many of them ---------------------------------------------------------------------- */

enum { LEASE_PARTITIONS_MAX = 1 << 16 };

/* Of one venue, by partition. Zeroed memory is ready. */
struct leases {
    struct lease *leases; /* [n] */
    uint32_t n;
};

/* The lease of a partition, which is made when there is none. NULL: no memory, or no partition. */
struct lease *leases_at(struct leases *leases, uint32_t partition);

void leases_fini(struct leases *leases);

#endif /* ARB_LEASE_H */
