/* An event from any bytes: parsed by expat, decoded, encoded, and decoded again; the second text must be the
 * first. */
#include "fuzz.h"

#include "message/event.h"
#include "recode.h"

static bool notice(const struct kr_el *el, struct kr_arena *arena, struct kr_xml *x)
{
    struct kr_notice v;
    if (kr_notice_decode(el, arena, &v) != 0)
        return false;
    kr_notice_encode(x, &v);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_recode(data, size, notice);
    return 0;
}
