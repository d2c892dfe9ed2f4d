#include "config/heading.h"

#include "arbspot/text.h"

struct heading heading_of(const char *word, const char *name)
{
    struct heading heading;
    struct arb_text text = arb_text_over(heading.text, sizeof(heading.text));

    arb_text_add(&text, "%s:%s", word, name);
    return heading;
}
