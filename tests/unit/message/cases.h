/* Table-driven tests of a codec: text in, what becomes of it out. */
#ifndef KR_TEST_MESSAGE_CASES_H
#define KR_TEST_MESSAGE_CASES_H

#include <stddef.h>

#include "base/arena.h"
#include "xml/build.h"
#include "xml/el.h"

#define ID_A  "000102030405060708090a0b0c0d0e0f"
#define ID_B  "ffeeddccbbaa99887766554433221100"
#define KEY_A "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define KEY_B "AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define SIG_A "AwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define NS    "xmlns='urn:keyroom:1'"

/* Decodes the payload and, if that worked, encodes it again into x. */
typedef int (*case_recode)(const struct kr_el *payload, struct kr_arena *arena, struct kr_xml *x);

struct case_edit {
    const char *find, *put; /* the first find becomes put; find NULL ends the list */
    int err;                /* what decoding then gives; 0 allowed */
};

struct case_good {
    const char *xml;      /* re-encodes to exactly itself */
    const char *optional; /* " name name " of the attributes that may be missing */
    struct case_edit edits[40];
};

/* Parses xml, recodes it; on success *ret_again is the text, to be freed. */
int case_run(case_recode recode, const char *xml, char **ret_again);

/* A new string: xml with the first find replaced by put. */
char *case_replace(const char *xml, const char *find, const char *put);

/* Asserts of each case: it round-trips; without any one attribute that is not optional it is refused; unknown
 * attributes and children change nothing; edits give their errors; cut off or with any byte changed it is
 * refused or is a fixpoint. */
void case_check(case_recode recode, const struct case_good *cases, size_t count);

#endif
