#include "core/authorise.h"

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
    if (standing->approved) {
        *ret_why = "the device is approved";
        return KR_ADMIT;
    }
    switch (policy->authorise) {
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
