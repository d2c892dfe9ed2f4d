#include "cmd/setup_files.h"

#include <stdbool.h>
#include <stdio.h>

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "config/file_check.h"
#include "io/tls.h"
#include "session/scales_file.h"

enum { HEADING_MAX = 64 };

/* Where a file is named. */
struct place {
    unsigned line;
    const char *heading;
};

/* True when none of the certificates in the file is valid any more. */
static bool has_expired(const char *path)
{
    FILE *const file = fopen(path, "re");
    bool is_valid = file == NULL; /* whoever could read it just now */
    X509 *certificate;

    while (!is_valid && (certificate = PEM_read_X509(file, NULL, NULL, NULL)) != NULL) {
        is_valid = X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0;
        X509_free(certificate);
    }
    if (file != NULL) {
        (void)fclose(file); /* only read from */
    }
    return !is_valid;
}

static void check_ca_file(const char *path, struct place place, struct problems *problems)
{
    struct tls tls;
    struct err err = { .rc = ARB_OK };

    if (path == NULL) {
        return;
    }
    if (file_check_readable(path, &err) != ARB_OK) {
        problem_add(problems, place.line, place.heading, "ca_file", "%s", err.text);
    } else if (tls_init(&tls, path, &err) != ARB_OK) {
        problem_add(problems, place.line, place.heading, "ca_file",
                    "%.200s holds no certificate in PEM, which has lines that begin with "
                    "-----BEGIN CERTIFICATE-----; openssl x509 -inform der makes it of one in DER",
                    path);
    } else {
        tls_fini(&tls);
        if (has_expired(path)) {
            problem_add(problems, place.line, place.heading, "ca_file",
                        "every certificate in %.200s has expired: name a file with one that is "
                        "valid",
                        path);
        }
    }
}

/* Every line of it, as the host reads them. */
static int check_lines(const char *path, struct err *err)
{
    struct scales_file file = { .path = path, .lock_fd = -1 };
    struct scales_line line = { .next = 0 };

    int rc = scales_file_read(&file, err);
    if (rc == ARB_OK) {
        rc = scales_file_next(&file, &line, err);
    }
    while (rc == ARB_OK && line.symbol[0] != '\0') {
        rc = scales_file_next(&file, &line, err);
    }
    scales_file_close(&file);
    return rc;
}

static void check_scales_file(const struct host_config *host, struct problems *problems)
{
    struct err err = { .rc = ARB_OK };

    if (host->scales_file != NULL && (file_check_writable(host->scales_file, &err) != ARB_OK ||
                                      check_lines(host->scales_file, &err) != ARB_OK)) {
        problem_add(problems, host->scales_file_line, "host", "scales_file", "%s", err.text);
    }
}

void setup_check_files(const struct config *config, struct problems *problems)
{
    check_ca_file(config->host.ca_file, (struct place){ config->host.ca_file_line, "host" },
                  problems);
    check_scales_file(&config->host, problems);
    for (unsigned i = 0; i < config->n_exchanges; i++) {
        const struct exchange_config *const exchange = &config->exchanges[i];
        char heading[HEADING_MAX];
        (void)snprintf(heading, sizeof(heading), "exchange:%s", exchange->name); /* fits */
        check_ca_file(exchange->ca_file, (struct place){ exchange->ca_file_line, heading },
                      problems);
    }
}
