#include "io/lws_log.h"

#include <libwebsockets.h>
#include <string.h>

#include "util/log.h"

/* Its own words help only when debugging; what matters of them we say ourselves. */
static void write_line(int level, const char *line)
{
    (void)level;
    log_line(ARB_DEBUG, "part=libwebsockets", "%.*s", (int)strcspn(line, "\n"), line);
}

void lws_log_take(void)
{
    lws_set_log_level(LLL_ERR | LLL_WARN | LLL_NOTICE, write_line);
}
