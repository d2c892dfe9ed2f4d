/*
 * recording.h - what was recorded from a venue, in the formats that others write.
 *
 *   cryptofeed text  one record a line: connections, sent and received frames, HTTP bodies
 *   crossbook cbcap  "CBCAP1 venue symbol unix_ns", then "<ns> <length>\n<frame>\n" records
 *   bare frames      one JSON frame a line and no times: they come 1 ms apart, the first at one
 *                    second past 1970; such a file cannot be merged with another
 *
 * Records of several files are merged by time; equal times keep the order of the files.
 */
#ifndef ARB_RECORDING_H
#define ARB_RECORDING_H

#include "arbspot/types.h"
#include "util/err.h"

enum record_kind {
    RECORD_OPEN = 1,    /* a connection was opened */
    RECORD_SENT = 2,    /* a frame of the recording client */
    RECORD_MESSAGE = 3, /* a frame of the venue */
    RECORD_HTTP = 4,    /* the body of an HTTP answer */
};

struct record {
    enum record_kind kind;
    int64_t ns;           /* UTC, by the recorder's clock */
    struct arb_bytes url; /* RECORD_OPEN, _SENT and _HTTP */
    struct arb_bytes data;
    size_t order; /* of arrival, set by recording_sort() */
};

struct recording {
    struct record *records;
    size_t n, cap;
    struct arb_bytes *heads; /* what the recorders said of themselves: a line of each file */
    size_t n_heads;
    char **files; /* what the records point into */
    size_t n_files;
    bool is_bare; /* its one file has no times */
};

enum { RECORDING_BYTES_MAX = 1 << 30 };

/* Adds a file; the format is recognised. On failure nothing was added. */
int recording_add(struct recording *recording, const char *path, struct err *err);

/* Sorts by time; call once after the last recording_add(). */
void recording_sort(struct recording *recording);

/* Zeroed memory is accepted. */
void recording_fini(struct recording *recording);

#endif /* ARB_RECORDING_H */
