/*
 * config_writer.h - a ready arbspot configuration for the market being simulated.
 */
#ifndef ARB_SIM_CONFIG_WRITER_H
#define ARB_SIM_CONFIG_WRITER_H

#include "instruments.h"
#include "options.h"

/* Writes options->config_file; `ports` are by venue, `ca_path` is what the host shall trust. */
int config_write(const struct sim_options *options, const struct instrument_list *instruments,
                 const int *ports, const char *ca_path, struct err *err);

/* Writes options->endpoints_file: a line "kraken=PORT" for each venue. */
int endpoints_write(const struct sim_options *options, const int *ports, struct err *err);

#endif /* ARB_SIM_CONFIG_WRITER_H */
