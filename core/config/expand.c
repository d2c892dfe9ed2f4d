#include "config/expand.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arbspot/text.h"
#include "config/quote.h"

enum { NAME_MAX_LEN = 64, PATH_LEN_MAX = 4096, ORIGIN_MAX = 256, ORIGIN_SHOWN_MAX = 128 };

static const char name_chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
static const char digits[] = "0123456789";

static bool has_control(const char *text)
{
    for (; *text != '\0'; text++) {
        if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f) {
            return true;
        }
    }
    return false;
}

/* -- the environment ------------------------------------------------------------------ */

/* The name in the "${NAME}" that the text begins with; of length 0 with the error set. */
static struct arb_bytes read_name(const char *text, struct err *err)
{
    const struct arb_bytes name = { .data = text + 2, .len = strspn(text + 2, name_chars) };
    const bool is_named = name.len > 0 && strchr(digits, name.data[0]) == NULL;

    if (is_named && name.data[name.len] == '}') {
        return name;
    }
    if (strchr(name.data, '}') == NULL) {
        (void)err_set(err, ARB_EINVAL, "a '${' without its '}': close it, or write $${ for ${");
    } else {
        (void)err_set(err, ARB_EINVAL,
                      "between ${ and } stands the name of a variable, letters, digits and '_': "
                      "write $${ where ${ is meant as it stands");
    }
    return (struct arb_bytes){ .data = text, .len = 0 };
}

/* What the environment has under the name, or NULL with the error set. */
static const char *look_up(struct arb_bytes name, struct err *err)
{
    char terminated[NAME_MAX_LEN + 1];

    if (name.len >= sizeof(terminated)) {
        (void)err_set(err, ARB_EINVAL, "the name of a variable has at most %d bytes",
                      (int)NAME_MAX_LEN);
        return NULL;
    }
    memcpy(terminated, name.data, name.len);
    terminated[name.len] = '\0';
    const char *const value = getenv(terminated);
    if (value == NULL || value[0] == '\0') {
        (void)err_set(err, ARB_EINVAL,
                      value == NULL
                          ? "${%s} is not set: the environment of arbspot has no such variable"
                          : "${%s} is empty: the environment of arbspot has it without a value",
                      terminated);
        return NULL;
    }
    if (has_control(value)) {
        (void)err_set(err, ARB_EINVAL,
                      "what ${%s} gives has a line break or another control character in it",
                      terminated);
        return NULL;
    }
    return value;
}

/* One step of replace(): what the text goes on with, and how much of the text that uses up. */
struct piece {
    struct arb_bytes bytes;
    size_t used;
    struct arb_bytes name; /* of the variable; of length 0 without one */
};

static int next_piece(const char *text, struct piece *piece, struct err *err)
{
    *piece = (struct piece){ .bytes = { .data = text, .len = 1 }, .used = 1 };
    if (strncmp(text, "$${", 3) == 0) {
        piece->bytes = (struct arb_bytes){ .data = text + 1, .len = 2 };
        piece->used = 3;
    } else if (strncmp(text, "${", 2) == 0) {
        piece->name = read_name(text, err);
        const char *const value = piece->name.len == 0 ? NULL : look_up(piece->name, err);
        if (value == NULL) {
            return ARB_EINVAL;
        }
        piece->bytes = (struct arb_bytes){ .data = value, .len = strlen(value) };
        piece->used = piece->name.len + 3;
    }
    return ARB_OK;
}

/* Replaces each ${NAME} in `text`; `name` gets the first. `out` has EXPAND_VALUE_MAX + 1 bytes. */
static int replace(const char *text, char *out, struct arb_bytes *name, struct err *err)
{
    struct piece piece;
    size_t len = 0;

    *name = (struct arb_bytes){ .data = NULL, .len = 0 };
    for (; *text != '\0'; text += piece.used) {
        const int rc = next_piece(text, &piece, err);
        if (rc != ARB_OK) {
            return rc;
        }
        if (piece.bytes.len > EXPAND_VALUE_MAX - len) {
            return err_set(err, ARB_EINVAL, "the value is longer than %d bytes",
                           (int)EXPAND_VALUE_MAX);
        }
        memcpy(out + len, piece.bytes.data, piece.bytes.len);
        len += piece.bytes.len;
        *name = name->len == 0 ? piece.name : *name;
    }
    out[len] = '\0';
    return ARB_OK;
}

/* -- files ---------------------------------------------------------------------------- */

static int refuse_file(const char *path, const char *why, struct err *err)
{
    return err_set(err, ARB_EINVAL, "the file %.200s %s", path, why);
}

/* PEM is the one kind of value that has lines. */
static int check_content(const char *path, char *text, size_t len, struct err *err)
{
    static const char pem[] = "-----BEGIN ";

    if (len > 0 && text[len - 1] == '\n') {
        text[--len] = '\0';
    }
    if (len > 0 && text[len - 1] == '\r') {
        text[--len] = '\0';
    }
    if (len == 0) {
        return refuse_file(path, "is empty: its first line is to be the value", err);
    }
    if (strlen(text) != len) {
        return refuse_file(path, "has a NUL byte in it: it is not a text", err);
    }
    if (strncmp(text, pem, strlen(pem)) != 0 && has_control(text)) {
        return refuse_file(path,
                           "has more than one line, or a control character: a value is one line, "
                           "or a certificate or key in PEM",
                           err);
    }
    return ARB_OK;
}

static int read_content(const char *path, int fd, char *text, struct err *err)
{
    size_t len = 0;
    ssize_t n = 1;

    while (n > 0 && len <= EXPAND_FILE_MAX) {
        n = read(fd, text + len, EXPAND_FILE_MAX + 1 - len);
        len += n > 0 ? (size_t)n : 0;
    }
    if (n < 0) {
        return err_set(err, ARB_EINVAL, "the file %.200s cannot be read: %s", path,
                       strerror(errno));
    }
    if (len > EXPAND_FILE_MAX) {
        return refuse_file(path, "is larger than 65536 bytes: is this the right one?", err);
    }
    text[len] = '\0';
    return check_content(path, text, len, err);
}

/* `text` has room for EXPAND_VALUE_MAX + 1 bytes. */
static int read_file(const char *path, char *text, bool *is_open, struct err *err)
{
    struct stat status;
    /* Whatever else it is, it is not waited for. */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0) {
        return err_set(err, ARB_EINVAL,
                       "the file %.200s cannot be read: %s%s; a value that begins with '@' and "
                       "means no file is put in quotes",
                       path, strerror(errno),
                       path[0] == '/' ? "" : ", as seen from the current folder");
    }
    const bool is_known = fstat(fd, &status) == 0;
    *is_open = !is_known || (status.st_mode & (S_IRWXG | S_IRWXO)) != 0;
    const int rc = is_known && S_ISREG(status.st_mode)
                       ? read_content(path, fd, text, err)
                       : refuse_file(path, "is a folder or a device: name a file", err);
    (void)close(fd); /* only read from */
    return rc;
}

/* -- values --------------------------------------------------------------------------- */

static int set_origin(const struct expand_place *place, struct arb_bytes what, const char *verb,
                      struct expanded *out)
{
    char *const origin = pool_alloc(place->pool, ORIGIN_MAX);

    if (origin == NULL) {
        return ARB_ENOMEM;
    }
    (void)snprintf(origin, ORIGIN_MAX, "what %.*s %s",
                   (int)(what.len < ORIGIN_SHOWN_MAX ? what.len : ORIGIN_SHOWN_MAX), what.data,
                   verb);
    out->origin = origin;
    return ARB_OK;
}

static int keep(const struct expand_place *place, const char *text, struct expanded *out)
{
    out->text = pool_text(place->pool, (struct arb_bytes){ .data = text, .len = strlen(text) });
    return out->text == NULL ? ARB_ENOMEM : ARB_OK;
}

static int expand_plain(const struct expand_place *place, const char *raw, char *text,
                        struct expanded *out, struct err *err)
{
    struct arb_bytes name;
    int rc = replace(raw, text, &name, err);

    if (rc == ARB_OK && name.len > 0) {
        const struct arb_bytes written = { .data = name.data - 2, .len = name.len + 3 };
        rc = set_origin(place, written, "gives", out);
    }
    return rc == ARB_OK ? keep(place, text, out) : rc;
}

/* The name of the file is replaced in, its content is not. */
static int expand_file(const struct expand_place *place, const char *raw, char *text,
                       struct expanded *out, struct err *err)
{
    const struct arb_bytes written = { .data = raw, .len = strlen(raw) };
    struct arb_bytes ignored;
    char path[PATH_LEN_MAX];

    int rc = replace(raw + 1, text, &ignored, err);
    if (rc != ARB_OK) {
        return rc;
    }
    const int len = snprintf(path, sizeof(path), "%s%s", text[0] == '/' ? "" : place->folder, text);
    if (text[0] == '\0' || len < 0 || len >= (int)sizeof(path)) {
        return err_set(err, ARB_EINVAL,
                       "'@' is followed by the name of a file: put the value in quotes if that is "
                       "not meant");
    }
    rc = read_file(path, text, &out->is_open, err);
    if (rc == ARB_OK) {
        rc = set_origin(place, written, "holds", out);
    }
    return rc == ARB_OK ? keep(place, text, out) : rc;
}

static int expand_quoted(const struct expand_place *place, const char *raw, char *text,
                         struct expanded *out, struct err *err)
{
    const struct arb_bytes whole = { .data = raw, .len = strlen(raw) };
    char *const opened = pool_alloc(place->pool, whole.len + 1);

    if (opened == NULL) {
        return ARB_ENOMEM;
    }
    if (quote_len(whole) != whole.len) {
        return err_set(err, ARB_EINVAL,
                       "text behind the closing quote, or none: a quoted value has one line");
    }
    quote_open(whole, opened);
    if (raw[0] == '"') {
        return expand_plain(place, opened, text, out, err);
    }
    out->text = opened;
    return ARB_OK;
}

int expand(const struct expand_place *place, const char *raw, struct expanded *out, struct err *err)
{
    char *const text = malloc(EXPAND_VALUE_MAX + 1);
    int rc;

    *out = (struct expanded){ .text = NULL };
    if (text == NULL) {
        return ARB_ENOMEM;
    }
    if (quote_is_mark(raw[0])) {
        rc = expand_quoted(place, raw, text, out, err);
    } else if (raw[0] == '@') {
        rc = expand_file(place, raw, text, out, err);
    } else {
        rc = expand_plain(place, raw, text, out, err);
    }
    free(text);
    return rc;
}
