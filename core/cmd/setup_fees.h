/*
 * setup_fees.h - fees as the plugins know them: named where one is missing, and taken where the
 * configuration says `taker_fee = default`.
 */
#ifndef ARB_SETUP_FEES_H
#define ARB_SETUP_FEES_H

#include "config/config.h"
#include "plugin/plugins.h"

/*
 * Adds to the problem of each fee that is missing what a new account pays. What is taken from a
 * plugin gets a note with its date; a problem where there is nothing to take.
 */
void setup_fees(struct config *config, const struct plugins *plugins, struct problems *problems);

#endif /* ARB_SETUP_FEES_H */
