/*
 * shortage.h - why nothing can be opened: libraries hide that descriptors have run out.
 */
#ifndef ARB_SHORTAGE_H
#define ARB_SHORTAGE_H

/* A sentence when a descriptor cannot be had at this moment, else NULL. It lives for ever. */
const char *shortage(void);

#endif /* ARB_SHORTAGE_H */
