/*
 * close_code.h - the code with which the other side closed a WebSocket, as it was received.
 *
 * libwebsockets 4.1.6 writes 1002 over the codes that it does not know, from 1012 to 2999, before
 * it shows the frame to anybody: "try again later" would read "protocol error". It keeps no copy,
 * and OpenSSL has no callback for what it has deciphered. So SSL_read() is defined here, which
 * libwebsockets then calls instead of OpenSSL's: it calls that one and notes the last bytes.
 */
#ifndef ARB_CLOSE_CODE_H
#define ARB_CLOSE_CODE_H

#include "io/tls.h"

/*
 * The code of the close frame that was just received over `ssl` and is shown as `payload`: the
 * code, in two bytes of which we are not sure, and the words behind it. The same two bytes' if the
 * frame is not among what was read last.
 */
unsigned close_code(const struct tls *tls, const SSL *ssl, const unsigned char *payload,
                    size_t len);

#endif /* ARB_CLOSE_CODE_H */
