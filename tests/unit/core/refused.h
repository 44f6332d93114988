/* What the tests of refusals share: a meeting for each test, and the check that bad input gets its
 * application condition, is traced, and changes nothing. */
#ifndef KR_TEST_REFUSED_H
#define KR_TEST_REFUSED_H

#include "meeting.h"

void refused(struct peer *p, const struct kr_request *r, const char *condition);
void refused_as(struct peer *p, const char *jid, const struct kr_request *r, const char *condition);

struct kr_request claim(const struct kr_claim_target *t, size_t count);

#endif
