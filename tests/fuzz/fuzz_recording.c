/* Recordings: any file is read or refused, and every record lies inside of the file. */
#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "replay/recording.h"

enum { PATH_LEN = 64 };

/* Reads every byte the records name, for the sanitizer to see. */
static unsigned touch(struct arb_bytes bytes)
{
    unsigned sum = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        sum += (unsigned char)bytes.data[i];
    }
    return sum;
}

static void check(struct recording *recording)
{
    volatile unsigned sum = 0; /* volatile, or the reading would be left out */
    int64_t last_ns = INT64_MIN;

    recording_sort(recording);
    for (size_t i = 0; i < recording->n; i++) {
        const struct record *const record = &recording->records[i];
        sum = sum + touch(record->url) + touch(record->data);
        if (record->ns < last_ns) {
            fuzz_fail("out of order", "");
        }
        last_ns = record->ns;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct recording recording = { 0 };
    struct err err = { 0 };
    char path[PATH_LEN];
    const int file = memfd_create("fuzz", 0);

    if (file < 0 || write(file, data, len) != (ssize_t)len) {
        exit(EXIT_FAILURE);
    }
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    if (recording_add(&recording, path, &err) == 0) {
        check(&recording);
    } else if (recording.n != 0 || err.text[0] == '\0') {
        fuzz_fail("refused without a word", path);
    }
    recording_fini(&recording);
    (void)close(file);
    return 0;
}
