/* The settings of a room when the operator says nothing of it, for worlds around the core. */
#ifndef KR_SUPPORT_ROOM_SETTINGS_H
#define KR_SUPPORT_ROOM_SETTINGS_H

#include "core/settings.h"

/* For every room. Owns nothing. */
struct kr_room_settings kr_test_room_settings(enum kr_authorise authorise);

#endif
