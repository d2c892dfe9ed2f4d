/* The INI reader: any text gives sections and problems, and stays within the reader's limits. */
#include "fuzz.h"

#include "config/ini_reader.h"

static void check_entry(const struct ini_entry *entry)
{
    if (strlen(entry->key) > INI_READER_KEY_MAX || strlen(entry->value) > INI_READER_VALUE_MAX ||
        entry->line == 0) {
        fuzz_fail("an entry beyond the limits", entry->key);
    }
}

static void check_sections(const struct ini_section *section)
{
    for (; section != NULL; section = section->next) {
        if (strlen(section->name) > INI_READER_SECTION_MAX ||
            section->n_entries > INI_READER_ENTRIES_MAX) {
            fuzz_fail("a section beyond the limits", section->name);
        }
        for (const struct ini_entry *entry = section->entries; entry != NULL; entry = entry->next) {
            check_entry(entry);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct problems problems = { .out = fopen("/dev/null", "w"), .path = "fuzz.ini" };
    struct pool *const pool = pool_create();
    struct ini_section *sections = NULL;
    const struct arb_bytes text = fuzz_copy((const char *)data, len);

    if (problems.out == NULL || pool == NULL) {
        exit(EXIT_FAILURE);
    }
    (void)ini_reader_parse(text, pool, &sections, &problems); /* its problems are not of interest */
    check_sections(sections);
    fuzz_free(text);
    pool_destroy(pool);
    (void)fclose(problems.out);
    return 0;
}
