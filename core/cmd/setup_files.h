/*
 * setup_files.h - the files that a configuration names for the host itself, looked at before
 * anything starts.
 */
#ifndef ARB_SETUP_FILES_H
#define ARB_SETUP_FILES_H

#include "config/config.h"

/* Adds a problem for certificates that cannot be trusted and scales that cannot be kept. */
void setup_check_files(const struct config *config, struct problems *problems);

#endif /* ARB_SETUP_FILES_H */
