#include "core/authorise.h"

/* An approval is not a verification, but for the operator's where the policy says so. */
static enum kr_verdict verified(const struct kr_policy *policy, const struct kr_standing *standing,
                                const char **ret_why)
{
    if (policy->verified_by == KR_VERIFIED_BY_OPERATOR && standing->approved_by_operator) {
        *ret_why = "verified by the operator";
        return KR_ADMIT;
    }
    if (policy->verified_by == KR_VERIFIED_BY_OWNERS && standing->affiliation >= KR_AFFILIATION_ADMIN) {
        *ret_why = "an owner or admin of the room";
        return KR_ADMIT;
    }
    *ret_why = standing->verified ? "verified" : "not verified";
    return standing->verified ? KR_ADMIT : KR_WAIT;
}

enum kr_verdict kr_authorise(const struct kr_policy *policy, const struct kr_standing *standing,
                             const char **ret_why)
{
    if (standing->revoked) {
        *ret_why = "the device is revoked";
        return KR_DENY;
    }
    if (standing->affiliation == KR_AFFILIATION_OUTCAST) {
        *ret_why = "banned from the room";
        return KR_DENY;
    }
    if (!standing->takes_part) {
        *ret_why = "it does not take part in the key source";
        return KR_DENY;
    }
    if (standing->is_service) {
        *ret_why = "the service's own device";
        return KR_ADMIT;
    }
    if (policy->authorise == KR_AUTHORISE_VERIFIED)
        return verified(policy, standing, ret_why);
    if (standing->approved) {
        *ret_why = "the device is approved";
        return KR_ADMIT;
    }
    switch (policy->authorise) {
    case KR_AUTHORISE_VERIFIED:
        break;
    case KR_AUTHORISE_OCCUPANTS:
        *ret_why = "every occupant";
        return KR_ADMIT;
    case KR_AUTHORISE_MEMBERS:
        if (standing->affiliation >= KR_AFFILIATION_MEMBER) {
            *ret_why = "affiliated with the room";
            return KR_ADMIT;
        }
        *ret_why = "not affiliated with the room";
        return KR_WAIT;
    case KR_AUTHORISE_REGISTERED:
        if (standing->registered) {
            *ret_why = "a registered user";
            return KR_ADMIT;
        }
        *ret_why = "a guest";
        return KR_WAIT;
    }
    *ret_why = "unknown policy";
    return KR_DENY;
}
