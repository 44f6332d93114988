#include <string.h>

#include "base/limit.h"
#include "frames.h"

enum kr_jframe_kind vector_frame_kind(struct vector *v)
{
    static const char *const names[] = {
        [KR_JFRAME_AUDIO] = "audio", [KR_JFRAME_VIDEO_KEY] = "key", [KR_JFRAME_VIDEO_DELTA] = "delta"};
    const char *name = vector_str(v, "frame_type");
    unsigned kind = 0;
    while (kind < 3 && strcmp(names[kind], name) != 0)
        kind++;
    vector_check(v, kind < 3, "frame_type");
    return kind < 3 ? (enum kr_jframe_kind)kind : KR_JFRAME_AUDIO;
}

void vector_check_open(struct vector *v, const struct opener *o, struct kr_span frame, struct kr_span plain)
{
    struct kr_buf out;
    kr_buf_init(&out, KR_FRAME_MAX);
    vector_check(v, o->open(o, frame, &out) == 0, "opening");
    vector_expect(v, kr_buf_span(&out), plain, "the opened plaintext");
    kr_buf_clear(&out);
    uint8_t *bytes = kr_arena_alloc(&v->arena, frame.len);
    if (bytes && frame.len)
        memcpy(bytes, frame.ptr, frame.len);
    for (size_t i = 0; bytes && i < frame.len && !v->why[0]; i++) {
        bytes[i] ^= (uint8_t)(1u << (i % 8));
        vector_check(v, o->open(o, kr_span(bytes, frame.len), &out) != 0 && out.len == 0,
                     "the refusal of a flipped bit");
        bytes[i] ^= (uint8_t)(1u << (i % 8));
    }
    if (frame.len)
        vector_check(v, o->open(o, kr_span(frame.ptr, frame.len - 1), &out) != 0 && out.len == 0,
                     "the refusal of a cut frame");
    kr_buf_done(&out);
}
