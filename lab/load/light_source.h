/* Who seals for whom, for each key source: what sets the systems `keyroom-...` apart in the generator. */
#ifndef KR_LOAD_LIGHT_SOURCE_H
#define KR_LOAD_LIGHT_SOURCE_H

#include "load/light_view.h"

struct kr_light_source {
    /* Must `sender` seal for `recipient` in that round? */
    bool (*seals)(const struct kr_view *v, enum kr_round round, size_t sender, size_t recipient);
    /* Does `recipient` get a secret from `sender` in any round? */
    bool (*hears)(const struct kr_view *v, size_t sender, size_t recipient);
};

/* NULL for a source that is not known here. */
const struct kr_light_source *kr_light_source(enum kr_source source);

#endif
