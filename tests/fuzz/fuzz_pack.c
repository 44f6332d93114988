/* Packed entries from any bytes: what is read packs to the same bytes. */
#include "fuzz.h"

#include <string.h>

#include "base/limit.h"
#include "message/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kr_arena arena;
    const struct kr_packed *entries;
    size_t count;
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    if (kr_pack_read(kr_span(data, size), &arena, &entries, &count) == 0) {
        struct kr_buf b;
        kr_buf_init(&b, size);
        for (size_t i = 0; i < count; i++)
            kr_pack_add(&b, &entries[i]);
        FUZZ_MUST(!b.err && b.len == size && (size == 0 || memcmp(b.ptr, data, size) == 0));
        kr_buf_done(&b);
    }
    kr_arena_done(&arena);
    return 0;
}
