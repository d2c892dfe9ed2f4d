/*
 * capabilities.h - what an exchange plugin says can be proven of its books, for people and tools.
 */
#ifndef ARB_CAPABILITIES_H
#define ARB_CAPABILITIES_H

#include "arbspot/exchange.h"
#include "config/config.h"
#include "plugin/loader.h"

/* The words for the members; "?" for a value that is none. */
const char *loss_detection_name(uint32_t loss_detection);
const char *snapshot_source_name(uint32_t snapshot_source);
const char *unknown_delete_name(uint32_t unknown_delete);
const char *liveness_name(uint32_t liveness);

/*
 * Runs init() of a scratch instance with default options and, unless NULL, one `setting`, and gives
 * the plan. ARB_ENOTSUP when an option has no default, ARB_EPROTO when the plan breaks a rule,
 * which `rule` then names; anything else when init() failed.
 */
int capabilities_probe(const struct plugin *plugin, const struct config_entry *setting,
                       struct arb_plan *plan, const char **rule);

#endif /* ARB_CAPABILITIES_H */
