#include "session/unpack.h"

#include <limits.h>
#include <stdlib.h>
#define ZLIB_CONST /* what is read is not written */
#include <zlib.h>

enum { WINDOW_BITS = 15, GZIP = 16 /* added to the bits: zlib then expects its header */ };

static int inflate_all(z_stream *stream, enum arb_packing packing)
{
    const int rc = inflate(stream, Z_FINISH);

    /* A sync flush ends a raw message without the mark of the last block; gzip ends with a sum. */
    const bool is_flushed = packing == ARB_PACKING_DEFLATE && rc == Z_BUF_ERROR &&
                            stream->avail_in == 0 && stream->avail_out > 0;

    if (rc == Z_STREAM_END || is_flushed) {
        return ARB_OK;
    }
    if (rc == Z_MEM_ERROR) {
        return ARB_ENOMEM;
    }
    return stream->avail_out == 0 ? ARB_ELIMIT : ARB_EPROTO;
}

int unpack(enum arb_packing packing, struct arb_bytes packed, char **buffer,
           struct arb_bytes *unpacked)
{
    z_stream stream = { 0 };

    if (*buffer == NULL) {
        *buffer = malloc(UNPACK_BYTES_MAX); /* pages are touched as they are needed */
    }
    if (*buffer == NULL || packed.len > UINT_MAX) {
        return ARB_ENOMEM;
    }
    stream.next_in = (const Bytef *)packed.data;
    stream.avail_in = (uInt)packed.len;
    stream.next_out = (Bytef *)*buffer;
    stream.avail_out = UNPACK_BYTES_MAX;
    if (inflateInit2(&stream, packing == ARB_PACKING_GZIP ? WINDOW_BITS + GZIP : -WINDOW_BITS) !=
        Z_OK) {
        return ARB_ENOMEM;
    }
    const int rc = inflate_all(&stream, packing);
    *unpacked = (struct arb_bytes){ *buffer, UNPACK_BYTES_MAX - stream.avail_out };
    (void)inflateEnd(&stream);
    return rc;
}
