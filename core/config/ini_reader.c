#include "config/ini_reader.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "config/quote.h"

/* What the last line was, which decides what an indented line may continue. */
enum line_kind {
    LINE_NONE = 1, /* no key in this section yet */
    LINE_KEY = 2,
    LINE_REFUSED = 3, /* reported already: what continues it goes with it */
};

/* How the next piece that inih hands back joins the value so far. */
enum join { JOIN_START = 1, JOIN_BLANK = 2, JOIN_NOTHING = 3 };

struct reader {
    const char *at, *end;  /* what is left of the file */
    unsigned line;         /* number of the line last taken, from 1 */
    struct arb_bytes rest; /* what inih has not got yet of that line */
    struct arb_bytes gap;  /* blanks between the piece it got last and `rest` */
    size_t cut_min;        /* the next piece of `rest` is longer than this */
    enum join join;
    enum line_kind last;
    bool has_comment; /* the line last taken, behind a value without quotes */

    struct pool *pool;
    struct problems *problems;
    struct ini_section *section; /* NULL before the first, or when its heading was refused */
    struct ini_section **section_end;
    unsigned n_sections;
    bool has_heading; /* seen one, good or bad */
    struct ini_entry *entry, **entry_end;
    char *value; /* of `entry`, being put together; INI_READER_VALUE_MAX + 1 bytes */
    size_t value_len;
    bool value_too_long;
    int rc; /* ARB_OK, or ARB_ENOMEM */
};

static struct arb_bytes bytes_of(const char *text)
{
    return (struct arb_bytes){ .data = text, .len = strlen(text) };
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_comment_mark(char c)
{
    return c == ';' || c == '#';
}

static struct arb_bytes trim(struct arb_bytes text)
{
    while (text.len > 0 && is_blank(text.data[0])) {
        text.data++;
        text.len--;
    }
    while (text.len > 0 && is_blank(text.data[text.len - 1])) {
        text.len--;
    }
    return text;
}

/* Cuts a comment off: ';' or '#' at the start or behind a blank. */
static struct arb_bytes without_comment(struct arb_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (is_comment_mark(text.data[i]) && (i == 0 || is_blank(text.data[i - 1]))) {
            text.len = i;
        }
    }
    return text;
}

static void refuse(struct reader *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add_entry(struct reader *r, const char *key);

static void refuse(struct reader *r, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    problem_vadd(r->problems, r->line, r->section == NULL ? NULL : r->section->name, NULL, fmt,
                 args);
    va_end(args);
    r->last = LINE_REFUSED;
}

/*
 * What inih would trim or take for a comment, and what it sees instead within quotes: control
 * characters, which no line of the file has.
 */
static const char plain_chars[] = " \t;#";
static const char masked_chars[] = "\x01\x02\x03\x04";

static void replace_chars(char *text, size_t len, const char *from, const char *to)
{
    for (size_t i = 0; i < len; i++) {
        const char *const at = text[i] == '\0' ? NULL : strchr(from, text[i]);
        if (at != NULL) {
            text[i] = to[at - from];
        }
    }
}

/* Stores the value that is complete now. */
static void finish_entry(struct reader *r)
{
    if (r->entry == NULL) {
        return;
    }
    replace_chars(r->value, r->value_len, masked_chars, plain_chars);
    if (r->value_too_long) {
        problem_add(r->problems, r->entry->line, r->section->name, r->entry->key,
                    "the value is longer than %d bytes", (int)INI_READER_VALUE_MAX);
    }
    r->entry->value =
        pool_text(r->pool, (struct arb_bytes){ .data = r->value, .len = r->value_len });
    if (r->entry->value == NULL) {
        r->rc = ARB_ENOMEM;
    }
    r->entry = NULL;
}

static void add_section(struct reader *r, struct arb_bytes name)
{
    struct ini_section *const section = pool_alloc(r->pool, sizeof(*section));
    char *const copy = pool_text(r->pool, name);

    if (section == NULL || copy == NULL) {
        r->rc = ARB_ENOMEM;
        return;
    }
    section->name = copy;
    section->line = r->line;
    *r->section_end = section;
    r->section_end = &section->next;
    r->section = section;
    r->entry_end = &section->entries;
    r->n_sections++;
}

/* "[name]"; true when inih shall see it. */
static bool take_heading(struct reader *r, struct arb_bytes line)
{
    const char *const close = memchr(line.data, ']', line.len);

    finish_entry(r);
    r->section = NULL;
    r->has_heading = true;
    if (close == NULL || close != line.data + line.len - 1) {
        refuse(r, "a section's heading ends with ']', like [host]");
        return false;
    }
    const struct arb_bytes name = { .data = line.data + 1, .len = line.len - 2 };
    if (name.len == 0 || name.len > INI_READER_SECTION_MAX) {
        refuse(r, "a section's name has 1 to %d bytes", (int)INI_READER_SECTION_MAX);
        return false;
    }
    if (r->n_sections == INI_READER_SECTIONS_MAX) {
        refuse(r, "more than %d sections: split the file over several processes",
               (int)INI_READER_SECTIONS_MAX);
        return false;
    }
    add_section(r, name);
    r->last = LINE_NONE;
    r->cut_min = line.len - 1; /* in one piece */
    return r->rc == ARB_OK;
}

static bool is_key(struct arb_bytes key)
{
    for (size_t i = 0; i < key.len; i++) {
        const char c = key.data[i];
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && !(c >= '0' && c <= '9') && c != '_' && c != '.' && c != '-') {
            return false;
        }
    }
    return key.len > 0;
}

/* "key = value"; true when inih shall see it. */
static bool take_key(struct reader *r, struct arb_bytes line, const char *equals)
{
    const size_t key_len = (size_t)(equals - line.data);
    const struct arb_bytes key = trim((struct arb_bytes){ .data = line.data, .len = key_len });

    finish_entry(r);
    if (!r->has_heading) {
        refuse(r, "a key before any section: put a heading such as [host] above it");
        return false;
    }
    if (r->section == NULL) {
        return false; /* its heading was refused */
    }
    if (!is_key(key)) {
        refuse(r, "a key consists of letters, digits, '_', '-' and '.': write key = value");
        return false;
    }
    if (key_len > INI_READER_KEY_MAX) {
        refuse(r, "a key has at most %d bytes", (int)INI_READER_KEY_MAX);
        return false;
    }
    if (r->section->n_entries == INI_READER_ENTRIES_MAX) {
        refuse(r, "more than %d keys in one section", (int)INI_READER_ENTRIES_MAX);
        return false;
    }
    r->section->n_entries++;
    r->last = LINE_KEY;
    r->join = JOIN_START;
    r->cut_min = key_len + 1; /* the first piece has the '=' */
    return true;
}

/* An indented line without '='; true when inih shall see it. */
static bool take_continuation(struct reader *r)
{
    if (r->last == LINE_KEY) {
        r->join = JOIN_BLANK;
        r->cut_min = 0;
        return true;
    }
    if (r->last != LINE_REFUSED) {
        refuse(r, "an indented line without '=' continues the value above it, and there is none");
    }
    return false;
}

/* Where a quoted value begins, or NULL: the line has none. */
static const char *find_quote(struct arb_bytes line)
{
    const struct arb_bytes text = without_comment(line);
    const char *const equals = memchr(text.data, '=', text.len);

    if (equals == NULL || trim(text).data[0] == '[') {
        return NULL;
    }
    const char *at = equals + 1;
    while (at < line.data + line.len && is_blank(*at)) {
        at++;
    }
    return at < line.data + line.len && quote_is_mark(*at) ? at : NULL;
}

/* The key is there all the same, so that nobody calls it missing. */
static void refuse_value(struct reader *r, struct arb_bytes line, const char *why)
{
    const char *const equals = memchr(line.data, '=', line.len);
    struct arb_bytes key = { .data = line.data, .len = (size_t)(equals - line.data) };
    char text[INI_READER_KEY_MAX + 1];

    finish_entry(r);
    key = trim(key);
    if (r->section == NULL || !is_key(key) || key.len > INI_READER_KEY_MAX) {
        refuse(r, "%s", why);
        return;
    }
    (void)snprintf(text, sizeof(text), "%.*s", (int)key.len, key.data); /* fits */
    problem_add(r->problems, r->line, r->section->name, text, "%s", why);
    r->last = LINE_REFUSED;
    if (r->section->n_entries == INI_READER_ENTRIES_MAX) {
        return; /* the first line of too many says so */
    }
    r->section->n_entries++;
    add_entry(r, text);
    if (r->entry != NULL) {
        r->entry->is_refused = true;
        r->entry->n_lines = 1;
    }
    finish_entry(r);
}

/* Masks the line's quoted value in a copy and cuts the comment behind it; false: refused. */
static bool take_quote(struct reader *r, struct arb_bytes *line, const char *quote)
{
    const size_t start = (size_t)(quote - line->data);
    const size_t len = quote_len((struct arb_bytes){ .data = quote, .len = line->len - start });
    const struct arb_bytes behind = { .data = quote + len, .len = line->len - start - len };

    if (len == 0) {
        refuse_value(r, *line, "the quote that begins the value is not closed in its line");
        return false;
    }
    if (behind.len > 0 && (!is_blank(behind.data[0]) || trim(without_comment(behind)).len > 0)) {
        refuse_value(r, *line,
                     "text behind the closing quote: a mark inside quotes is written twice");
        return false;
    }
    line->len = start + len;
    char *const copy = pool_text(r->pool, *line);
    if (copy == NULL) {
        r->rc = ARB_ENOMEM;
        return false;
    }
    replace_chars(copy + start, len, plain_chars, masked_chars);
    line->data = copy;
    return true;
}

/* Decides what a line is; leaves it in `rest` when inih shall see it. */
static void take_text(struct reader *r, struct arb_bytes line)
{
    const bool is_indented = line.len > 0 && is_blank(line.data[0]);
    const char *const quote = find_quote(line);
    bool is_for_inih = false;

    if (quote != NULL && !take_quote(r, &line, quote)) {
        return;
    }
    const struct arb_bytes text = trim(quote != NULL ? line : without_comment(line));
    if (text.len == 0) {
        return;
    }
    r->has_comment = quote == NULL && without_comment(line).len < line.len;
    const char *const equals = memchr(text.data, '=', text.len);
    /* "   [::1]:9092" continues a list of brokers, "   [host]" is a heading that is indented. */
    if (text.data[0] == '[' && (!is_indented || text.data[text.len - 1] == ']')) {
        is_for_inih = take_heading(r, text);
    } else if (equals != NULL) {
        is_for_inih = take_key(r, text, equals);
    } else if (is_indented) {
        is_for_inih = take_continuation(r);
    } else {
        finish_entry(r);
        refuse(r, "neither [section] nor key = value");
    }
    if (is_for_inih) {
        r->rest = text;
    }
}

/* What is wrong with the bytes of a line, or NULL. */
static const char *bad_bytes(struct arb_bytes line)
{
    for (size_t i = 0; i < line.len; i++) {
        const unsigned char c = (unsigned char)line.data[i];
        if (c == '\0') {
            return "a NUL byte: this is not a text file, or it is UTF-16; save it as UTF-8";
        }
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return "a control character: remove it";
        }
    }
    return NULL;
}

/* Takes the next line of the file, without its end. */
static void take_line(struct reader *r)
{
    const size_t left = (size_t)(r->end - r->at);
    const char *const newline = memchr(r->at, '\n', left);
    struct arb_bytes line = { .data = r->at, .len = left };

    if (newline != NULL) {
        line.len = (size_t)(newline - r->at);
    }
    r->at = newline == NULL ? r->end : newline + 1;
    r->line++;
    if (line.len > 0 && line.data[line.len - 1] == '\r') {
        line.len--;
    }
    const char *const bad = bad_bytes(line);
    if (bad != NULL) {
        finish_entry(r);
        refuse(r, "%s", bad);
    } else if (line.len > INI_READER_LINE_MAX) {
        finish_entry(r);
        refuse(r, "longer than %d bytes: break the value into indented lines",
               (int)INI_READER_LINE_MAX);
    } else {
        take_text(r, line);
    }
}

/*
 * How many bytes of `rest` to hand over at once. inih trims each piece, so blanks at the cut
 * go through `gap`; and it takes a piece that starts with a comment mark for a comment, so
 * there is no cut in front of one. Returns 0 when there is no place to cut.
 */
static size_t find_cut(const struct reader *r, size_t room)
{
    const char *const text = r->rest.data;

    if (r->rest.len <= room) {
        return r->rest.len;
    }
    for (size_t cut = room; cut > r->cut_min; cut--) {
        if (!is_blank(text[cut - 1]) && !is_comment_mark(text[cut])) {
            return cut;
        }
    }
    return 0;
}

/* Moves a piece of `rest` to `out`; all but the first of a key are indented, for inih. */
static char *put_piece(struct reader *r, char *out, size_t len)
{
    const size_t indent = r->last == LINE_KEY && r->join != JOIN_START ? 1 : 0;

    out[0] = ' ';
    memcpy(out + indent, r->rest.data, len);
    out[indent + len] = '\0';
    r->gap = (struct arb_bytes){ .data = r->rest.data + len, .len = 0 };
    while (len + r->gap.len < r->rest.len && is_blank(r->gap.data[r->gap.len])) {
        r->gap.len++;
    }
    r->rest.data += len + r->gap.len;
    r->rest.len -= len + r->gap.len;
    return out;
}

/* inih asks for its next line, of at most `cap` bytes with the terminator. */
static char *next_piece(char *out, int cap, void *context)
{
    struct reader *const r = context;
    const size_t room = (size_t)cap - 2; /* the terminator and a blank in front */

    for (;;) {
        while (r->rest.len == 0) {
            if (r->at == r->end || r->rc != ARB_OK) {
                return NULL;
            }
            take_line(r);
        }
        const size_t len = find_cut(r, room);
        if (len > 0) {
            return put_piece(r, out, len);
        }
        refuse(r, "more than 100 of ';' and '#' in a row: shorten the value");
        r->rest.len = 0;
    }
}

static void add_entry(struct reader *r, const char *key)
{
    struct ini_entry *const entry = pool_alloc(r->pool, sizeof(*entry));
    char *const copy = pool_text(r->pool, bytes_of(key));

    if (entry == NULL || copy == NULL) {
        r->rc = ARB_ENOMEM;
        return;
    }
    entry->key = copy;
    entry->line = r->line;
    *r->entry_end = entry;
    r->entry_end = &entry->next;
    r->entry = entry;
    r->value_len = 0;
    r->value_too_long = false;
}

static void append(struct reader *r, struct arb_bytes text)
{
    if (text.len > INI_READER_VALUE_MAX - r->value_len) {
        r->value_too_long = true;
        return;
    }
    memcpy(r->value + r->value_len, text.data, text.len);
    r->value_len += text.len;
}

/* inih found a pair, or with the key above once more a piece of its value. Non-zero: go on. */
static int on_pair(void *context, const char *section, const char *key, const char *value)
{
    struct reader *const r = context;

    (void)section; /* cut at 49 bytes; r->section is the whole */
    if (r->join == JOIN_START) {
        add_entry(r, key);
    }
    if (r->rc != ARB_OK) {
        return 0;
    }
    if (r->join != JOIN_NOTHING) {
        r->entry->n_lines++;
        r->entry->has_comment |= r->has_comment;
    }
    if (r->join == JOIN_BLANK && r->value_len > 0) {
        append(r, bytes_of(" "));
    }
    append(r, bytes_of(value));
    if (r->value_len > 0) {
        append(r, r->gap);
    }
    r->join = JOIN_NOTHING;
    r->cut_min = 0;
    return 1;
}

static struct arb_bytes without_bom(struct arb_bytes text)
{
    static const char bom[] = "\xEF\xBB\xBF";

    if (text.len >= sizeof(bom) - 1 && memcmp(text.data, bom, sizeof(bom) - 1) == 0) {
        text.data += sizeof(bom) - 1;
        text.len -= sizeof(bom) - 1;
    }
    return text;
}

int ini_reader_parse(struct arb_bytes text, struct pool *pool, struct ini_section **sections,
                     struct problems *problems)
{
    const struct arb_bytes body = without_bom(text);
    struct reader r = { .at = body.data,
                        .end = body.data + body.len,
                        .last = LINE_NONE,
                        .pool = pool,
                        .problems = problems,
                        .section_end = sections };

    *sections = NULL;
    r.value = malloc(INI_READER_VALUE_MAX + 1);
    if (r.value == NULL) {
        return ARB_ENOMEM;
    }
    const int failed = ini_parse_stream(next_piece, &r, on_pair, &r);
    finish_entry(&r);
    free(r.value);
    /* The line source lets nothing through that inih refuses, so all that can fail is memory. */
    return failed != 0 ? ARB_ENOMEM : r.rc;
}

/* Reads a file whole. The caller frees `*text`. */
static int read_all(FILE *file, char **text, size_t *len, struct problems *problems)
{
    char *const buffer = malloc(INI_READER_FILE_MAX + 1);

    if (buffer == NULL) {
        return ARB_ENOMEM;
    }
    *len = fread(buffer, 1, INI_READER_FILE_MAX + 1, file);
    if (ferror(file)) {
        problem_add(problems, 0, NULL, NULL, "cannot be read: %s", strerror(errno));
    } else if (*len > INI_READER_FILE_MAX) {
        problem_add(problems, 0, NULL, NULL, "larger than %d bytes: is this the right file?",
                    (int)INI_READER_FILE_MAX);
    } else {
        *text = buffer;
        return ARB_OK;
    }
    free(buffer);
    return ARB_EINVAL;
}

int ini_reader_load(const char *path, struct pool *pool, struct ini_section **sections,
                    struct problems *problems)
{
    struct arb_bytes text = { .data = NULL, .len = 0 };
    char *buffer = NULL;

    *sections = NULL;
    FILE *const file = fopen(path, "re");
    if (file == NULL) {
        problem_add(problems, 0, NULL, NULL, "cannot be opened: %s", strerror(errno));
        return ARB_EINVAL;
    }
    int rc = read_all(file, &buffer, &text.len, problems);
    (void)fclose(file); /* only read from */
    if (rc == ARB_OK) {
        text.data = buffer;
        rc = ini_reader_parse(text, pool, sections, problems);
    }
    free(buffer);
    return rc;
}
