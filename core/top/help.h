/* help.h - what the keys of `arbspot top` do, and what its columns mean. */
#ifndef ARB_TOP_HELP_H
#define ARB_TOP_HELP_H

extern const char help_text[];

#endif /* ARB_TOP_HELP_H */
