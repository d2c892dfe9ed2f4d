/*
 * request.h - a request of HTTP, out of libwebsockets.
 */
#ifndef ARB_WEB_REQUEST_H
#define ARB_WEB_REQUEST_H

#include "web/state.h"

enum request_method { REQUEST_OTHER = 1, REQUEST_GET = 2, REQUEST_HEAD = 3 };

enum { REQUEST_TERMINATORS = 64 }; /* of texts, and marks between parts of a query */

struct request {
    enum request_method method;
    struct arb_bytes path; /* decoded; without the query */
    struct arb_bytes accept;
    struct access_request access;
    size_t len;
    char text[WEB_HEADERS_MAX + REQUEST_TERMINATORS]; /* what the others borrow from */
};

void request_read(struct request *request, struct lws *wsi, bool is_upgrade);

#endif /* ARB_WEB_REQUEST_H */
