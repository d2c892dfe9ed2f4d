#include "session/scales_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "config/symbol_list.h"

enum {
    PATH_LEN_MAX = 4096,
    FILE_MODE = 0644,
    LINE_LEN_MAX = 256,
    WORDS_MAX = 3,
    LOCK_PAUSE_MS = 5,
    LOCK_PATIENCE_MS = 1000,
};

struct words {
    char text[LINE_LEN_MAX];
    const char *word[WORDS_MAX];
    unsigned n; /* counted on behind WORDS_MAX */
};

static int fail(const struct scales_file *file, struct err *err, const char *what)
{
    return err_set(err, ARB_EINVAL, "scales_file %s: %s: %s", file->path, what, strerror(errno));
}

static int path_with(const struct scales_file *file, const char *suffix, char out[PATH_LEN_MAX],
                     struct err *err)
{
    const int len = snprintf(out, PATH_LEN_MAX, "%s%s", file->path, suffix);

    return len > 0 && len < PATH_LEN_MAX
               ? ARB_OK
               : err_set(err, ARB_ELIMIT, "scales_file: the path is too long");
}

int scales_file_open(struct scales_file *file, const char *path, struct err *err)
{
    char lock[PATH_LEN_MAX];

    *file = (struct scales_file){ .path = path, .lock_fd = -1 };
    const int rc = path_with(file, ".lock", lock, err);
    if (rc != ARB_OK) {
        return rc;
    }
    file->lock_fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
    return file->lock_fd >= 0 ? ARB_OK : fail(file, err, "its lock cannot be opened");
}

void scales_file_close(struct scales_file *file)
{
    if (file->path != NULL && file->lock_fd >= 0) {
        (void)close(file->lock_fd); /* nothing was written to it */
    }
    free(file->text);
    *file = (struct scales_file){ .lock_fd = -1 };
}

/* Other hosts hold it for as long as a small file takes: a venue does not wait longer for it. */
int scales_file_lock(struct scales_file *file, struct err *err)
{
    static const struct timespec pause = { .tv_nsec = LOCK_PAUSE_MS * 1000000 };
    int rc = flock(file->lock_fd, LOCK_EX | LOCK_NB);

    for (int ms = 0; rc != 0 && ms < LOCK_PATIENCE_MS; ms += LOCK_PAUSE_MS) {
        (void)nanosleep(&pause, NULL); /* a signal cuts it short: then it is tried sooner */
        rc = flock(file->lock_fd, LOCK_EX | LOCK_NB);
    }
    return rc == 0 ? ARB_OK : fail(file, err, "another program holds its lock");
}

void scales_file_unlock(struct scales_file *file)
{
    (void)flock(file->lock_fd, LOCK_UN); /* fails for bad descriptors only */
}

static int read_all(struct scales_file *file, int fd, size_t len, struct err *err)
{
    char *const text = malloc(len + 1);
    size_t at = 0;

    if (text == NULL) {
        return err_set(err, ARB_ENOMEM, "scales_file %s: memory is exhausted", file->path);
    }
    for (ssize_t n = 1; at < len && n > 0;) {
        n = read(fd, text + at, len - at);
        if (n < 0) {
            free(text);
            return fail(file, err, "it cannot be read");
        }
        at += (size_t)n;
    }
    text[at] = '\0';
    free(file->text);
    file->text = text;
    file->len = at;
    return ARB_OK;
}

static int read_open(struct scales_file *file, int fd, struct err *err)
{
    struct stat status;

    if (fstat(fd, &status) != 0) {
        return fail(file, err, "it cannot be read");
    }
    if (!S_ISREG(status.st_mode)) {
        return err_set(err, ARB_EINVAL,
                       "scales_file %s is no regular file: name one, or one that is not there yet",
                       file->path);
    }
    if (status.st_size > SCALES_FILE_MAX) {
        return err_set(err, ARB_ELIMIT, "scales_file %s: more than %d bytes", file->path,
                       (int)SCALES_FILE_MAX);
    }
    return read_all(file, fd, (size_t)status.st_size, err);
}

int scales_file_read(struct scales_file *file, struct err *err)
{
    /* A pipe or a device is not waited for. */
    const int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0 && errno != ENOENT) {
        return fail(file, err, "it cannot be opened");
    }
    if (fd < 0) {
        free(file->text);
        file->text = NULL;
        file->len = 0;
        return ARB_OK;
    }
    const int rc = read_open(file, fd, err);
    (void)close(fd); /* nothing was written */
    return rc;
}

/* Cuts a line at its comment and into words. False: it is too long. */
static bool split(const char *line, size_t len, struct words *words)
{
    words->n = 0;
    if (len >= sizeof(words->text)) {
        return false;
    }
    memcpy(words->text, line, len);
    words->text[len] = '\0';
    words->text[strcspn(words->text, "#;\r")] = '\0';
    for (char *at = words->text + strspn(words->text, " \t"); *at != '\0';) {
        if (words->n < WORDS_MAX) {
            words->word[words->n] = at;
        }
        words->n++;
        at += strcspn(at, " \t");
        const size_t blanks = strspn(at, " \t");
        *(blanks > 0 ? at : at + strlen(at)) = '\0';
        at += blanks;
    }
    return true;
}

static bool read_scale(const char *text, uint8_t *scale)
{
    const size_t len = strspn(text, "0123456789");
    unsigned value = 0;

    if (len == 0 || len > 2 || text[len] != '\0') {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        value = value * 10 + (unsigned)(text[i] - '0');
    }
    *scale = (uint8_t)value;
    return value <= ARB_SCALE_MAX;
}

static int read_words(const struct words *words, struct scales_line *line, struct err *err)
{
    if (words->n != WORDS_MAX || !read_scale(words->word[1], &line->scale.px) ||
        !read_scale(words->word[2], &line->scale.qty)) {
        return err_set(err, ARB_EINVAL,
                       "write a symbol and its two scales from 0 to 18, like BTC/USD 4 8");
    }
    const int rc = symbol_check(words->word[0], false, err);
    if (rc == ARB_OK) {
        (void)snprintf(line->symbol, sizeof(line->symbol), "%s", words->word[0]); /* it fits */
    }
    return rc;
}

int scales_file_next(const struct scales_file *file, struct scales_line *line, struct err *err)
{
    struct words words = { .n = 0 };
    int rc = ARB_OK;

    line->symbol[0] = '\0';
    while (words.n == 0 && rc == ARB_OK) {
        if (line->next >= file->len) {
            return ARB_OK;
        }
        const char *const start = file->text + line->next;
        const char *const end = memchr(start, '\n', file->len - line->next);
        const size_t len = end == NULL ? file->len - line->next : (size_t)(end - start);
        line->next += len + 1;
        line->number++;
        if (!split(start, len, &words)) {
            rc = err_set(err, ARB_EINVAL, "the line is too long");
        }
    }
    if (rc == ARB_OK) {
        rc = read_words(&words, line, err);
    }
    if (rc != ARB_OK) {
        (void)err_prefix(err, "%s:%u: ", file->path, line->number);
    }
    return rc;
}

static bool write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        const ssize_t n = write(fd, data, len);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        data += n < 0 ? 0 : n;
        len -= n < 0 ? 0 : (size_t)n;
    }
    return true;
}

static bool write_text(const struct scales_file *file, int fd, const char *lines, size_t len)
{
    const bool is_cut = file->len > 0 && file->text[file->len - 1] != '\n';

    return write_all(fd, file->text, file->len) && write_all(fd, "\n", is_cut ? 1 : 0) &&
           write_all(fd, lines, len) && fsync(fd) == 0;
}

int scales_file_append(struct scales_file *file, const char *lines, size_t len, struct err *err)
{
    char temporary[PATH_LEN_MAX];
    const int rc = path_with(file, ".tmp", temporary, err);

    if (rc != ARB_OK) {
        return rc;
    }
    const int fd =
        open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, FILE_MODE);
    if (fd < 0) {
        return fail(file, err, "its replacement cannot be written");
    }
    const bool is_written = write_text(file, fd, lines, len);
    if (close(fd) != 0 || !is_written || rename(temporary, file->path) != 0) {
        const int failed = fail(file, err, "its replacement cannot be written");
        (void)unlink(temporary); /* what is left of it does no harm */
        return failed;
    }
    return ARB_OK;
}
