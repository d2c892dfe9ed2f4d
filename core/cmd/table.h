/*
 * table.h - text in columns that are as wide as their widest cell.
 */
#ifndef ARB_TABLE_H
#define ARB_TABLE_H

#include <stdio.h>

enum { TABLE_COLUMNS_MAX = 32 };

/*
 * Prints lines whose cells have a tab between them; a line without a line end is left out. A cell
 * behind the last column goes with it, and blanks at the end of a line are not printed.
 */
void table_print(const char *text, FILE *out);

#endif /* ARB_TABLE_H */
