/* A file that the harness writes is there whole, or the one before it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../harness/file.h"

enum { PATH_LEN = 64 };

struct place {
    char folder[PATH_LEN];
    char path[PATH_LEN + 16];
};

static int set_up(void **state)
{
    struct place *const place = calloc(1, sizeof(*place));

    assert_non_null(place);
    (void)snprintf(place->folder, sizeof(place->folder), "/tmp/arbspot-file-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    (void)snprintf(place->path, sizeof(place->path), "%s/x.golden", place->folder);
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *const place = *state;

    (void)unlink(place->path);
    assert_int_equal(0, rmdir(place->folder)); /* nothing else was left there */
    free(place);
    return 0;
}

static int write_text(const struct place *place, const char *text, struct err *err)
{
    return file_write(place->path, (struct arb_bytes){ text, strlen(text) }, err);
}

static void expect_text(const struct place *place, const char *want)
{
    struct err err = { .rc = ARB_OK };
    char *text = NULL;
    size_t len = 0;

    assert_int_equal(ARB_OK, file_read(place->path, 100, &text, &len, &err));
    assert_string_equal(want, text);
    free(text);
}

static void file_is_made_and_replaced(void **state)
{
    const struct place *const place = *state;
    struct err err = { .rc = ARB_OK };
    struct stat status;

    (void)umask(022);
    assert_int_equal(ARB_OK, write_text(place, "one", &err));
    expect_text(place, "one");
    assert_int_equal(ARB_OK, write_text(place, "two", &err));
    expect_text(place, "two");
    assert_int_equal(0, stat(place->path, &status));
    assert_int_equal(0644, status.st_mode & 0777);
}

/* As on a full disk: what is written fails in its middle. */
static void old_file_stays_when_there_is_no_room(void **state)
{
    const struct place *const place = *state;
    struct err err = { .rc = ARB_OK };
    struct rlimit before;

    assert_int_equal(ARB_OK, write_text(place, "old", &err));
    assert_int_equal(0, getrlimit(RLIMIT_FSIZE, &before));
    const struct rlimit small = { 4, before.rlim_max };
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &small));
    const int rc = write_text(place, "newer", &err);
    assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &before));
    assert_int_equal(ARB_EINVAL, rc);
    assert_non_null(strstr(err.text, "x.golden: cannot be written, and stays as it was: "));
    expect_text(place, "old");
}

static void what_is_no_file_is_written_to(void **state)
{
    struct err err = { .rc = ARB_OK };
    struct stat status;

    (void)state;
    assert_int_equal(ARB_OK, file_write("/dev/null", (struct arb_bytes){ "x", 1 }, &err));
    assert_int_equal(0, stat("/dev/null", &status));
    assert_true(S_ISCHR(status.st_mode));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(file_is_made_and_replaced),
        TEST(old_file_stays_when_there_is_no_room),
        TEST(what_is_no_file_is_written_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
