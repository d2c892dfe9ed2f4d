#include "kafka/security.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "config/file_check.h"

enum { KEY_MAX = 96 };

/* What the entries amount to. */
struct security {
    const struct kafka_config *config;
    struct problems *problems;
    const struct config_entry *protocol, *mechanism; /* NULL: not given */
    bool has_tls, has_sasl;
};

static void complain(const struct security *s, const struct config_entry *entry, const char *fmt,
                     ...) __attribute__((format(printf, 3, 4)));

static void complain(const struct security *s, const struct config_entry *entry, const char *fmt,
                     ...)
{
    char key[KEY_MAX];
    va_list args;

    (void)snprintf(key, sizeof(key), "rdkafka.%s", entry->key); /* cut is still readable */
    va_start(args, fmt);
    problem_vadd(s->problems, entry->line, "kafka", key, fmt, args);
    va_end(args);
}

/* The last entry of this name, which is the one that counts; NULL: there is none. */
static const struct config_entry *find(const struct security *s, const char *key)
{
    const struct config_entry *found = NULL;

    for (const struct config_entry *e = s->config->rdkafka; e != NULL; e = e->next) {
        found = strcmp(e->key, key) == 0 ? e : found;
    }
    return found;
}

static bool is_given(const struct security *s, const char *key)
{
    const struct config_entry *const entry = find(s, key);
    return entry != NULL && entry->value[0] != '\0';
}

static bool is(const struct config_entry *entry, const char *value)
{
    return entry != NULL && strcasecmp(entry->value, value) == 0;
}

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* -- what has no effect ---------------------------------------------------------------- */

static void check_effect(const struct security *s, const struct config_entry *entry)
{
    if (starts_with(entry->key, "ssl.") && !s->has_tls) {
        complain(s, entry,
                 "has no effect without TLS: set rdkafka.security.protocol to SSL or SASL_SSL, or "
                 "remove it");
    } else if (starts_with(entry->key, "sasl.") && !s->has_sasl) {
        complain(s, entry,
                 "has no effect, nobody logs in: set rdkafka.security.protocol to SASL_SSL or "
                 "SASL_PLAINTEXT, or remove it");
    }
}

static void check_embedded(const struct security *s)
{
    if (strcmp(s->config->brokers, "embedded") == 0 && (s->has_tls || s->has_sasl)) {
        complain(s, s->protocol,
                 "the broker inside the process speaks neither TLS nor SASL: remove it, or name "
                 "the brokers it is meant for in `brokers`");
    }
}

/* -- SASL ------------------------------------------------------------------------------ */

static void check_credential(const struct security *s, const char *key, const char *what)
{
    const struct config_entry *const entry = find(s, key);

    if (entry == NULL) {
        complain(s, s->mechanism,
                 "%s logs in with a name and a password, and rdkafka.%s is missing",
                 s->mechanism->value, key);
    } else if (entry->value[0] == '\0') {
        complain(s, entry, "the %s is empty", what);
    }
}

static bool has_token(const struct security *s)
{
    return is(find(s, "sasl.oauthbearer.method"), "oidc") ||
           is(find(s, "enable.sasl.oauthbearer.unsecure.jwt"), "true");
}

/* As librdkafka makes a token by itself, which needs a name to begin with. */
static void check_own_token(const struct security *s)
{
    static const char word[] = "principal=";
    const struct config_entry *const entry = find(s, "sasl.oauthbearer.config");
    const char *const at = entry == NULL ? NULL : strstr(entry->value, word);

    if (is(find(s, "sasl.oauthbearer.method"), "oidc")) {
        return;
    }
    if (at == NULL || (at != entry->value && at[-1] != ' ')) {
        complain(s, entry == NULL ? s->mechanism : entry,
                 "the token has no name: rdkafka.sasl.oauthbearer.config has to hold "
                 "principal=NAME");
    }
}

static void check_mechanism(const struct security *s)
{
    const struct config_entry *const m = s->mechanism;

    if (m == NULL) {
        complain(s, s->protocol,
                 "rdkafka.sasl.mechanisms is missing: set it to PLAIN, SCRAM-SHA-256, "
                 "SCRAM-SHA-512, GSSAPI or OAUTHBEARER, as the brokers want it");
    } else if (is(m, "PLAIN") || is(m, "SCRAM-SHA-256") || is(m, "SCRAM-SHA-512")) {
        check_credential(s, "sasl.username", "name");
        check_credential(s, "sasl.password", "password");
    } else if (is(m, "OAUTHBEARER")) {
        if (!has_token(s)) {
            complain(s, m, "arbspot has no token to log in with: use another mechanism");
        } else {
            check_own_token(s);
        }
    } else if (!is(m, "GSSAPI")) {
        complain(s, m, "%s%s%s is none of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, GSSAPI, OAUTHBEARER",
                 m->origin == NULL ? "'" : "", m->origin == NULL ? m->value : m->origin,
                 m->origin == NULL ? "'" : "");
    }
}

/* -- files ----------------------------------------------------------------------------- */

static bool names_file(const char *key)
{
    static const char *const keys[] = { "ssl.ca.location", "ssl.certificate.location",
                                        "ssl.key.location", "ssl.keystore.location",
                                        "ssl.crl.location" };

    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        if (strcmp(key, keys[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Of authorities librdkafka also takes a folder, and a word for the usual places. */
static void check_file(const struct security *s, const struct config_entry *entry)
{
    const bool is_ca = strcmp(entry->key, "ssl.ca.location") == 0;
    struct err err = { .rc = ARB_OK };

    if (!names_file(entry->key) ||
        (is_ca && (strcmp(entry->value, "probe") == 0 || file_is_folder(entry->value)))) {
        return;
    }
    if (entry->value[0] == '\0') {
        complain(s, entry, "names no file");
    } else if (file_check_readable(entry->value, &err) != ARB_OK) {
        complain(s, entry, "%s", err.text);
    }
}

/* A certificate proves who one is only together with its key. */
static void check_pair(const struct security *s, const char *key, const char *other)
{
    char location[KEY_MAX], pem[KEY_MAX], other_location[KEY_MAX], other_pem[KEY_MAX];

    (void)snprintf(location, sizeof(location), "ssl.%s.location", key); /* these fit */
    (void)snprintf(pem, sizeof(pem), "ssl.%s.pem", key);
    (void)snprintf(other_location, sizeof(other_location), "ssl.%s.location", other);
    (void)snprintf(other_pem, sizeof(other_pem), "ssl.%s.pem", other);
    const struct config_entry *const given =
        is_given(s, location) ? find(s, location) : find(s, pem);
    if (given != NULL && !is_given(s, other_location) && !is_given(s, other_pem)) {
        complain(s, given, "of no use alone: rdkafka.%s is missing", other_location);
    }
}

static struct security gather(const struct kafka_config *config, struct problems *problems)
{
    struct security s = { .config = config, .problems = problems };

    s.protocol = find(&s, "security.protocol");
    s.mechanism = find(&s, "sasl.mechanisms");
    if (s.mechanism == NULL) {
        s.mechanism = find(&s, "sasl.mechanism");
    }
    s.has_tls = is(s.protocol, "ssl") || is(s.protocol, "sasl_ssl");
    s.has_sasl = is(s.protocol, "sasl_plaintext") || is(s.protocol, "sasl_ssl");
    return s;
}

void security_check(const struct kafka_config *config, struct problems *problems)
{
    const struct security s = gather(config, problems);

    if (s.protocol != NULL && !s.has_tls && !s.has_sasl && !is(s.protocol, "plaintext")) {
        return; /* no protocol at all, which is reported by itself */
    }
    check_embedded(&s);
    for (const struct config_entry *e = config->rdkafka; e != NULL; e = e->next) {
        check_effect(&s, e);
        check_file(&s, e);
    }
    if (s.has_sasl) {
        check_mechanism(&s);
    }
    if (s.has_tls) {
        check_pair(&s, "certificate", "key");
        check_pair(&s, "key", "certificate");
    }
}

const char *security_hint(const char *key)
{
    if (strcmp(key, "ssl.key.location") == 0) {
        return "; it takes a key in PEM that fits rdkafka.ssl.certificate.location, and its "
               "password, where it has one, in rdkafka.ssl.key.password";
    }
    if (strcmp(key, "ssl.certificate.location") == 0) {
        return "; it takes certificates in PEM, the client's own first";
    }
    return strcmp(key, "ssl.ca.location") == 0 ? "; it takes certificates in PEM" : "";
}
