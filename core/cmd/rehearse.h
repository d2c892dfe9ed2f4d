/*
 * rehearse.h - starts every plugin as `run` does, without a network, to find what would only show
 * there: an init() that refuses, a URL that is none.
 */
#ifndef ARB_REHEARSE_H
#define ARB_REHEARSE_H

#include "config/config.h"
#include "plugin/plugins.h"

/*
 * Each enabled section whose plugin was loaded and whose options are good, in a process of its own.
 * Problems are added with the line of the option that is at fault, or of the section.
 */
void rehearse(const struct config *config, const struct plugins *plugins,
              struct problems *problems);

#endif /* ARB_REHEARSE_H */
