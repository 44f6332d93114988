/* Who may have a key: a pure function of the policy, of what MUC says of the occupant, and of the grants. */
#ifndef KR_CORE_AUTHORISE_H
#define KR_CORE_AUTHORISE_H

#include "core/state.h"

enum kr_verdict { KR_ADMIT, KR_WAIT, KR_DENY };
struct kr_standing {
    enum kr_affiliation affiliation;
    bool registered; /* has an owner that the service vouches for now (owner.h) */
    bool approved, revoked;
    bool approved_by_operator;
    bool verified;   /* by attestations that count in the room */
    bool takes_part; /* in the key source of the policy */
    bool is_service; /* our own device: its right is the key source */
};
/* ret_why: a short reason for people, a literal. */
enum kr_verdict kr_authorise(const struct kr_policy *policy, const struct kr_standing *standing,
                             const char **ret_why);

#endif
