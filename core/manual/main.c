/*
 * main.c - makes a man page of a template: everything that is said elsewhere comes from there.
 *
 * A line of the template that begins with '@' is replaced:
 *   @title NAME SECTION        the page's heading, with the version
 *   @synopsis, @summary, @commands   what the commands say of themselves
 *   @format, @sections         how the configuration is written, and each key of each section
 *   @options                   the options of the plugins on the command line
 *   @guide FILE HEADING        that section of a guide in Markdown, or without a heading its start
 * All other lines are man(7) already.
 */
#include <stdlib.h>
#include <string.h>

#include "manual/help.h"
#include "manual/lines.h"
#include "manual/markdown.h"
#include "manual/notes.h"
#include "manual/roff.h"
#include "plugin/options.h"

enum { PATH_LEN_MAX = 4096, WORD_LEN_MAX = 256, ARGUMENTS_MIN = 5 };

static const char REFERENCE[] = "etc/arbspot.ini";

struct page {
    FILE *out;
    const char *program, *root;
    char **plugins; /* paths, ending with NULL */
};

static int read_file(struct lines *lines, const char *root, const char *name)
{
    char path[PATH_LEN_MAX];
    const int len = snprintf(path, sizeof(path), "%s%s%s", root, root[0] == '\0' ? "" : "/", name);
    FILE *const in = len < PATH_LEN_MAX ? fopen(path, "r") : NULL;

    *lines = (struct lines){ 0 };
    if (in == NULL) {
        (void)fprintf(stderr, "%s: cannot be opened\n", name);
        return ARB_EINVAL;
    }
    lines_read(lines, in);
    (void)fclose(in); /* was only read */
    return ARB_OK;
}

/* -- what lines are replaced by -------------------------------------------------------- */

static int put_title(const struct page *page, const char *arguments)
{
    char name[WORD_LEN_MAX] = "", section[WORD_LEN_MAX] = "";

    (void)sscanf(arguments, "%255s %255s", name, section); /* none would show */
    (void)fputs(".TH \"", page->out);
    roff_literal(page->out, name, strlen(name));
    /* Words stay whole and lines ragged: there is nothing that could not be broken. */
    (void)fprintf(page->out, "\" \"%s\" \"\" \"arbspot %s\" \"arbspot manual\"\n.ad l\n.nr HY 0\n",
                  section, ARBSPOT_VERSION);
    return ARB_OK;
}

static int put_synopsis(const struct page *page, const char *arguments)
{
    (void)arguments;
    return help_synopsis(page->out, page->program);
}

static int put_summary(const struct page *page, const char *arguments)
{
    (void)arguments;
    return help_summary(page->out, page->program);
}

static int put_commands(const struct page *page, const char *arguments)
{
    (void)arguments;
    return help_commands(page->out, page->program);
}

static int put_format(const struct page *page, const char *arguments)
{
    struct lines ini;
    int rc = read_file(&ini, page->root, REFERENCE);

    (void)arguments;
    if (rc == ARB_OK && !notes_format(page->out, &ini)) {
        (void)fprintf(stderr, "%s does not say how it is written\n", REFERENCE);
        rc = ARB_EINVAL;
    }
    lines_fini(&ini);
    return rc;
}

static int put_sections(const struct page *page, const char *arguments)
{
    struct lines ini;
    int rc = read_file(&ini, page->root, REFERENCE);

    (void)arguments;
    for (int i = 0; rc == ARB_OK && i < N_SECTION_KINDS; i++) {
        if (notes_section(page->out, &ini, &config_sections[i]) > 0) {
            rc = ARB_EINVAL;
        }
    }
    lines_fini(&ini);
    return rc;
}

/* As `arbspot inspect` prints them, three lines each: the name with its default, what it takes, and
 * a sentence. */
static void put_option_table(FILE *out, const struct lines *table)
{
    for (size_t i = 0; i + 2 < table->n; i += 3) {
        const char *const name = table->line[i] + lines_indent(table->line[i]);
        const char *const takes = table->line[i + 1] + lines_indent(table->line[i + 1]);
        const char *const help = table->line[i + 2];
        const size_t len = strcspn(name, " ");
        (void)fputs(".TP\n\\fB", out);
        roff_literal(out, name, len);
        (void)fputs("\\fR", out);
        roff_literal(out, name + len, strlen(name + len));
        (void)fputs(" (", out);
        roff_literal(out, takes, strlen(takes));
        (void)fputs(")\n", out);
        roff_text(out, help + lines_indent(help), ROFF_CODE);
    }
}

static void put_plugin(FILE *out, const struct plugin *plugin)
{
    struct lines table;
    FILE *const file = lines_memory(tmpfile());

    options_print(&plugin->desc, file);
    rewind(file);
    lines_read(&table, file);
    (void)fclose(file); /* is gone with it */
    (void)fprintf(out, ".SS \"%s\"\n", plugin->desc.name);
    roff_text(out, plugin->desc.description, ROFF_CODE);
    put_option_table(out, &table);
    lines_fini(&table);
}

static int put_options(const struct page *page, const char *arguments)
{
    (void)arguments;
    for (char **path = page->plugins; *path != NULL; path++) {
        struct err err = { .rc = ARB_OK };
        struct plugin plugin;
        if (plugin_load(&plugin, *path, 0, &err) != ARB_OK) {
            (void)fprintf(stderr, "%s: %s\n", *path, err.text);
            return err.rc;
        }
        put_plugin(page->out, &plugin);
    }
    return ARB_OK;
}

static int put_guide(const struct page *page, const char *arguments)
{
    char name[WORD_LEN_MAX] = "";
    int used = 0;
    struct lines guide;

    (void)sscanf(arguments, "%255s %n", name, &used); /* none cannot be opened */
    int rc = read_file(&guide, page->root, name);
    if (rc == ARB_OK && !markdown_section(page->out, &guide, arguments + used)) {
        (void)fprintf(stderr, "%s has no section '%s'\n", name, arguments + used);
        rc = ARB_EINVAL;
    }
    lines_fini(&guide);
    return rc;
}

/* -- the page -------------------------------------------------------------------------- */

static int replace(const struct page *page, const char *line)
{
    static const struct {
        const char *name;
        int (*put)(const struct page *page, const char *arguments);
    } parts[] = { { "@title", put_title },     { "@synopsis", put_synopsis },
                  { "@summary", put_summary }, { "@commands", put_commands },
                  { "@format", put_format },   { "@sections", put_sections },
                  { "@options", put_options }, { "@guide", put_guide } };
    const size_t len = strcspn(line, " ");

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (strlen(parts[i].name) == len && strncmp(parts[i].name, line, len) == 0) {
            return parts[i].put(page, line + len + lines_indent(line + len));
        }
    }
    (void)fprintf(stderr, "%s: there is no such part\n", line);
    return ARB_EINVAL;
}

static int put_page(const struct page *page, const struct lines *template)
{
    for (size_t i = 0; i < template->n; i++) {
        const char *const line = template->line[i];
        if (line[0] != '@') {
            (void)fprintf(page->out, "%s\n", line); /* fclose() tells */
        } else if (replace(page, line) != ARB_OK) {
            return ARB_EINVAL;
        }
    }
    return ARB_OK;
}

/* A page that is not whole does not stay. */
static int make_page(struct page *page, const char *from, const char *to)
{
    struct lines template;
    int rc = read_file(&template, "", from);

    page->out = rc == ARB_OK ? fopen(to, "w") : NULL;
    if (page->out != NULL) {
        rc = put_page(page, &template);
        rc = fclose(page->out) == 0 ? rc : ARB_EINVAL;
    } else {
        rc = ARB_EINVAL;
    }
    if (rc != ARB_OK) {
        (void)fprintf(stderr, "%s could not be made of %s\n", to, from);
        (void)remove(to); /* may not be there */
    }
    lines_fini(&template);
    return rc;
}

int main(int argc, char **argv)
{
    if (argc < ARGUMENTS_MIN) {
        (void)fputs("Usage: arbspot-manual ARBSPOT ROOT TEMPLATE OUT [PLUGIN]...\n", stderr);
        return EXIT_FAILURE;
    }
    struct page page = { .program = argv[1], .root = argv[2], .plugins = argv + ARGUMENTS_MIN };

    return make_page(&page, argv[3], argv[4]) == ARB_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
