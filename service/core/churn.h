/* Churn is limited at the door: over KR_LEAVE_BUDGET leave rotations a minute, joins wait; leaves never
 * (8.4). */
#ifndef KR_CORE_CHURN_H
#define KR_CORE_CHURN_H

#include "core/state.h"

void kr_churn_rotated(struct kr_churn *c, uint64_t now_ms); /* an epoch that answers a leave was announced */
bool kr_churn_over(const struct kr_churn *c, uint64_t now_ms); /* over the budget now? */
/* Should a join that comes now wait? Starts holding when the budget is used up. */
bool kr_churn_hold(struct kr_churn *c, uint64_t now_ms);

#endif
