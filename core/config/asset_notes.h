/*
 * asset_notes.h - what is said of an asset that nothing of the section is of, and so of nothing.
 */
#ifndef ARB_ASSET_NOTES_H
#define ARB_ASSET_NOTES_H

#include "config/config.h"

/* Adds a note to each inventory and withdrawal of which no symbol of its section is. ARB_ENOMEM. */
int assets_note(struct config *config);

#endif /* ARB_ASSET_NOTES_H */
