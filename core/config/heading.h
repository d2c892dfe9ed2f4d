/* heading.h - "exchange:kraken", as it stands between the brackets. */
#ifndef ARB_HEADING_H
#define ARB_HEADING_H

enum { HEADING_TEXT_MAX = 64 };

struct heading {
    char text[HEADING_TEXT_MAX];
};

struct heading heading_of(const char *word, const char *name);

#endif /* ARB_HEADING_H */
