/*
 * ini_reader.h - an INI file as sections and entries that know their lines.
 *
 * inih does the splitting. By itself it would cut lines at 199 bytes and section names at
 * 49 without a word, and tells nobody line numbers; so it is fed by a line source that counts,
 * refuses what would be bent, and hands long lines over in pieces.
 *
 * The dialect: `[section]`, `key = value`, and comments that start with ';' or '#' at the
 * start of a line or behind a blank. An indented line without '=' continues the value above
 * it. A value that begins with '"' or '\'' goes to the same mark, and nothing in between is a
 * comment; it keeps its marks, for expand.h to take off.
 */
#ifndef ARB_INI_READER_H
#define ARB_INI_READER_H

#include "arbspot/abi.h"
#include "arbspot/types.h"
#include "config/pool.h"
#include "config/problems.h"

enum {
    INI_READER_FILE_MAX = 4 * 1024 * 1024, /* bytes of a file */
    INI_READER_LINE_MAX = 64 * 1024,       /* bytes of a line */
    INI_READER_VALUE_MAX = 256 * 1024,     /* bytes of a value with its continuation lines */
    INI_READER_SECTION_MAX = 48,           /* bytes of a section's name; inih cuts at 49 */
    INI_READER_KEY_MAX = 64,               /* bytes of a key */
    INI_READER_SECTIONS_MAX = 5000,        /* sections of a file */
    INI_READER_ENTRIES_MAX = 500,          /* entries of a section */
};

struct ini_entry {
    const char *key;
    const char *value; /* trimmed, quotes included; continuation lines are joined by one blank */
    unsigned line;
    unsigned n_lines; /* more than 1 with continuation lines */
    bool has_comment; /* behind the value, which has no quotes */
    bool is_refused;  /* what stands there was reported: there is no value */
    struct ini_entry *next;
};

/* Sections and entries are in the order of the file; names may repeat. */
struct ini_section {
    const char *name;
    unsigned line;
    unsigned n_entries;
    struct ini_entry *entries;
    struct ini_section *next;
};

/*
 * Reads a file into `pool`. What cannot be read or understood is added to `problems`, and
 * the rest is read nevertheless. ARB_ENOMEM: memory is exhausted; ARB_EINVAL: the file
 * cannot be read at all.
 */
int ini_reader_load(const char *path, struct pool *pool, struct ini_section **sections,
                    struct problems *problems);

/* The same for text in memory. */
int ini_reader_parse(struct arb_bytes text, struct pool *pool, struct ini_section **sections,
                     struct problems *problems);

#endif /* ARB_INI_READER_H */
