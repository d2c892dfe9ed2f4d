/* arbspot new: a plugin to begin with. */
#include "cmd/cmd.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arbspot/text.h"
#include "cmd/arguments.h"
#include "cmd/skeleton.h"
#include "plugin/loader.h"
#include "plugin/plugins.h"
#include "util/harmless.h"

static const char usage[] =
    "Usage: arbspot new NAME [--into DIR]\n"
    "\n"
    "Writes the folder NAME with an exchange plugin of that name: it works, for a venue that does\n"
    "not exist, builds against an installed arbspot, and comes with its tests. README.md in it\n"
    "says what to do next.\n"
    "NAME is 1 to 31 small letters, digits and '_', and does not begin with a digit.\n"
    "\n"
    "  -i, --into DIR  where the folder goes (here)\n"
    "  -h, --help      this text\n"
    "\n"
    "Exit status: 0 it is there, 1 it could not be written, and then nothing is, 64 wrong usage.\n";

/*
 * The folder is filled under a name of its own, with a dot in front, and then gets the one that was
 * asked for: so under that name there is all of it or nothing.
 */
struct work {
    const char *name, *into;
    char folder[PLUGIN_PATH_MAX]; /* as it is filled */
    char target[PLUGIN_PATH_MAX];
};

/* The path of a file of the skeleton, with the plugin's name in it. False: it is too long. */
static bool put_path(const struct work *work, const char *path, char *out, size_t cap)
{
    struct arb_text text = arb_text_over(out, cap);
    const char *const mark = strstr(path, SKELETON_NAME);
    const int before = (int)(mark == NULL ? strlen(path) : (size_t)(mark - path));

    arb_text_add(&text, "%s/%.*s%s%s", work->folder, before, path, mark == NULL ? "" : work->name,
                 mark == NULL ? "" : mark + strlen(SKELETON_NAME));
    return arb_text_fits(&text);
}

/* -- writing --------------------------------------------------------------------------- */

static bool make_parents(const struct work *work, char *path)
{
    bool is_made = true;

    for (char *p = path + strlen(work->folder) + 1; is_made && (p = strchr(p, '/')) != NULL; p++) {
        *p = '\0';
        is_made = mkdir(path, 0777) == 0 || errno == EEXIST;
        *p = '/';
    }
    return is_made;
}

/* Puts the plugin's name for the skeleton's. What goes wrong shows when the file is closed. */
static void put_text(FILE *out, const struct skeleton_file *file, const char *name)
{
    const char *at = (const char *)file->text;
    const char *const end = at + file->len;
    const char *mark;

    while ((mark = memmem(at, (size_t)(end - at), SKELETON_NAME, strlen(SKELETON_NAME))) != NULL) {
        (void)fwrite(at, 1, (size_t)(mark - at), out);
        (void)fputs(name, out);
        at = mark + strlen(SKELETON_NAME);
    }
    (void)fwrite(at, 1, (size_t)(end - at), out);
}

static bool is_program(const struct skeleton_file *file)
{
    return file->len > 2 && memcmp(file->text, "#!", 2) == 0;
}

static bool write_file(const struct work *work, const struct skeleton_file *file)
{
    char path[PLUGIN_PATH_MAX];

    errno = ENAMETOOLONG;
    if (!put_path(work, file->path, path, sizeof(path)) || !make_parents(work, path)) {
        return false;
    }
    const int fd =
        open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, is_program(file) ? 0777 : 0666);
    if (fd < 0) {
        return false;
    }
    FILE *const out = fdopen(fd, "w");
    if (out == NULL) {
        (void)close(fd); /* nothing was written */
        return false;
    }
    put_text(out, file, work->name);
    const bool is_whole = ferror(out) == 0;
    return fclose(out) == 0 && is_whole;
}

/* Takes away what was written, and nothing else: a folder goes when it is empty. */
static void remove_all(const struct work *work)
{
    char path[PLUGIN_PATH_MAX];

    for (const struct skeleton_file *f = skeleton_files; f->path != NULL; f++) {
        if (!put_path(work, f->path, path, sizeof(path))) {
            continue;
        }
        (void)unlink(path); /* it may not be there */
        for (char *slash; (slash = strrchr(path, '/')) > path + strlen(work->folder);) {
            *slash = '\0';
            (void)rmdir(path); /* or not, or not empty yet */
        }
    }
    (void)rmdir(work->folder); /* all that was in it is ours */
}

/* The folder may be read by whoever the caller lets. */
static bool open_folder(const struct work *work)
{
    const mode_t mask = umask(0);

    (void)umask(mask); /* it can only be asked for by setting it */
    return chmod(work->folder, 0777 & ~mask) == 0;
}

/* Some file systems cannot tell both in one: there somebody else has to be quicker than that. */
static bool give_name(const struct work *work)
{
    struct stat status;

    if (renameat2(AT_FDCWD, work->folder, AT_FDCWD, work->target, RENAME_NOREPLACE) == 0) {
        return true;
    }
    if (errno != EINVAL && errno != ENOSYS) {
        return false;
    }
    if (lstat(work->target, &status) == 0) {
        errno = EEXIST;
        return false;
    }
    return rename(work->folder, work->target) == 0;
}

static bool fill_folder(const struct work *work)
{
    for (const struct skeleton_file *f = skeleton_files; f->path != NULL; f++) {
        if (!write_file(work, f)) {
            return false;
        }
    }
    return open_folder(work) && give_name(work);
}

/* -- the command ----------------------------------------------------------------------- */

static int refuse_name(const char *name)
{
    harmless_line(
        stderr,
        "arbspot new: '%s' is no name of a plugin: give 1 to %d small letters, digits and "
        "'_', the first one no digit, such as my_venue",
        name, PLUGIN_NAME_MAX - 1);
    return CMD_USAGE;
}

static int refuse_place(const struct work *work, int error)
{
    if (error == EEXIST) {
        harmless_line(stderr,
                      "arbspot new: %s is there already, and stays as it is: give another NAME, or "
                      "another folder with --into",
                      work->target);
    } else {
        harmless_line(stderr, "arbspot new: %s cannot be written: %s", work->target,
                      strerror(error));
    }
    return CMD_FAILED;
}

/* Where this program was installed, or PREFIX when it runs from somewhere else. */
static void print_next(const struct work *work)
{
    char prefix[PLUGIN_PATH_MAX], header[PLUGIN_PATH_MAX];
    struct arb_text text = arb_text_over(header, sizeof(header));

    plugin_prefix(prefix, sizeof(prefix));
    arb_text_add(&text, "%s/include/arbspot/exchange.h", prefix);
    const bool is_installed = arb_text_fits(&text) && access(header, R_OK) == 0;
    harmless_line(stdout, "%s is a plugin that works, for a venue that does not exist. Try it:",
                  work->target);
    harmless_line(stdout, "    cd %s", work->target);
    harmless_line(stdout, "    cmake -B build -G Ninja -DCMAKE_PREFIX_PATH=%s",
                  is_installed ? prefix : "PREFIX");
    (void)printf("    cmake --build build && ctest --test-dir build\n");
    harmless_line(stdout, "    arbspot check -c %s.ini", work->name);
    (void)printf("%sREADME.md there says what to do next.\n",
                 is_installed ? "" : "PREFIX is where arbspot is installed. ");
}

/* A name that is taken is allowed: whoever says ./NAME.so means the new one. */
static void tell_namesake(const struct work *work)
{
    char path[PLUGIN_PATH_MAX];
    struct plugin_dirs places;
    struct err err = { .rc = ARB_OK };

    plugin_dirs_init(&places, NULL);
    if (plugin_find(work->name, places.dirs, path, sizeof(path), &err) == ARB_OK) {
        harmless_line(stderr,
                      "arbspot new: a plugin named %s comes with arbspot (%s): `plugin = %s` is "
                      "that one; give yours another NAME, or configure it by its path",
                      work->name, path, work->name);
    }
}

static int write_plugin(struct work *work)
{
    struct arb_text folder = arb_text_over(work->folder, sizeof(work->folder));
    struct arb_text target = arb_text_over(work->target, sizeof(work->target));
    struct stat status;

    arb_text_add(&folder, "%s/.%s.XXXXXX", work->into, work->name);
    arb_text_add(&target, "%s%s%s", strcmp(work->into, ".") == 0 ? "" : work->into,
                 strcmp(work->into, ".") == 0 ? "" : "/", work->name);
    if (!arb_text_fits(&folder)) {
        return refuse_place(work, ENAMETOOLONG);
    }
    if (lstat(work->target, &status) == 0) {
        return refuse_place(work, EEXIST);
    }
    if (mkdtemp(work->folder) == NULL) {
        return refuse_place(work, errno);
    }
    if (!fill_folder(work)) {
        const int error = errno;
        remove_all(work);
        return refuse_place(work, error);
    }
    print_next(work);
    tell_namesake(work);
    return CMD_OK;
}

static bool take(void *into, int option, char *value)
{
    (void)option; /* there is one */
    *(const char **)into = value;
    return value[0] != '\0';
}

int cmd_new(int argc, char **argv)
{
    static const struct option options[] = { { "into", required_argument, NULL, 'i' },
                                             { "help", no_argument, NULL, 'h' },
                                             { NULL, 0, NULL, 0 } };
    static const struct arguments_spec spec = { .command = "new",
                                                .usage = usage,
                                                .options = options,
                                                .take = take,
                                                .wanted = "a folder",
                                                .operand = "NAME",
                                                .operands_min = 1,
                                                .operands_max = 1 };
    struct work work = { .into = "." };
    const int status = arguments_read(&spec, &work.into, argc, argv);

    if (status != ARGUMENTS_READ) {
        return status;
    }
    work.name = argv[optind];
    return plugin_is_name(work.name) && !isdigit((unsigned char)work.name[0])
               ? write_plugin(&work)
               : refuse_name(work.name);
}
