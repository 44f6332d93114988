/* The option table that config.def becomes: for the parser and the documentation only. */
#ifndef KR_DAEMON_OPTIONS_H
#define KR_DAEMON_OPTIONS_H

#include "daemon/config.h"

enum kr_option_type { /* how a value is read */
                      KR_TYPE_TEXT,
                      KR_TYPE_JID,
                      KR_TYPE_PATH,
                      KR_TYPE_LISTEN,
                      KR_TYPE_U32,
                      KR_TYPE_LIST,
                      KR_TYPE_JIDS,
                      KR_TYPE_WITNESSES,
                      KR_TYPE_LEVEL,
                      KR_TYPE_AUTHORISE,
                      KR_TYPE_VERIFIED_BY,
                      KR_TYPE_APPROVAL,
                      KR_TYPE_SOURCE,
                      KR_TYPE_FORMAT
};
enum { KR_FLAG_NONE = 0, KR_FLAG_REQUIRED = 1, KR_FLAG_RELOAD = 2, KR_FLAG_SECRET = 4 };

struct kr_option {
    const char *name;
    size_t offset; /* of the field in struct kr_config or struct kr_config_room */
    enum kr_option_type type;
    const char *def;
    uint32_t min, max;
    unsigned flags;
    const char *help;
};
extern const struct kr_option kr_options[KR_OPTIONS];
extern const struct kr_option kr_room_options[KR_ROOM_OPTIONS];

/* The name of the v-th value of a type with named values; NULL behind the last and for other types. */
const char *kr_option_choice(enum kr_option_type type, uint32_t v);
bool kr_option_is_list(enum kr_option_type type);

/* Stores `value` in `field`; `why` (KR_CONFIG_ERR bytes) says what is wrong with it. KR_E_CONFIG. */
int kr_option_set(const struct kr_option *o, void *field, const char *value, char *why);
void kr_option_done(const struct kr_option *o, void *field);
bool kr_option_equal(const struct kr_option *o, const void *a, const void *b);
/* dst: done. */
void kr_option_copy(const struct kr_option *o, void *dst, const void *src);

#endif
