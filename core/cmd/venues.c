/* arbspot venues: which exchange plugins there are, and what each can prove. */
#include "cmd/cmd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arbspot/text.h"
#include "cmd/arguments.h"
#include "cmd/modes.h"
#include "cmd/table.h"
#include "plugin/options.h"
#include "plugin/plugins.h"
#include "plugin/trial.h"
#include "session/capabilities.h"
#include "util/harmless.h"
#include "util/log.h"

static const char usage[] =
    "Usage: arbspot venues [DIR...]\n"
    "\n"
    "Prints a table of the exchange plugins in the folders, or where `arbspot run` looks without\n"
    "plugin_dir: a line for each mode, which is a choice of the option that selects the feed.\n"
    "\n"
    "  LOSS        how a lost update shows: checksum, sequence, chain, connection (all of its\n"
    "              messages are numbered), stateless (each is a whole book) or none\n"
    "  CHECKSUM    levels a side that it covers\n"
    "  SNAPSHOT    where a book starts: stream, http, or each message is one\n"
    "  DEPTH       levels a side that the feed carries\n"
    "  LIVENESS    what proves that a connection lives\n"
    "  BOOKS       on one connection at most; REQ/S: requests a second on one\n"
    "  OPENS       connections opened, over all of the venue, at most\n"
    "  FEE         what a new account pays to take liquidity with the plugin's defaults, as of\n"
    "              FEE DATE; the one that counts is yours, in the configuration\n"
    "  FACTS       when the venue's documents, or the venue, were last looked at\n"
    "\n"
    "`-` is none, or no limit; `?` is not known, for the plugin needs options first.\n"
    "\n"
    "  -h, --help  this text\n"
    "\n"
    "Exit status: 0 all are good, 1 a plugin is refused or there is none, 64 wrong usage.\n";

static const char heading[] = "VENUE\tVERSION\tMODE\tLOSS\tCHECKSUM\tSNAPSHOT\tDEPTH\tLIVENESS\t"
                              "BOOKS\tREQ/S\tOPENS\tFEE\tFEE DATE\tFACTS\n";

/* As a person waits. */
static const struct trial_limit init_limit = { .cpu_s = 5, .wall_s = 30 };

/* What was found. */
struct survey {
    FILE *rows;     /* of the table */
    FILE *refusals; /* lines for stderr, which come behind it */
    unsigned n_good, n_bad;
};

static void refuse(struct survey *survey, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void refuse(struct survey *survey, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    harmless_vline(survey->refusals, fmt, args);
    va_end(args);
    survey->n_bad++;
}

/* -- one plugin ------------------------------------------------------------------------ */

/* A plugin on trial; in the child. */
struct probed {
    const struct plugin *plugin;
    FILE *out;
};

/* A text of the plugin's is to be one cell. */
static void put_text(FILE *out, const char *text)
{
    char cell[MODE_MAX];

    (void)snprintf(cell, sizeof(cell), "%s", text); /* cut it still tells */
    cell[harmless_make(cell, strlen(cell))] = '\0';
    (void)fprintf(out, "%s\t", cell[0] == '\0' ? "-" : cell);
}

/* 0 is no number of levels or requests, but none or no limit. */
static void put_number(FILE *out, uint32_t number, const char *zero)
{
    if (number == 0) {
        (void)fprintf(out, "%s\t", zero);
    } else {
        (void)fprintf(out, "%u\t", number);
    }
}

static void put_opens(FILE *out, const struct arb_plan *plan)
{
    const bool has_short = plan->opens_per_10s > 0, has_long = plan->opens_per_10min > 0;

    if (has_short) {
        (void)fprintf(out, "%u/10s", plan->opens_per_10s);
    }
    if (has_long) {
        (void)fprintf(out, "%s%u/10min", has_short ? "," : "", plan->opens_per_10min);
    }
    (void)fprintf(out, "%s\t", has_short || has_long ? "" : "-");
}

static const char *or_dash(const char *text)
{
    return text == NULL ? "-" : text;
}

/* What the plan says of the feed, or that it is not known. */
static void put_plan(FILE *out, const struct mode *mode)
{
    const struct arb_plan *const plan = &mode->plan;

    if (mode->rc != ARB_OK) {
        (void)fputs("?\t?\t?\t?\t?\t?\t?\t?\t", out);
        return;
    }
    (void)fprintf(out, "%s\t", loss_detection_name(plan->loss_detection));
    put_number(out, plan->checksum_levels, "-");
    (void)fprintf(out, "%s\t", snapshot_source_name(plan->snapshot_source));
    put_number(out, plan->depth, "whole");
    (void)fprintf(out, "%s\t", liveness_name(plan->liveness));
    put_number(out, plan->books_per_conn, "all");
    put_number(out, plan->requests_per_second, "-");
    put_opens(out, plan);
}

/* A row; of a plan that breaks a rule also a line that begins with a tab, for the refusals. */
static void put_mode(void *context, const struct mode *mode)
{
    const struct probed *const probed = context;
    const struct arb_plugin *const desc = &probed->plugin->desc;
    FILE *const out = probed->out;

    put_text(out, desc->name);
    put_text(out, desc->version);
    put_text(out, mode->value);
    put_plan(out, mode);
    (void)fprintf(out, "%s\t%s\t%s\n", or_dash(desc->taker_fee), or_dash(desc->taker_fee_date),
                  or_dash(desc->facts_date));
    if (mode->rc == ARB_EPROTO) {
        (void)fprintf(out, "\t%s%s%s%s\n", mode->value, mode->value[0] == '\0' ? "" : ": ",
                      mode_trouble(mode), mode->rule);
    }
}

/* What a plugin logs is no row, and no refusal. Without the device it is told all the same. */
static void quiet_log(void)
{
    const int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

    if (fd >= 0) {
        (void)dup2(fd, STDERR_FILENO); /* both are open: cannot fail */
        (void)close(fd);
        log_open();
    }
}

/* Runs its init() for each mode, which may crash. */
static void probe(void *context, int fd)
{
    struct probed *const probed = context;

    quiet_log();
    probed->out = fdopen(fd, "w");
    if (probed->out != NULL) {
        modes_each(probed->plugin, modes_find(probed->plugin), put_mode, probed);
        (void)fflush(probed->out); /* the reader is there: cannot fail */
    }
}

/* What the child told: rows, and plans that break a rule. */
static void take_rows(struct survey *survey, const char *path, char *text)
{
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        if (*line == '\t') {
            refuse(survey, "%s: %s", path, line + 1);
        } else {
            (void)fprintf(survey->rows, "%s\n", line);
        }
    }
}

static void survey_modes(struct survey *survey, const struct plugin *plugin, const char *path)
{
    struct probed probed = { .plugin = plugin };
    struct trial *const trial = malloc(sizeof(*trial));

    if (trial == NULL || trial_call(trial, probe, &probed, init_limit) != ARB_OK) {
        refuse(survey, "%s: cannot be tried in a process of its own", path);
        free(trial);
        return;
    }
    take_rows(survey, path, trial->said);
    if (trial->is_late) {
        refuse(survey,
               "%s: init() does not return within %u s of processor time, or %u s altogether", path,
               init_limit.cpu_s, init_limit.wall_s);
    } else if (trial->ended != NULL) {
        refuse(survey, "%s: init() ends the process (%s)", path, trial->ended);
    }
    free(trial);
}

/* A strategy is no venue. */
static void survey_plugin(struct survey *survey, const char *path)
{
    struct err err = { .rc = ARB_OK };
    struct plugin plugin;

    if (plugin_load(&plugin, path, 0, &err) != ARB_OK) {
        refuse(survey, "%s", err.text);
    } else if (plugin.desc.kind == ARB_KIND_EXCHANGE) {
        if (options_check_table(&plugin.desc, &err) == ARB_OK) {
            survey->n_good++;
            survey_modes(survey, &plugin, path);
        } else {
            refuse(survey, "%s: %s", path, err.text);
        }
    }
}

/* -- folders --------------------------------------------------------------------------- */

static int is_object(const struct dirent *entry)
{
    const size_t len = strlen(entry->d_name);
    return len > 3 && strcmp(entry->d_name + len - 3, ".so") == 0;
}

/* `run` takes the first file of a name. */
static bool is_hidden(const char *const *before, const char *const *dir, const char *name)
{
    char path[PLUGIN_PATH_MAX];

    for (; before != dir; before++) {
        struct arb_text text = arb_text_over(path, sizeof(path));
        arb_text_add(&text, "%s/%s", *before, name);
        if (arb_text_fits(&text) && access(path, F_OK) == 0) {
            return true;
        }
    }
    return false;
}

/* ARB_EINVAL: the folder cannot be read; errno says why. */
static int survey_dir(struct survey *survey, const char *const *dirs, const char *const *dir)
{
    struct dirent **entries = NULL;
    const int n = scandir(*dir, &entries, is_object, alphasort);

    for (int i = 0; i < n; i++) {
        char path[PLUGIN_PATH_MAX];
        struct arb_text text = arb_text_over(path, sizeof(path));
        arb_text_add(&text, "%s/%s", *dir, entries[i]->d_name);
        if (!is_hidden(dirs, dir, entries[i]->d_name)) {
            survey_plugin(survey, path);
        }
        free(entries[i]);
    }
    free(entries);
    return n < 0 ? ARB_EINVAL : ARB_OK;
}

/* Of the places of this program one mostly is not there; of folders that were named all are. */
static void survey_dirs(struct survey *survey, const char *const *dirs, bool are_named)
{
    for (const char *const *dir = dirs; *dir != NULL; dir++) {
        if (survey_dir(survey, dirs, dir) != ARB_OK && (are_named || errno != ENOENT)) {
            refuse(survey, "%s: %s", *dir, strerror(errno));
        }
    }
}

static void refuse_emptiness(struct survey *survey, const char *const *dirs)
{
    char list[HARMLESS_LINE_MAX];
    struct arb_text text = arb_text_over(list, sizeof(list));

    for (const char *const *dir = dirs; *dir != NULL; dir++) {
        arb_text_add(&text, "%s%s", dir == dirs ? "" : ", ", *dir);
    }
    refuse(survey, "there is no exchange plugin in %s", list);
}

/* Rows and refusals come when all is known: the one in columns, the other behind them. */
static int print_survey(const struct survey *survey, const char *rows, char *refusals)
{
    if (survey->n_good > 0) {
        table_print(rows, stdout);
    }
    (void)fflush(stdout); /* what could not be printed is told at the end */
    for (char *line = refusals, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        harmless_line(stderr, "arbspot venues: %s", line);
    }
    return survey->n_bad == 0 ? CMD_OK : CMD_FAILED;
}

static int survey_and_print(const char *const *dirs, bool are_named)
{
    char *rows = NULL, *refusals = NULL;
    size_t rows_len = 0, refusals_len = 0;
    struct survey survey = { .rows = open_memstream(&rows, &rows_len),
                             .refusals = open_memstream(&refusals, &refusals_len) };
    int status = CMD_FAILED;

    if (survey.rows == NULL || survey.refusals == NULL) {
        (void)fputs("arbspot venues: no memory\n", stderr);
        return CMD_FAILED; /* and the program ends */
    }
    (void)fputs(heading, survey.rows);
    survey_dirs(&survey, dirs, are_named);
    if (survey.n_good + survey.n_bad == 0) {
        refuse_emptiness(&survey, dirs);
    }
    if (fclose(survey.rows) == 0 && fclose(survey.refusals) == 0) {
        status = print_survey(&survey, rows, refusals);
    } else {
        (void)fputs("arbspot venues: no memory\n", stderr);
    }
    free(rows);
    free(refusals);
    return status;
}

int cmd_venues(int argc, char **argv)
{
    static const struct option options[] = { { "help", no_argument, NULL, 'h' },
                                             { NULL, 0, NULL, 0 } };
    static const struct arguments_spec spec = { .command = "venues",
                                                .usage = usage,
                                                .options = options,
                                                .operand = "DIR",
                                                .operands_max = INT_MAX };
    struct plugin_dirs dirs;
    const int status = arguments_read(&spec, NULL, argc, argv);

    if (status != ARGUMENTS_READ) {
        return status;
    }
    plugin_dirs_init(&dirs, NULL);
    const bool are_named = optind < argc;
    /* argv ends with NULL, as the list of places does. */
    return survey_and_print(are_named ? (const char *const *)(argv + optind) : dirs.dirs,
                            are_named);
}
