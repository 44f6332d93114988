#include <stdio.h>

#include "peer.h"

void tally_init(struct tally *t)
{
    *t = (struct tally){json_object(), json_object(), json_object(), json_object(), json_object()};
}

void tally_done(struct tally *t)
{
    json_decref(t->sealed);
    json_decref(t->received);
    json_decref(t->opened);
    json_decref(t->refused);
    json_decref(t->first);
}

void tally_key(char out[static 40], const struct kr_id *instance, uint64_t epoch)
{
    char id[KR_ID_TEXT] = "?";
    if (instance) {
        kr_id_write(id, instance);
        id[8] = '\0';
    }
    snprintf(out, 40, "%s/%llu", id, (unsigned long long)epoch);
}

static json_int_t count(json_t *in, const char *key)
{
    json_int_t n = json_integer_value(json_object_get(in, key)) + 1;
    json_object_set_new(in, key, json_integer(n));
    return n;
}

static json_t *sub(json_t *in, const char *key)
{
    json_t *o = json_object_get(in, key);
    if (!o) {
        o = json_object();
        json_object_set_new(in, key, o);
    }
    return o;
}

void tally_sealed(struct tally *t, const char *key)
{
    count(t->sealed, key);
}

void tally_received(struct tally *t, const char *sender, const char *key)
{
    count(sub(t->received, sender), key);
}

bool tally_opened(struct tally *t, const char *sender, const char *key)
{
    return count(sub(t->opened, sender), key) == 1;
}

void tally_refused(struct tally *t, const char *sender, const char *key, const char *why)
{
    count(sub(sub(t->refused, sender), key), why);
}
