/* JFrame trailers from any bytes, as each kind of frame; and no bytes open under a key that never sealed
 * them. */
#include "fuzz.h"

#include "frame/jframe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kr_span frame = kr_span(data, size);
    struct kr_secret material = KR_SECRET_NONE;
    struct kr_buf out;
    kr_secret_set(&material, "0123456789abcdef0123456789abcdef", 32);
    kr_buf_init(&out, 1 << 20);
    for (enum kr_jframe_kind kind = KR_JFRAME_AUDIO; kind <= KR_JFRAME_VIDEO_DELTA; kind++) {
        struct kr_jframe_header h;
        if (kr_jframe_parse(kind, frame, &h) != 0)
            continue;
        FUZZ_MUST(h.index < KR_JFRAME_RING && h.clear_len + KR_JFRAME_OVERHEAD <= size);
        struct kr_jframe_key key = {0};
        FUZZ_MUST(kr_jframe_key_init(&material, h.index, &key) == 0);
        FUZZ_MUST(kr_jframe_open(&key, kind, frame, &out) != 0);
        FUZZ_MUST(out.len == 0);
        kr_jframe_key_done(&key);
    }
    kr_secret_done(&material);
    kr_buf_done(&out);
    return 0;
}
