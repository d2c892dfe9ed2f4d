#include "ws_client.h"

#include <libwebsockets.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "arbspot/abi.h"

struct ws_client {
    struct ws_client_config config;
    struct lws_context *context;
    _Atomic bool is_open;
};

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t len)
{
    struct ws_client *const client = lws_context_user(lws_get_context(wsi));

    switch (reason) {
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        atomic_store_explicit(&client->is_open, true, memory_order_release);
        return 0;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        if (lws_remaining_packet_payload(wsi) == 0 && lws_is_final_fragment(wsi)) {
            client->config.on_message(client->config.context);
        }
        return 0;
    default:
        return lws_callback_http_dummy(wsi, reason, user, in, len);
    }
}

static const struct lws_protocols protocols[] = {
    { .name = "bench", .callback = on_event, .rx_buffer_size = 65536 },
    { .name = NULL },
};

static int dial(struct ws_client *client, struct err *err)
{
    const struct lws_client_connect_info info = {
        .context = client->context,
        .address = "127.0.0.1",
        .host = "127.0.0.1",
        .origin = "127.0.0.1",
        .port = client->config.port,
        .path = client->config.path,
        .ssl_connection = LCCSCF_USE_SSL,
        .local_protocol_name = protocols[0].name,
    };
    return lws_client_connect_via_info(&info) == NULL
               ? err_set(err, ARB_EINVAL, "the bare client cannot connect")
               : ARB_OK;
}

int ws_client_create(struct ws_client **out, const struct ws_client_config *config, struct err *err)
{
    struct ws_client *const client = calloc(1, sizeof(*client));
    const struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = protocols,
        .user = client,
        .client_ssl_ca_filepath = config->ca_file,
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
    };
    if (client == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory for a client");
    }
    client->config = *config;
    client->context = lws_create_context(&info);
    const int rc = client->context == NULL
                       ? err_set(err, ARB_ENOMEM, "libwebsockets gives no context")
                       : dial(client, err);
    if (rc != ARB_OK) {
        ws_client_destroy(client);
        return rc;
    }
    *out = client;
    return ARB_OK;
}

void ws_client_destroy(struct ws_client *client)
{
    if (client != NULL && client->context != NULL) {
        lws_context_destroy(client->context);
    }
    free(client);
}

void ws_client_step(struct ws_client *client)
{
    (void)lws_service(client->context, 0);
}

void ws_client_wake(struct ws_client *client)
{
    lws_cancel_service(client->context);
}

bool ws_client_is_open(const struct ws_client *client)
{
    return atomic_load_explicit(&client->is_open, memory_order_acquire);
}
