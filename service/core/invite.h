/* Invitations into rooms (XEP-0045 mediated, XEP-0249 direct). */
#ifndef KR_CORE_INVITE_H
#define KR_CORE_INVITE_H

#include "core/state.h"

/* Is this one, a full or bare JID, a configured inviter? */
bool kr_may_invite(const struct kr_core *core, const char *inviter);

#endif
