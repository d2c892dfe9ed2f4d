#include "manual/roff.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

static const char ROMAN[] = "\\fR", BOLD[] = "\\fB", ITALIC[] = "\\fI";

/* The bytes of the UTF-8 sequence at `text`, and the character; a stray byte counts as itself. */
static size_t read_character(const char *text, unsigned *character)
{
    const unsigned char first = (unsigned char)*text;
    const size_t len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
    unsigned value = len == 1 ? first : first & (0x7fU >> len);

    for (size_t i = 1; i < len; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            *character = first;
            return 1;
        }
        value = value << 6 | (unsigned)(text[i] & 0x3f);
    }
    *character = value;
    return len;
}

/* One character; a '-' that is to be copied from the page, or is part of a word, is a minus. */
static size_t put_character(FILE *out, const char *text)
{
    static const char special[] = "\\'`^~\"-";
    static const char *const names[] = {
        "\\e", "\\(aq", "\\(ga", "\\(ha", "\\(ti", "\\(dq", "\\-"
    };
    unsigned character;
    const size_t len = read_character(text, &character);
    const char *const at = character == 0 ? NULL : strchr(special, (int)character);

    if (len > 1 || character > 0x7f) {
        (void)fprintf(out, "\\[u%04X]", character);
    } else if (at != NULL) {
        (void)fputs(names[at - special], out);
    } else {
        (void)fputc((int)character, out);
    }
    return len;
}

void roff_literal(FILE *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        i += put_character(out, text + i);
    }
}

/* A dot at the start of a line would be a request. */
static void begin_line(FILE *out, const char *text)
{
    if (*text == '.') {
        (void)fputs("\\&", out);
    }
}

void roff_code(FILE *out, const char *line)
{
    begin_line(out, line);
    roff_literal(out, line, strlen(line));
    (void)fputc('\n', out);
}

/* -- filled text ----------------------------------------------------------------------- */

struct filling {
    FILE *out;
    enum roff_marks marks;
    bool is_bold, is_in_link;
};

/* "`code`": returns how much that is; 0: no code begins here. Code is not broken at its hyphens. */
static size_t put_code(const struct filling *f, const char *text)
{
    const char *const end = *text == '`' ? strchr(text + 1, '`') : NULL;

    if (end == NULL) {
        return 0;
    }
    (void)fputs(BOLD, f->out);
    for (const char *at = text + 1; at < end;) {
        if (*at == '\n') {
            (void)fputc(' ', f->out); /* the span went on in the next line */
            at++;
        } else {
            at += put_character(f->out, at);
        }
    }
    (void)fputs(f->is_bold ? BOLD : ROMAN, f->out);
    return (size_t)(end - text) + 1;
}

static bool is_link(const char *text)
{
    const char *const end = strstr(text, "](");
    return *text == '[' && end != NULL && strcspn(text + 1, "[\n") > (size_t)(end - text - 1);
}

/* The marks of Markdown; returns how much was read, 0: there is none here. */
static size_t put_mark(struct filling *f, const char *text)
{
    if (f->marks != ROFF_MARKDOWN) {
        return 0;
    }
    if (strncmp(text, "**", 2) == 0) {
        f->is_bold = !f->is_bold;
        (void)fputs(f->is_bold ? BOLD : ROMAN, f->out);
        return 2;
    }
    if (!f->is_in_link && is_link(text)) {
        f->is_in_link = true;
        return 1;
    }
    if (f->is_in_link && strncmp(text, "](", 2) == 0) {
        f->is_in_link = false;
        const char *const end = strchr(text, ')');
        return end == NULL ? 2 : (size_t)(end - text) + 1;
    }
    return 0;
}

/* A hyphen inside a word stays one, where a line may be broken. */
static size_t put_plain(const struct filling *f, const char *text, char before)
{
    if (*text == '\n') {
        (void)fputc('\n', f->out);
        begin_line(f->out, text + 1);
        return 1;
    }
    if (*text == '-' && isalnum((unsigned char)before)) {
        (void)fputc('-', f->out);
        return 1;
    }
    return put_character(f->out, text);
}

void roff_text(FILE *out, const char *text, enum roff_marks marks)
{
    struct filling f = { .out = out, .marks = marks };
    char before = ' ';

    begin_line(out, text);
    while (*text != '\0') {
        size_t n = put_code(&f, text);
        if (n == 0) {
            n = put_mark(&f, text);
        }
        if (n == 0) {
            n = put_plain(&f, text, before);
        }
        before = text[n - 1];
        text += n;
    }
    (void)fputs("\n", out);
}

/* -- options and calls ----------------------------------------------------------------- */

static const char *face_of(const char *word, size_t len, bool is_name)
{
    if (is_name || *word == '-') {
        return BOLD;
    }
    return len > 0 && isalpha((unsigned char)*word) ? ITALIC : ROMAN;
}

/* Words by their kind, and what stands between them. The first `n_names` are names. */
static void put_words(FILE *out, const char *text, int n_names)
{
    static const char part[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    while (*text != '\0') {
        const size_t len = strspn(text, part);
        if (len > 0) {
            (void)fputs(face_of(text, len, n_names > 0), out);
            roff_literal(out, text, len);
            (void)fputs(ROMAN, out);
            n_names--;
            text += len;
        } else {
            text += put_character(out, text);
        }
    }
}

void roff_option(FILE *out, const char *text)
{
    put_words(out, text, *text == '-' ? 0 : 1);
    (void)fputc('\n', out);
}

void roff_synopsis(FILE *out, const char *text, int n_names)
{
    size_t len = 0;

    for (int i = 0; i < n_names; i++) {
        len += strspn(text + len, " ");
        len += strcspn(text + len, " ");
    }
    (void)fputs(".SY \"", out);
    roff_literal(out, text, len);
    (void)fputs("\"\n", out);
    put_words(out, text + len + strspn(text + len, " "), 0);
    (void)fputs("\n.YS\n", out);
}

void roff_heading(FILE *out, const char *macro, const char *text)
{
    (void)fprintf(out, ".%s \"", macro);
    if (strcmp(macro, "SH") == 0) {
        for (; *text != '\0'; text++) {
            const char upper = (char)toupper((unsigned char)*text);
            roff_literal(out, &upper, 1);
        }
    } else {
        roff_literal(out, text, strlen(text));
    }
    (void)fputs("\"\n", out);
}
