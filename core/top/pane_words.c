/* What is wrong, and what the program itself says: sentences. */
#include <stdio.h>

#include "top/pane.h"
#include "top/words.h"
#include "util/fnv.h"

static enum page_style put(char *out, const char *text, enum page_style style)
{
    (void)snprintf(out, LISTING_CELL_MAX, "%s", text); /* cut it is still the beginning */
    return style;
}

/* -- troubles -----------------------------------------------------------------------------------
 */

enum { T_SEVERITY, T_SINCE, T_TEXT };

static const struct listing_column trouble_columns[] = {
    [T_SEVERITY] = { "", .width = 7 },
    [T_SINCE] = { "", .width = 5, .is_right = true, .rank = 1 },
    [T_TEXT] = { "", .fills = true },
};

static const struct view_trouble_row *trouble_at(const struct pane_input *input, uint32_t i)
{
    return &input->snapshot->troubles[i];
}

static enum page_style trouble_cell(const void *context, uint32_t row, unsigned column, char *out)
{
    const struct pane_rows *const rows = context;
    const struct view_trouble_row *const trouble = trouble_at(rows->input, rows->at[row]);
    const bool is_error = trouble->severity == VIEW_ERROR;

    switch (column) {
    case T_SEVERITY:
        return put(out, is_error ? "ERROR" : "warning", is_error ? PAGE_BAD : PAGE_WARN);
    case T_SINCE:
        (void)words_since(trouble->since_ms, rows->input->now, out);
        return PAGE_PLAIN;
    default:
        return put(out, trouble->text, is_error ? PAGE_BAD : PAGE_WARN);
    }
}

static uint32_t n_troubles(const struct pane_input *input)
{
    return input->snapshot->n_troubles;
}

static uint64_t trouble_id(const struct pane_input *input, uint32_t i)
{
    return trouble_at(input, i)->id;
}

/* Errors come before warnings. */
static int64_t trouble_key(const struct pane_input *input, uint32_t i, unsigned sort)
{
    const struct view_trouble_row *const trouble = trouble_at(input, i);

    return sort == 2 ? -trouble->since_ms : -(int64_t)trouble->severity;
}

static const char *const trouble_sorts[] = { "as they began", "errors first", "newest first",
                                             NULL };

const struct pane pane_troubles = {
    .columns = trouble_columns,
    .n_columns = sizeof(trouble_columns) / sizeof(*trouble_columns),
    .cell = trouble_cell,
    .empty = "nothing is known to be wrong",
    .is_bare = true,
    .sorts = trouble_sorts,
    .n = n_troubles,
    .id = trouble_id,
    .sort_key = trouble_key,
};

/* -- the log ------------------------------------------------------------------------------------
 */

static const struct listing_column log_columns[] = { { "", .fills = true } };

static enum page_style log_cell(const void *context, uint32_t row, unsigned column, char *out)
{
    const struct pane_rows *const rows = context;

    (void)column;
    return put(out, log_lines_at(rows->input->log, rows->at[row]), PAGE_DIM);
}

static uint32_t n_lines(const struct pane_input *input)
{
    return log_lines_n(input->log);
}

static uint64_t line_id(const struct pane_input *input, uint32_t i)
{
    return input->log->n - i;
}

static void find_line(const struct pane_input *input, uint32_t i, char *out)
{
    (void)snprintf(out, PANE_FIND_MAX, "%s", log_lines_at(input->log, i));
}

static const char *const log_sorts[] = { "newest first", NULL };

const struct pane pane_log = {
    .columns = log_columns,
    .n_columns = 1,
    .cell = log_cell,
    .empty = "the log is empty",
    .is_bare = true,
    .sorts = log_sorts,
    .n = n_lines,
    .id = line_id,
    .find_text = find_line,
};
