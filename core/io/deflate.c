#include "io/deflate.h"

#include "io/dial.h"

/*
 * How libwebsockets' extension answers for a payload that it leaves alone, of a plain message or a
 * pong: by a number private to it, and version 4.1 delivers for ever what was answered so. With 0,
 * the answer of an extension that has nothing to do with payloads, it is delivered once.
 */
enum { LEFT_ALONE = 5, NOT_MINE = 0 };

static int on_extension(struct lws_context *context, const struct lws_extension *extension,
                        struct lws *wsi, enum lws_extension_callback_reasons reason, void *user,
                        void *in, size_t len)
{
    struct dial *const dial = lws_get_opaque_user_data(wsi);

    if (dial != NULL && reason == LWS_EXT_CB_CLIENT_CONSTRUCT) {
        dial->has_deflate = true;
    }
    const int rc =
        lws_extension_callback_pm_deflate(context, extension, wsi, reason, user, in, len);
    if (reason != LWS_EXT_CB_PAYLOAD_RX) {
        return rc;
    }
    if (dial != NULL && rc < 0) {
        dial_kill(dial, "a compressed message is damaged");
    }
    return rc == LEFT_ALONE ? NOT_MINE : rc;
}

/* What we send is short, so we keep no state of it between messages. */
const struct lws_extension deflate_extensions[] = {
    { .name = "permessage-deflate",
      .callback = on_extension,
      .client_offer = "permessage-deflate; client_no_context_takeover; client_max_window_bits" },
    { .name = NULL },
};
