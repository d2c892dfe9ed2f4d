#include "manual/notes.h"

#include <string.h>

#include "arbspot/text.h"
#include "manual/roff.h"

enum {
    NOTES_MAX = 64, /* of one section */
    KEYS_MAX = 64,
    RANGE_MAX = 256,
    ITEM_INDENT = 2,    /* of the list of the format, behind the '#' */
    EXAMPLE_INDENT = 3, /* likewise, of what is no text */
};

static const char FORMAT[] = "# How to write it";

/* Lines [first, end), and which keys of the section's table stand in them, as bits. */
struct note {
    size_t first, end;
    uint64_t keys;
};

struct notes {
    const struct lines *ini;
    const struct config_section *section;
    size_t intro, heading; /* lines [intro, heading) come before the heading */
    struct note note[NOTES_MAX];
    int n;
};

/* -- lines ----------------------------------------------------------------------------- */

/* Behind a '#', if there is one, and blanks. */
static const char *content_of(const char *line)
{
    line += *line == '#' ? 1 : 0;
    return line + lines_indent(line);
}

/* A sentence may begin with a section's name, too. */
static bool is_heading(const char *line)
{
    const char *const text = content_of(line);
    return *text == '[' && strcspn(text, "]") + 1 == strlen(text);
}

/* "[exchange:kraken]" is one of the section "exchange". */
static bool is_heading_of(const char *line, const char *word)
{
    const char *const text = content_of(line);
    const size_t len = strlen(word);

    return is_heading(line) && strncmp(text + 1, word, len) == 0 &&
           (text[1 + len] == ']' || text[1 + len] == ':');
}

/* A sentence in a comment begins behind one blank; keys do not. */
static bool is_text(const char *line)
{
    return line[0] == '#' && line[1] == ' ' && lines_indent(line + 1) < EXAMPLE_INDENT;
}

static bool is_example(const char *line)
{
    return line[0] == '#' && lines_indent(line + 1) >= EXAMPLE_INDENT && !is_heading(line);
}

/* The bit of the key that stands in the line; 0: none of the section. */
static uint64_t key_of(const char *line, const struct config_key *keys)
{
    const char *const text = content_of(line);
    const size_t len = strcspn(text, " =");

    if (is_text(line) || lines_indent(line) > 0 || text[len + strspn(text + len, " ")] != '=') {
        return 0;
    }
    for (int i = 0; i < KEYS_MAX && keys[i].name != NULL; i++) {
        const size_t n = strlen(keys[i].name);
        const bool is_it = config_key_is_prefix(&keys[i]) ? n > 0 && len > n : len == n;
        if (is_it && strncmp(text, keys[i].name, n) == 0) {
            return UINT64_C(1) << i;
        }
    }
    return 0;
}

/* -- reading --------------------------------------------------------------------------- */

static void add_note(struct notes *notes, size_t first, size_t end)
{
    struct note note = { .first = first, .end = end };
    bool has_text = false;

    for (size_t i = first; i < end; i++) {
        note.keys |= key_of(notes->ini->line[i], notes->section->keys);
        has_text = has_text || is_text(notes->ini->line[i]);
    }
    /* A key without a word about it, or beyond the limit, is missing, which is told. */
    if (note.keys != 0 && has_text && notes->n < NOTES_MAX) {
        notes->note[notes->n++] = note;
    }
}

static bool find_heading(struct notes *notes)
{
    const struct lines *const ini = notes->ini;

    for (size_t i = 0; i < ini->n; i++) {
        if (ini->line[i][0] == '\0') {
            notes->intro = i + 1;
        } else if (is_heading_of(ini->line[i], notes->section->word)) {
            notes->heading = i;
            return true;
        }
    }
    return false;
}

/* A note ends at an empty line; a '#' alone ends one too, if keys stand before it. */
static bool ends_note(const struct notes *notes, size_t first, size_t i)
{
    const char *const line = notes->ini->line[i];
    uint64_t keys = 0;

    if (line[0] == '\0') {
        return true;
    }
    for (size_t k = first; k < i && strcmp(line, "#") == 0; k++) {
        keys |= key_of(notes->ini->line[k], notes->section->keys);
    }
    return keys != 0;
}

/* The block in which the next section begins is that one's. */
static void read_notes(struct notes *notes)
{
    const struct lines *const ini = notes->ini;
    size_t first = notes->heading + 1;
    size_t i = first;

    for (; i < ini->n && !is_heading(ini->line[i]); i++) {
        if (ends_note(notes, first, i)) {
            add_note(notes, first, i);
            first = i + 1;
        }
    }
    if (i == ini->n) {
        add_note(notes, first, i);
    }
}

/* -- writing --------------------------------------------------------------------------- */

static const char *variable_of(const struct config_key *key)
{
    switch (key->store) {
    case STORE_TERMS:
        return "EXCHANGE";
    case STORE_INVENTORY:
    case STORE_WITHDRAWALS:
        return "ASSET";
    default:
        return config_key_is_prefix(key) ? "NAME" : "";
    }
}

static const char *kind_of(const struct config_key *key)
{
    switch (key->store) {
    case STORE_PATH:
        return "path";
    case STORE_PLUGIN:
        return "name or path";
    case STORE_SYMBOLS:
        return "list of symbols";
    default:
        return value_type_name(key->rule.type);
    }
}

static void put_facts(FILE *out, const struct config_key *key)
{
    char data[RANGE_MAX];
    struct arb_text range = arb_text_over(data, sizeof(data));

    value_describe_range(&key->rule, &range);
    (void)fputs(" (", out);
    roff_literal(out, kind_of(key), strlen(kind_of(key)));
    if (range.len > 0) {
        (void)fputs(": ", out);
        roff_literal(out, data, range.len);
    }
    if (key->is_required) {
        (void)fputs("; required", out);
    } else if (key->fallback != NULL) {
        (void)fputs("; default: ", out);
        roff_literal(out, key->fallback, strlen(key->fallback));
    }
    (void)fputs(")\n", out);
}

/* A line for each key of an entry: its name and what it takes. */
static void put_keys(FILE *out, const struct config_key *keys, uint64_t set)
{
    const char *macro = ".TP";

    for (int i = 0; i < KEYS_MAX; i++) {
        if ((set >> i & 1) != 0) {
            (void)fprintf(out, "%s\n\\fB%s\\fI%s\\fR", macro, keys[i].name, variable_of(&keys[i]));
            put_facts(out, &keys[i]);
            macro = ".TQ";
        }
    }
}

/* Text and examples; what is a value in use is left out, and so are defaults. */
static void put_lines(FILE *out, const struct lines *ini, size_t first, size_t end)
{
    bool was_example = false, is_new = false;

    while (first < end && !is_text(ini->line[first]) && !is_example(ini->line[first])) {
        first++;
    }
    for (size_t i = first; i < end; i++) {
        const char *const line = ini->line[i];
        const bool is_code = is_example(line);
        if (is_code != was_example) {
            (void)fputs(is_code ? ".IP\n.EX\n" : ".EE\n", out);
            is_new = !is_code;
        }
        was_example = is_code;
        if (is_code) {
            roff_code(out, line + 1); /* its blanks set it off */
        } else if (is_text(line)) {
            (void)fputs(is_new ? ".IP\n" : "", out);
            roff_text(out, content_of(line), ROFF_CODE);
            is_new = false;
        } else {
            is_new = is_new || strcmp(line, "#") == 0;
        }
    }
    (void)fputs(was_example ? ".EE\n" : "", out);
}

/* The keys that notes have in common with `keys`, theirs included. */
static uint64_t gather(const struct notes *notes, uint64_t keys)
{
    for (int i = 0; i < notes->n; i++) {
        keys |= (notes->note[i].keys & keys) != 0 ? notes->note[i].keys : 0;
    }
    return keys;
}

/* Notes that share a key are one entry. */
static uint64_t put_entry(FILE *out, const struct notes *notes, int begin)
{
    const uint64_t keys = gather(notes, notes->note[begin].keys);
    bool is_first = true;

    put_keys(out, notes->section->keys, keys);
    for (int i = begin; i < notes->n; i++) {
        if ((notes->note[i].keys & keys) != 0) {
            (void)fputs(is_first ? "" : ".IP\n", out);
            put_lines(out, notes->ini, notes->note[i].first, notes->note[i].end);
            is_first = false;
        }
    }
    return keys;
}

/* The key "" is the plugin's options, which have their own section of the page. */
static int tell_missing(const struct notes *notes, uint64_t seen)
{
    const struct config_key *const keys = notes->section->keys;
    int n = 0;

    for (int i = 0; keys[i].name != NULL; i++) {
        if (keys[i].name[0] != '\0' && (i >= KEYS_MAX || (seen >> i & 1) == 0)) {
            (void)fprintf(stderr,
                          "etc/arbspot.ini says nothing of %s in [%s]: write `#%s = ...` below the "
                          "comment that explains it\n",
                          keys[i].name, notes->section->word, keys[i].name);
            n++;
        }
    }
    return n;
}

int notes_section(FILE *out, const struct lines *ini, const struct config_section *section)
{
    struct notes notes = { .ini = ini, .section = section };
    uint64_t seen = 0;

    if (!find_heading(&notes)) {
        return tell_missing(&notes, 0);
    }
    read_notes(&notes);
    (void)fprintf(out, ".SS \"[%s%s]\"\n", section->word,
                  !section->is_named                      ? ""
                  : strchr(section->example, '/') != NULL ? ":SYMBOL"
                                                          : ":NAME");
    put_lines(out, ini, notes.intro, notes.heading);
    for (int i = 0; i < notes.n; i++) {
        if ((notes.note[i].keys & seen) == 0) {
            seen |= put_entry(out, &notes, i);
        }
    }
    return tell_missing(&notes, seen);
}

/* -- the format ------------------------------------------------------------------------ */

/* "#   ; or #     starts a comment": what is written, and what it means. */
static void put_item(FILE *out, const char *line)
{
    const char *const gap = strstr(line, "  ");

    if (gap == NULL) {
        roff_text(out, line, ROFF_CODE);
        return;
    }
    (void)fputs(".TP\n\\fB", out);
    roff_literal(out, line, (size_t)(gap - line));
    (void)fputs("\\fR\n", out);
    roff_text(out, gap + lines_indent(gap), ROFF_CODE);
}

bool notes_format(FILE *out, const struct lines *ini)
{
    size_t i = 0;

    while (i < ini->n && strcmp(ini->line[i], FORMAT) != 0) {
        i++;
    }
    if (i == ini->n) {
        return false;
    }
    roff_heading(out, "SH", content_of(FORMAT));
    for (i++; i < ini->n && lines_indent(ini->line[i] + 1) > ITEM_INDENT; i++) {
        const char *const line = content_of(ini->line[i]);
        if (lines_indent(ini->line[i] + 1) == EXAMPLE_INDENT) {
            put_item(out, line);
        } else {
            roff_text(out, line, ROFF_CODE);
        }
    }
    return true;
}
