/*
 * page.h - the files of the page, as they stand in core/web/page: the build puts them into the
 * program.
 */
#ifndef ARB_WEB_PAGE_H
#define ARB_WEB_PAGE_H

#include <stddef.h>

struct page_file {
    const char *path;          /* the file's name; NULL ends the table */
    const unsigned char *text; /* not terminated */
    size_t len;
};

extern const struct page_file page_files[];

#endif /* ARB_WEB_PAGE_H */
