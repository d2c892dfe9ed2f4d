/*
 * nearest.h - finds the word someone probably meant.
 */
#ifndef ARB_NEAREST_H
#define ARB_NEAREST_H

/* The word of a NULL-terminated list nearest to `word` by spelling, in letters of any size, or NULL
 * when none is near. */
const char *nearest_word(const char *word, const char *const *words);

#endif /* ARB_NEAREST_H */
