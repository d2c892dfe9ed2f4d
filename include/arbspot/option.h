/*
 * option.h - how a plugin declares the INI keys it takes.
 *
 * The host checks and converts the values and stores them in the zeroed instance before
 * init() runs, so a plugin never parses configuration. A key that is neither the host's
 * nor declared here is an error, reported with its file and line and the nearest
 * declared name. `arbspot inspect` prints the table.
 */
#ifndef ARB_OPTION_H
#define ARB_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

enum arb_option_type {
    ARB_OPT_STRING = 1, /* const char *, owned by the host, outlives the instance */
    ARB_OPT_INT = 2,    /* int64_t, within [min, max] */
    ARB_OPT_BOOL = 3,   /* bool: true/false, yes/no, on/off, 1/0 */
    ARB_OPT_MS = 4,     /* int64_t milliseconds: "250ms", "5s", "2m" */
    ARB_OPT_PPM = 5,    /* int64_t parts per million: "26bp", "0.26%", "2600ppm" */
    ARB_OPT_ENUM = 6,   /* const char *, one of the words in `choices` ("a|b|c") */
};

struct arb_option {
    const char *name;
    const char *fallback; /* parsed like a configured value; NULL makes the key required */
    const char *help;     /* one sentence */
    const char *choices;  /* ARB_OPT_ENUM: the words, separated by '|'; ARB_OPT_INT: the only
                             numbers allowed, likewise, or NULL for all within the range */
    int64_t min, max;     /* ARB_OPT_INT, _MS and _PPM: inclusive */
    uint32_t type;        /* enum arb_option_type */
    uint32_t offset;      /* of the member in the instance */
    uint64_t reserved[2]; /* zero; options come in arrays, so the stride is fixed for a MAJOR */
};

/* Refuses to compile unless the member has the type the option stores. */
#define ARB_OFFSET(owner, member, type)                                                            \
    _Generic(&((owner *)0)->member, type * : (uint32_t)offsetof(owner, member))

#define ARB_OPTION_STRING(name_, owner, member, fallback_, help_)                                  \
    {                                                                                              \
        .name = (name_), .fallback = (fallback_), .help = (help_), .type = ARB_OPT_STRING,         \
        .offset = ARB_OFFSET(owner, member, const char *)                                          \
    }
#define ARB_OPTION_ENUM(name_, owner, member, fallback_, choices_, help_)                          \
    {                                                                                              \
        .name = (name_), .fallback = (fallback_), .help = (help_), .choices = (choices_),          \
        .type = ARB_OPT_ENUM, .offset = ARB_OFFSET(owner, member, const char *)                    \
    }
#define ARB_OPTION_BOOL(name_, owner, member, fallback_, help_)                                    \
    {                                                                                              \
        .name = (name_), .fallback = (fallback_), .help = (help_), .type = ARB_OPT_BOOL,           \
        .offset = ARB_OFFSET(owner, member, bool)                                                  \
    }
#define ARB_OPTION_NUMBER_(type_, name_, owner, member, fallback_, min_, max_, help_)              \
    {                                                                                              \
        .name = (name_), .fallback = (fallback_), .help = (help_), .min = (min_), .max = (max_),   \
        .type = (type_), .offset = ARB_OFFSET(owner, member, int64_t)                              \
    }
#define ARB_OPTION_INT(name_, owner, member, fallback_, min_, max_, help_)                         \
    ARB_OPTION_NUMBER_(ARB_OPT_INT, name_, owner, member, fallback_, min_, max_, help_)
#define ARB_OPTION_MS(name_, owner, member, fallback_, min_, max_, help_)                          \
    ARB_OPTION_NUMBER_(ARB_OPT_MS, name_, owner, member, fallback_, min_, max_, help_)
#define ARB_OPTION_PPM(name_, owner, member, fallback_, min_, max_, help_)                         \
    ARB_OPTION_NUMBER_(ARB_OPT_PPM, name_, owner, member, fallback_, min_, max_, help_)
/* An integer of which only the listed values are allowed: choices_ is "10|25|100". */
#define ARB_OPTION_INT_OF(name_, owner, member, fallback_, choices_, help_)                        \
    {                                                                                              \
        .name = (name_), .fallback = (fallback_), .help = (help_), .choices = (choices_),          \
        .min = INT64_MIN, .max = INT64_MAX, .type = ARB_OPT_INT,                                   \
        .offset = ARB_OFFSET(owner, member, int64_t)                                               \
    }

/* The text of an option, or `fallback` where it is left empty: the venue's own address, say. */
static inline const char *arb_option_or(const char *value, const char *fallback)
{
    return value[0] != '\0' ? value : fallback;
}

/* Where a venue with sites of its own for some countries is. The texts are constants. */
struct arb_region {
    const char *name, *ws, *rest; /* a word of an ARB_OPT_ENUM, and the addresses that go with it */
};

/* The one with this name in a table that has one for each of the option's words. */
static inline const struct arb_region *arb_region_of(const struct arb_region *regions,
                                                     const char *name)
{
    while (strcmp(regions->name, name) != 0) {
        regions++; /* the host takes no other words */
    }
    return regions;
}

#ifdef __cplusplus
}
#endif

#endif /* ARB_OPTION_H */
