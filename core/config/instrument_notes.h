/* instrument_notes.h - what is said of an instrument on an exchange that does not list it. */
#ifndef ARB_INSTRUMENT_NOTES_H
#define ARB_INSTRUMENT_NOTES_H

#include "config/config.h"

/* Adds a note for each `tick.kraken` and the like that nothing looks at. ARB_ENOMEM. */
int instruments_note(struct config *config);

#endif /* ARB_INSTRUMENT_NOTES_H */
