#include "web/request.h"

#include "arbspot/json.h"

enum { QUERY_PARTS_MAX = 32 };

/* Of a header that comes more than once, what came is one text; too long for us: as if not there.
 */
static struct arb_bytes copy(struct request *request, struct lws *wsi, enum lws_token_indexes token)
{
    char *const at = request->text + request->len;
    const size_t room = sizeof(request->text) - request->len;
    const int len = lws_hdr_copy(wsi, at, (int)room, token);

    if (len <= 0) {
        return (struct arb_bytes){ at, 0 };
    }
    request->len += (size_t)len + 1;
    return (struct arb_bytes){ at, (size_t)len };
}

/* Each part of the query is a text of its own there. */
static struct arb_bytes copy_query(struct request *request, struct lws *wsi)
{
    char *const start = request->text + request->len;
    size_t len = 0;

    for (int i = 0; i < QUERY_PARTS_MAX; i++) {
        const size_t room = sizeof(request->text) - request->len - len;
        const int part = room < 2 ? -1
                                  : lws_hdr_copy_fragment(wsi, start + len, (int)room - 1,
                                                          WSI_TOKEN_HTTP_URI_ARGS, i);
        if (part < 0) {
            break;
        }
        len += (size_t)part;
        start[len++] = '&';
    }
    request->len += len;
    return (struct arb_bytes){ start, len == 0 ? 0 : len - 1 };
}

static void read_method(struct request *request, struct lws *wsi)
{
    request->method = REQUEST_OTHER;
    if (lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) > 0) {
        request->method = REQUEST_GET;
        request->path = copy(request, wsi, WSI_TOKEN_GET_URI);
    } else if (lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0) {
        request->method = REQUEST_HEAD;
        request->path = copy(request, wsi, WSI_TOKEN_HEAD_URI);
    }
}

void request_read(struct request *request, struct lws *wsi, bool is_upgrade)
{
    request->len = 0;
    request->path = (struct arb_bytes){ request->text, 0 };
    read_method(request, wsi);
    request->accept = copy(request, wsi, WSI_TOKEN_HTTP_ACCEPT);
    request->access = (struct access_request){
        .host = copy(request, wsi, WSI_TOKEN_HOST),
        .origin = copy(request, wsi, WSI_TOKEN_ORIGIN),
        .authorization = copy(request, wsi, WSI_TOKEN_HTTP_AUTHORIZATION),
        .cookie = copy(request, wsi, WSI_TOKEN_HTTP_COOKIE),
        .query = copy_query(request, wsi),
        .is_page = arb_bytes_are(request->path, "/"),
        .is_upgrade = is_upgrade,
    };
}
