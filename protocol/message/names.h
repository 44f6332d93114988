/* Names of events and of their values. Internal to this folder. */
#ifndef KR_MESSAGE_NAMES_H
#define KR_MESSAGE_NAMES_H

#include "message/event.h"

const char *kr_notice_name(enum kr_notice_kind kind);
const char *kr_mode_name(enum kr_room_mode mode);
int kr_mode_read(const char *name, enum kr_room_mode *ret_mode); /* KR_E_MALFORMED */

#endif
