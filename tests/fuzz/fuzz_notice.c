/* An event from any bytes: parsed by expat, decoded, encoded, and decoded again; the second text must be the
 * first. */
#include "fuzz.h"

#include <stdbool.h>
#include <string.h>

#include "base/limit.h"
#include "message/event.h"
#include "support/el_expat.h"

/* The encoding of what the text decodes to, or NULL if it is refused. */
static char *recode(const char *text, size_t size)
{
    char *again = NULL;
    struct kr_arena arena;
    struct kr_el *el = NULL;
    struct kr_notice v;
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    if (kr_el_parse(&arena, text, size, &el) != 0)
        goto out;
    if (kr_notice_decode(el, &arena, &v) == 0) {
        struct kr_xml x;
        kr_xml_init(&x,
                    (size_t)2 * KR_STANZA_MAX); /* escapes may be longer than what they were decoded from */
        kr_notice_encode(&x, &v);
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
