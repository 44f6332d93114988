/* The service as an occupant of MUC rooms (XEP-0045): joining, presence, invitations (also XEP-0249). */
#ifndef KR_CORE_MUC_H
#define KR_CORE_MUC_H

#include "core/state.h"

void kr_muc_configured(struct kr_core *core);  /* makes the rooms of the settings known */
void kr_muc_show_device(struct kr_core *core); /* the service has one now: its presences tell */
void kr_muc_link_up(struct kr_core *core);
void kr_muc_link_down(struct kr_core *core);
void kr_muc_presence(struct kr_core *core, const struct kr_el *presence);
void kr_muc_message(struct kr_core *core, const struct kr_el *message); /* invitations; all else is ignored */

/* Joins what is to be joined now, leaves what nobody else is in. */
void kr_muc_advance(struct kr_core *core, struct kr_room *room);
uint64_t kr_muc_deadline(const struct kr_core *core, const struct kr_room *room);

/* Is a room of this JID one we may serve? */
bool kr_muc_allowed(struct kr_core *core, const char *room);

#endif
