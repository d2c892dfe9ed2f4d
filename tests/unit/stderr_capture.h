/*
 * stderr_capture.h - what a test's subject writes to the log.
 */
#ifndef ARB_STDERR_CAPTURE_H
#define ARB_STDERR_CAPTURE_H

#include <assert.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct stderr_capture {
    int file, original;
    char text[32768]; /* set by end(); what is longer is cut */
};

static inline void stderr_capture_begin(struct stderr_capture *capture)
{
    capture->file = memfd_create("stderr", MFD_CLOEXEC);
    capture->original = dup(STDERR_FILENO);
    assert(capture->file >= 0 && capture->original >= 0);
    (void)dup2(capture->file, STDERR_FILENO);
}

static inline const char *stderr_capture_end(struct stderr_capture *capture)
{
    (void)dup2(capture->original, STDERR_FILENO);
    const ssize_t len = pread(capture->file, capture->text, sizeof(capture->text) - 1, 0);
    assert(len >= 0);
    capture->text[len] = '\0';
    (void)close(capture->file);
    (void)close(capture->original);
    return capture->text;
}

/* How often `word` occurs. */
static inline unsigned count_of(const char *text, const char *word)
{
    unsigned n = 0;

    for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word)) {
        n++;
    }
    return n;
}

#endif /* ARB_STDERR_CAPTURE_H */
