/*
 * boot.h - which start of which machine this is: clocks that count from the same start are the
 * same.
 */
#ifndef ARB_BOOT_H
#define ARB_BOOT_H

#include <stdint.h>

/* Of this machine since it started, for all processes and containers; 0: it cannot be told. */
uint64_t boot_id(void);

#endif /* ARB_BOOT_H */
