/* SFrame headers from any bytes: what is read writes to the same bytes. And no bytes open under a key that
 * never sealed them. */
#include "fuzz.h"

#include <string.h>

#include "frame/sframe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kr_sframe_header h;
    struct kr_span frame = kr_span(data, size);
    if (kr_sframe_parse(frame, &h) != 0)
        return 0;
    uint8_t again[KR_SFRAME_HEADER_MAX];
    FUZZ_MUST(h.len <= size);
    FUZZ_MUST(kr_sframe_header_write(h.kid, h.ctr, again) == h.len);
    FUZZ_MUST(memcmp(again, data, h.len) == 0);

    struct kr_sframe_key key = {0};
    struct kr_secret base_key = KR_SECRET_NONE;
    struct kr_buf out;
    kr_secret_set(&base_key, "0123456789abcdef0123456789abcdef", 32);
    kr_buf_init(&out, 1 << 20);
    FUZZ_MUST(kr_sframe_key_init(4, h.kid, &base_key, &key) == 0);
    FUZZ_MUST(kr_sframe_open(&key, kr_span(NULL, 0), frame, &out) != 0);
    FUZZ_MUST(out.len == 0);
    kr_sframe_key_done(&key);
    kr_secret_done(&base_key);
    kr_buf_done(&out);
    return 0;
}
