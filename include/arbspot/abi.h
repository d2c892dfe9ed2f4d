/*
 * abi.h - what every plugin exports, and how host and plugin agree on a version.
 *
 * A plugin is one shared object that exports exactly one data symbol, `arb_plugin`,
 * written with ARB_PLUGIN_EXPORT. Everything else in it is static or hidden, and it
 * has no undefined symbol of the host: it is linked with `-z defs`.
 */
#ifndef ARB_ABI_H
#define ARB_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ARB_ABI_MAGIC 0x31425241U /* "ARB1" read as little endian */

/* Raised when an existing field changes meaning, place or type. */
#define ARB_ABI_MAJOR 2
/* Raised when a field is appended to a struct that carries its size. */
#define ARB_ABI_MINOR 0

#define ARB_PLUGIN_SYMBOL "arb_plugin"

#ifdef __cplusplus
#define ARB_PLUGIN_EXPORT                                                                          \
    extern "C" __attribute__((visibility("default"))) const struct arb_plugin arb_plugin;          \
    const struct arb_plugin arb_plugin
#else
#define ARB_PLUGIN_EXPORT                                                                          \
    extern __attribute__((visibility("default"))) const struct arb_plugin arb_plugin;              \
    const struct arb_plugin arb_plugin
#endif

/* Result of every call that can fail. Zero is success, errors are negative. */
enum arb_rc {
    ARB_OK = 0,
    ARB_EINVAL = -1,    /* an argument or a configured value is not acceptable */
    ARB_ENOMEM = -2,    /* memory is exhausted */
    ARB_ELIMIT = -3,    /* a documented limit would be exceeded */
    ARB_EPROTO = -4,    /* the venue sent something the protocol does not allow */
    ARB_ERANGE = -5,    /* a number does not fit the instrument's scale */
    ARB_ENOTSUP = -6,   /* there is no such thing here: a request, a call, an ABI */
    ARB_EREJECTED = -7, /* the venue refused for good (banned, protocol retired) */
    ARB_ELATER = -8,    /* the venue is asked too often: not now */
};

/* What a code means, for the log. */
static inline const char *arb_rc_text(int rc)
{
    static const char *const texts[] = {
        "done",
        "an argument is not acceptable",
        "no memory",
        "a limit is exceeded",
        "not what the protocol allows",
        "a number does not fit",
        "there is no such thing",
        "refused for good",
        "asked too often",
    };
    return rc > 0 || rc < ARB_ELATER ? "a result that is none" : texts[-rc];
}

enum arb_plugin_kind {
    ARB_KIND_EXCHANGE = 1,
    ARB_KIND_STRATEGY = 2,
};

struct arb_option; /* option.h */

/*
 * The exported descriptor. Its first 16 bytes never change, in any version, so that a
 * host can always say why it refuses a plugin.
 *
 * Both sides negotiate. The host refuses another MAJOR and a newer MINOR, and names both
 * versions. It reads `size` before anything past the first 16 bytes, copies
 * min(size, its own sizeof) into zeroed memory and works on the copy, so a plugin built
 * against an older MINOR loads and what it does not know stays NULL. The same holds for every
 * struct with a `size`, in both directions: nothing is smaller than MINOR 0 had it. A plugin that
 * needs a call of a later MINOR asks ARB_HAS(calls, ...) in init() and fails with ARB_ENOTSUP.
 */
struct arb_plugin {
    uint32_t magic;     /* ARB_ABI_MAGIC */
    uint16_t abi_major; /* ARB_ABI_MAJOR, must equal the host's */
    uint16_t abi_minor; /* ARB_ABI_MINOR, must not exceed the host's */
    uint32_t size;      /* sizeof(struct arb_plugin) as the plugin saw it */
    uint32_t kind;      /* enum arb_plugin_kind */

    const char *name;        /* required: [a-z0-9_]+, at most 31 bytes */
    const char *version;     /* required: free text, for the log */
    const char *description; /* required: one line, shown by `arbspot inspect` */

    size_t instance_size;             /* bytes of zeroed state the host allocates per instance */
    const struct arb_option *options; /* [n_options]; NULL for none */
    const void *ops;                  /* required: struct arb_exchange_ops or arb_strategy_ops */
    uint32_t n_options;
    uint32_t reserved;

    /*
     * Optional, of an exchange; NULL: not known. For people, who see them in `arbspot inspect` and
     * `arbspot venues`: nothing is computed from them, and the fee that counts is the user's own.
     * Dates are "2026-08-31", or "2026-08" where the day is not known.
     */
    const char *taker_fee;      /* of a new account, with the plugin's defaults: "0.40%" */
    const char *taker_fee_date; /* required with it: when the venue asked for so much */
    const char *facts_date;     /* when the venue's documents, or the venue, were last looked at */
};

/* The two members that name an array of options. */
#define ARB_PLUGIN_OPTIONS(options_)                                                               \
    .options = (options_), .n_options = (uint32_t)(sizeof(options_) / sizeof(*(options_)))

#define ARB_PLUGIN_HEADER(kind_)                                                                   \
    .magic = ARB_ABI_MAGIC, .abi_major = ARB_ABI_MAJOR, .abi_minor = ARB_ABI_MINOR,                \
    .size = (uint32_t)sizeof(struct arb_plugin), .kind = (kind_)

/* True when `*p`, which starts with `uint32_t size`, has the member and it is set. */
#define ARB_HAS(p, type, member)                                                                   \
    ((p)->size >= offsetof(type, member) + sizeof((p)->member) && (p)->member != NULL)

#ifdef __cplusplus
}
#endif

#endif /* ARB_ABI_H */
