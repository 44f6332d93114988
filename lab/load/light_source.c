#include "load/light_source.h"

#include "epoch/rounds.h"

static bool each_seals(const struct kr_view *v, enum kr_round round, size_t sender, size_t recipient)
{
    return kr_round_has(&v->roster, v->link.kind, round, sender, recipient);
}

static bool each_hears(const struct kr_view *v, size_t sender, size_t recipient)
{
    return kr_round_any(&v->roster, v->link.kind, sender, recipient);
}

static const struct kr_light_source sources[] = {
    [KR_SOURCE_PARTICIPANTS] = {.seals = each_seals, .hears = each_hears},
};

const struct kr_light_source *kr_light_source(enum kr_source source)
{
    return (size_t)source < sizeof(sources) / sizeof(sources[0]) && sources[source].seals ? &sources[source]
                                                                                          : NULL;
}
