#include "recode.h"

#include <string.h>

#include "base/limit.h"
#include "fuzz.h"
#include "parse/text.h"

/* The encoding of what the text decodes to, or NULL if it is refused. */
static char *once(const char *text, size_t size, fuzz_recoder *recode)
{
    char *again = NULL;
    struct kr_arena arena;
    struct kr_el *el = NULL;
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    if (kr_el_parse(&arena, text, size, &el) == 0) {
        struct kr_xml x;
        /* Escapes may be longer than what they were decoded from. */
        kr_xml_init(&x, (size_t)2 * KR_STANZA_MAX);
        if (recode(el, &arena, &x)) {
            again = kr_xml_take(&x);
            FUZZ_MUST(again);
        }
        kr_xml_done(&x);
    }
    kr_arena_done(&arena);
    return again;
}

void fuzz_recode(const uint8_t *data, size_t size, fuzz_recoder *recode)
{
    char *first = once((const char *)data, size, recode);
    if (first && strlen(first) <= KR_STANZA_MAX) {
        char *second = once(first, strlen(first), recode);
        FUZZ_MUST(second && strcmp(first, second) == 0);
        free(second);
    }
    free(first);
}
