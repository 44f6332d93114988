/* A request from any bytes: parsed by expat, decoded, encoded, and decoded again; the second text must be the
 * first. */
#include "fuzz.h"

#include <string.h>

#include "message/request.h"
#include "recode.h"

/* Of the right IQ type for its name, so that the type does not hide the rest. */
static bool is_set(const struct kr_el *el)
{
    for (enum kr_request_kind kind = 0; kind < KR_REQ_KINDS; kind++) {
        if (strcmp(el->name, kr_request_name(kind)) == 0)
            return kr_request_is_set(kind);
    }
    return true;
}

static bool request(const struct kr_el *el, struct kr_arena *arena, struct kr_xml *x)
{
    struct kr_request v;
    /* The same bytes as results: total as well. */
    struct kr_res_challenge challenge;
    struct kr_res_attached attached;
    struct kr_res_keys keys;
    struct kr_res_claimed claimed;
    struct kr_res_line line;
    (void)kr_res_line_decode(el, &line);
    (void)kr_res_challenge_decode(el, arena, &challenge);
    (void)kr_res_attached_decode(el, &attached);
    (void)kr_res_keys_decode(el, &keys);
    (void)kr_res_claimed_decode(el, arena, &claimed);
    if (kr_request_decode(el, is_set(el), arena, &v) != 0)
        return false;
    kr_request_encode(x, &v);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_recode(data, size, request);
    return 0;
}
