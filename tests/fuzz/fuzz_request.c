/* A request from any bytes: parsed by expat, decoded, encoded, and decoded again; the second text must be the
 * first. */
#include "fuzz.h"

#include <stdbool.h>
#include <string.h>

#include "base/limit.h"
#include "message/request.h"
#include "support/el_expat.h"

/* Of the right IQ type for its name, so that the type does not hide the rest. */
static bool is_set(const struct kr_el *el)
{
    for (enum kr_request_kind kind = 0; kind < KR_REQ_KINDS; kind++) {
        if (strcmp(el->name, kr_request_name(kind)) == 0)
            return kr_request_is_set(kind);
    }
    return true;
}

/* The encoding of what the text decodes to, or NULL if it is refused. */
static char *recode(const char *text, size_t size)
{
    char *again = NULL;
    struct kr_arena arena;
    struct kr_el *el = NULL;
    struct kr_request v;
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    if (kr_el_parse(&arena, text, size, &el) != 0)
        goto out;
    /* The same bytes as results: total as well. */
    struct kr_res_challenge challenge;
    struct kr_res_attached attached;
    struct kr_res_keys keys;
    struct kr_res_claimed claimed;
    (void)kr_res_challenge_decode(el, &arena, &challenge);
    (void)kr_res_attached_decode(el, &attached);
    (void)kr_res_keys_decode(el, &keys);
    (void)kr_res_claimed_decode(el, &arena, &claimed);
    if (kr_request_decode(el, is_set(el), &arena, &v) == 0) {
        struct kr_xml x;
        kr_xml_init(&x,
                    (size_t)2 * KR_STANZA_MAX); /* escapes may be longer than what they were decoded from */
        kr_request_encode(&x, &v);
        again = kr_xml_take(&x);
        FUZZ_MUST(again);
    }
out:
    kr_arena_done(&arena);
    return again;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *once = recode((const char *)data, size);
    if (once && strlen(once) <= KR_STANZA_MAX) {
        char *twice = recode(once, strlen(once));
        FUZZ_MUST(twice && strcmp(once, twice) == 0);
        free(twice);
    }
    free(once);
    return 0;
}
