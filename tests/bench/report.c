#include "report.h"

#include <inttypes.h>
#include <stdarg.h>

static const char *const step_keys[N_STEPS] = {
    [STEP_CJSON] = "cjson",   [STEP_PARSE] = "parse",     [STEP_APPLY] = "apply",
    [STEP_VERIFY] = "verify", [STEP_MESSAGE] = "message",
};

/* Ends the list of the JSON object that is open and begins those up to `wanted`. */
static void go_to(struct report *report, enum report_list wanted)
{
    static const char *const names[] = { "datasets", "paths", "detection", "aims" };

    while (report->list < wanted) {
        report->list++;
        (void)fprintf(report->out, "],\"%s\":[", names[report->list]);
    }
}

void report_begin(struct report *report)
{
    if (report->is_json) {
        (void)fprintf(report->out, "{\"datasets\":[");
        return;
    }
    (void)fprintf(report->out,
                  "Each data set is proven first. Then ns/frame: the fastest of several rounds in\n"
                  "which all steps take turns, frames in memory, updates only, pinned to a core.\n"
                  "Each step includes those above it. Snapshots reload the books between passes,\n"
                  "off the clock.\n");
}

void report_proof(struct report *report, const struct dataset_spec *spec, const struct proof *proof)
{
    const struct live_counts *const s = &proof->stats.books;
    const struct script *const script = &proof->script;
    const double n = (double)script->n;

    if (report->is_json) {
        (void)fprintf(
            report->out,
            "%s{\"name\":\"%s\",\"what\":\"%s\",\"frames\":%zu,\"bytes\":%.1f,"
            "\"levels\":%.2f,\"proof\":{\"updates\":%" PRIu64 ",\"verified\":%" PRIu64
            ",\"mismatched\":%" PRIu64 ",\"unknown_deletes\":%" PRIu64 ",\"books\":%u,\"live\":%u}",
            report->n_datasets++ > 0 ? "," : "", spec->name, spec->what, script->n,
            (double)script->n_bytes / n, (double)script->n_levels / n, s->updates, s->verified,
            s->mismatched, s->unknown_deletes, proof->n_books, proof->n_books);
        return;
    }
    report->n_datasets++;
    (void)fprintf(report->out,
                  "\n%s: %s\n  proven: %" PRIu64 " updates, %" PRIu64
                  " checksums verified, %" PRIu64 " mismatched, %" PRIu64
                  " unknown deletes, %u of %u books LIVE\n"
                  "  timed:  %zu updates of %.0f bytes and %.1f levels\n",
                  spec->name, spec->what, s->updates, s->verified, s->mismatched,
                  s->unknown_deletes, proof->n_books, proof->n_books, script->n,
                  (double)script->n_bytes / n, (double)script->n_levels / n);
}

static void print_steps_json(struct report *report, const struct steps_result *result)
{
    (void)fprintf(report->out, ",\"rounds\":%u,\"message_bytes\":%.1f,\"steps\":{",
                  result->n_rounds, result->message_len);
    for (int i = 0; i < N_STEPS; i++) {
        (void)fprintf(report->out, "%s\"%s\":{\"ns\":%.1f,\"allocations\":%.3f}", i == 0 ? "" : ",",
                      step_keys[i], result->steps[i].ns, result->steps[i].allocs);
    }
    (void)fprintf(report->out, "}}");
}

void report_steps(struct report *report, const struct steps_result *result)
{
    if (report->is_json) {
        print_steps_json(report, result);
        return;
    }
    (void)fprintf(report->out, "  %-16s %9s %9s %9s %12s\n", "", "ns/frame", "step", "x cJSON",
                  "allocs/frame");
    for (int i = 0; i < N_STEPS; i++) {
        const double before = i <= STEP_PARSE ? 0 : result->steps[i - 1].ns;
        (void)fprintf(report->out, "  %-16s %9.0f %+9.0f %9.2f %12.2f\n", step_names[i],
                      result->steps[i].ns, result->steps[i].ns - before,
                      result->steps[i].ns / result->steps[STEP_CJSON].ns, result->steps[i].allocs);
    }
    (void)fflush(report->out);
}

static void print_quantiles_json(FILE *out, const char *name, const struct quantiles *q)
{
    (void)fprintf(out, "\"%s\":{\"n\":%zu,\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f}", name,
                  q->n, q->p50_us, q->p90_us, q->p99_us);
}

static void print_path_json(struct report *report, const struct path_figures *figures)
{
    go_to(report, LIST_PATHS);
    (void)fprintf(report->out, "%s{\"name\":\"%s\",\"what\":\"%s\",",
                  report->n_paths == 0 ? "" : ",", figures->name, figures->what);
    print_quantiles_json(report->out, "ours", &figures->ours);
    (void)fputc(',', report->out);
    print_quantiles_json(report->out, "bare", &figures->bare);
    if (figures->inside.n > 0) {
        (void)fputc(',', report->out);
        print_quantiles_json(report->out, "inside", &figures->inside);
    }
    (void)fprintf(report->out, ",\"p50_ratio\":%.3f}", figures->ours.p50_us / figures->bare.p50_us);
}

static void print_quantiles(FILE *out, const char *name, const struct quantiles *q)
{
    (void)fprintf(out, "  %-8s %8zu %10.1f %10.1f %10.1f\n", name, q->n, q->p50_us, q->p90_us,
                  q->p99_us);
}

void report_path(struct report *report, const struct path_figures *figures)
{
    if (report->is_json) {
        print_path_json(report, figures);
    } else {
        (void)fprintf(report->out, "\n%s: %s\n  %-8s %8s %10s %10s %10s\n", figures->name,
                      figures->what, "", "messages", "p50 us", "p90 us", "p99 us");
        print_quantiles(report->out, "arbspot", &figures->ours);
        if (figures->inside.n > 0) {
            print_quantiles(report->out, " inside", &figures->inside);
        }
        print_quantiles(report->out, "bare", &figures->bare);
        (void)fprintf(report->out, "  %-8s %8s %10.2f %10.2f %10.2f\n", "ratio", "",
                      figures->ours.p50_us / figures->bare.p50_us,
                      figures->ours.p90_us / figures->bare.p90_us,
                      figures->ours.p99_us / figures->bare.p99_us);
    }
    report->n_paths++;
    (void)fflush(report->out);
}

/* -- detection ---------------------------------------------------------------------------- */

static const char *const scene_names[N_SCENES] = {
    [SCENE_APART] = "apart",
    [SCENE_FEES] = "fees",
    [SCENE_CROSSING] = "crossing",
};

static const char *const shape_names[N_SHAPES] = {
    [SHAPE_PAIRS] = "pairs of venues",
    [SHAPE_TRIANGLES] = "triangles",
    [SHAPE_UNRELATED] = "one triangle among unrelated instruments; only the triangle changes",
};

static void print_detection_json(struct report *report, const struct detection *detection)
{
    enum { SIZES = DETECTION_VENUES * DETECTION_INSTRUMENTS };
    const char *comma = "";

    go_to(report, LIST_DETECTION);
    for (unsigned i = 0; i < N_SHAPES * SIZES; i++) {
        const unsigned shape = i / SIZES;
        const unsigned v = i % SIZES / DETECTION_INSTRUMENTS, n = i % DETECTION_INSTRUMENTS;
        (void)fprintf(report->out,
                      "%s{\"strategy\":\"%s\",\"of\":\"%s\",\"venues\":%u,\"instruments\":%u",
                      comma, detection_strategies[shape], shape_names[shape], detection_venues[v],
                      detection_instruments[shape][n]);
        for (int scene = 0; scene < N_SCENES; scene++) {
            const struct detection_figure *const f = &detection->figures[shape][v][n][scene];
            (void)fprintf(report->out,
                          ",\"%s\":{\"market_ns\":%.1f,\"strategy_ns\":%.1f,\"again_ns\":%.1f}",
                          scene_names[scene], f->market, f->strategy, f->again);
        }
        (void)fputc('}', report->out);
        comma = ",";
    }
}

static void print_detection_head(FILE *out)
{
    (void)fprintf(out,
                  "\ndetection: ns for each update of a quantity, best or third level, on a "
                  "random book\n"
                  "  market    the event applied, its checksum compared, the instrument handed "
                  "out: not the strategy\n"
                  "  strategy  its on_market() on top, by difference: with memory as cold as it "
                  "was\n"
                  "  again     the same call once more, all it reads in the nearest cache\n"
                  "apart: nothing pays. fees: of each instrument or triangle something does, and "
                  "the fees take it.\ncrossing: one opportunity of each is open.\n");
}

static void print_shape_head(FILE *out, unsigned shape)
{
    (void)fprintf(out, "\n%s: %s\n  %6s %6s", detection_strategies[shape], shape_names[shape],
                  "venues", "instr.");
    for (int scene = 0; scene < N_SCENES; scene++) {
        (void)fprintf(out, " |%9s: market strategy again", scene_names[scene]);
    }
    (void)fputc('\n', out);
}

static void print_detection(FILE *out, const struct detection *detection, unsigned shape)
{
    print_shape_head(out, shape);
    for (unsigned i = 0; i < DETECTION_VENUES * DETECTION_INSTRUMENTS; i++) {
        const unsigned v = i / DETECTION_INSTRUMENTS, n = i % DETECTION_INSTRUMENTS;
        (void)fprintf(out, "  %6u %6u", detection_venues[v], detection_instruments[shape][n]);
        for (int scene = 0; scene < N_SCENES; scene++) {
            const struct detection_figure *const f = &detection->figures[shape][v][n][scene];
            (void)fprintf(out, " | %15.0f %8.0f %5.0f ", f->market, f->strategy, f->again);
        }
        (void)fputc('\n', out);
    }
}

/* What the large one takes for each ns of the small one. */
static void print_growth(FILE *out, const struct detection_figure *small,
                         const struct detection_figure *large)
{
    for (int scene = 0; scene < N_SCENES; scene++) {
        (void)fprintf(out, " | %15s %8.2f %5.2f ", "",
                      large[scene].strategy / small[scene].strategy,
                      large[scene].again / small[scene].again);
    }
    (void)fputc('\n', out);
}

static void print_ratios(FILE *out, const struct detection *detection, unsigned shape)
{
    const uint32_t *const instruments = detection_instruments[shape];
    const unsigned v_last = DETECTION_VENUES - 1, n_last = DETECTION_INSTRUMENTS - 1;

    (void)fprintf(out, "ratios\n");
    for (unsigned n = 0; n < DETECTION_INSTRUMENTS; n++) {
        (void)fprintf(out, "  %3u/%-2u %6u", detection_venues[v_last], detection_venues[0],
                      instruments[n]);
        print_growth(out, detection->figures[shape][0][n], detection->figures[shape][v_last][n]);
    }
    for (unsigned v = 0; v < DETECTION_VENUES; v++) {
        (void)fprintf(out, "  %6u %4u/%u", detection_venues[v], instruments[n_last],
                      instruments[0]);
        print_growth(out, detection->figures[shape][v][0], detection->figures[shape][v][n_last]);
    }
}

void report_detection(struct report *report, const struct detection *detection)
{
    if (report->is_json) {
        print_detection_json(report, detection);
        return;
    }
    print_detection_head(report->out);
    for (unsigned shape = 0; shape < N_SHAPES; shape++) {
        print_detection(report->out, detection, shape);
        print_ratios(report->out, detection, shape);
    }
    (void)fflush(report->out);
}

/* -- aims --------------------------------------------------------------------------------- */

void report_aim(struct report *report, double value, double limit, const char *fmt, ...)
{
    va_list args;

    if (report->n_aims == REPORT_AIMS_MAX) {
        return;
    }
    struct aim *const aim = &report->aims[report->n_aims++];
    *aim = (struct aim){ .value = value, .limit = limit };
    va_start(args, fmt);
    (void)vsnprintf(aim->what, sizeof(aim->what), fmt, args); /* cut, it still tells */
    va_end(args);
}

static void end_json(struct report *report)
{
    go_to(report, LIST_AIMS);
    for (unsigned i = 0; i < report->n_aims; i++) {
        const struct aim *const aim = &report->aims[i];
        (void)fprintf(report->out,
                      "%s{\"what\":\"%s\",\"value\":%.3f,\"limit\":%.3f,\"reached\":%s}",
                      i == 0 ? "" : ",", aim->what, aim->value, aim->limit,
                      aim->value <= aim->limit ? "true" : "false");
    }
    (void)fprintf(report->out, "]}\n");
}

void report_end(struct report *report)
{
    if (report->is_json) {
        end_json(report);
        return;
    }
    (void)fprintf(report->out, "\n%-72s %8s %8s\n", "aims", "is", "at most");
    for (unsigned i = 0; i < report->n_aims; i++) {
        const struct aim *const aim = &report->aims[i];
        (void)fprintf(report->out, "%-72s %8.2f %8.2f  %s\n", aim->what, aim->value, aim->limit,
                      aim->value <= aim->limit ? "reached" : "MISSED");
    }
}
