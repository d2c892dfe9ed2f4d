#include "io/deflate.h"

#include "io/dial.h"

/* What an extension answers that has nothing to do with a payload: it is delivered as it is. */
enum { NOT_MINE = 0 };

/* Only the first fragment of a message says whether the message is compressed. */
static bool is_compressed(struct lws *wsi, struct dial *dial)
{
    if (lws_is_first_fragment(wsi)) {
        dial->is_deflated = (lws_get_reserved_bits(wsi) & DEFLATE_RSV1) != 0;
    }
    return dial->is_deflated;
}

static int on_extension(struct lws_context *context, const struct lws_extension *extension,
                        struct lws *wsi, enum lws_extension_callback_reasons reason, void *user,
                        void *in, size_t len)
{
    struct dial *const dial = lws_get_opaque_user_data(wsi);

    if (dial != NULL && reason == LWS_EXT_CB_CLIENT_CONSTRUCT) {
        dial->has_deflate = true;
    }
    if (dial != NULL && reason == LWS_EXT_CB_PAYLOAD_RX && !is_compressed(wsi, dial)) {
        return NOT_MINE;
    }
    const int rc =
        lws_extension_callback_pm_deflate(context, extension, wsi, reason, user, in, len);
    if (dial != NULL && reason == LWS_EXT_CB_PAYLOAD_RX && rc < 0) {
        dial_kill(dial, "a compressed message is damaged");
    }
    return rc;
}

/* What we send is short, so we keep no state of it between messages. */
const struct lws_extension deflate_extensions[] = {
    { .name = "permessage-deflate",
      .callback = on_extension,
      .client_offer = "permessage-deflate; client_no_context_takeover; client_max_window_bits" },
    { .name = NULL },
};
