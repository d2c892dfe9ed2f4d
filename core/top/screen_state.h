/*
 * screen_state.h - what is looked at and how, between two pages of `arbspot top`.
 */
#ifndef ARB_TOP_SCREEN_STATE_H
#define ARB_TOP_SCREEN_STATE_H

#include "top/pane.h"

enum {
    SCREEN_FILTER_MAX = 32,
    SCREEN_WIDTH_MIN = 40, /* smaller ones only say so */
    SCREEN_HEIGHT_MIN = 12,
};

/* Nothing that has been heard counts for longer. */
#define SCREEN_SILENT_NS (2 * NS_PER_S)

/* What is no character. */
enum screen_key {
    SCREEN_UP = 0x100,
    SCREEN_DOWN,
    SCREEN_LEFT,
    SCREEN_RIGHT,
    SCREEN_PAGE_UP,
    SCREEN_PAGE_DOWN,
    SCREEN_HOME,
    SCREEN_END,
    SCREEN_BACK_TAB,
    SCREEN_ENTER = '\n',
    SCREEN_TAB = '\t',
    SCREEN_ESCAPE = 0x1b,
    SCREEN_ERASE = 0x7f,
};

enum screen_kind { SCREEN_OVERVIEW = 1, SCREEN_SYMBOL, SCREEN_DETAIL, SCREEN_HELP };

/* Of one pane. Zeroed: the first row is chosen, whichever that is. */
struct screen_choice {
    bool is_set; /* a row was chosen, and this one: */
    uint64_t id;
    uint32_t row;   /* where it was last, */
    uint32_t first; /* and which was the first that was shown */
    unsigned sort;
    unsigned height; /* lines that it had last */
    uint32_t *at;    /* [room], rows of the list: owned */
    uint32_t n, room;
};

/* Begin with screen_init(). */
struct screen {
    enum screen_kind kind, back; /* `back`: below a detail or the help */
    enum pane_id focus[SCREEN_SYMBOL + 1];
    struct screen_choice choices[N_PANES];
    char filter[SCREEN_FILTER_MAX];
    bool is_typing; /* the filter */
    bool is_paused;
    char symbol[ARB_SYMBOL_MAX];
    char venue[ARB_SYMBOL_MAX];
    uint32_t first_venue;
    enum pane_id detail; /* whose chosen row it is of */
    uint64_t detail_id;
    uint32_t detail_first;
    int64_t began_ns; /* mono */
};

/* What there is to show; borrowed for the call. */
struct screen_input {
    const struct snapshot *snapshot;
    const struct log_lines *log;
    int64_t heard_ns; /* view_heard_ns() of the newest, also while the snapshot is held still */
    struct moment now;
};

#endif /* ARB_TOP_SCREEN_STATE_H */
