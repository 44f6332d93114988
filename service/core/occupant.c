#include "core/occupant.h"

#include <stdlib.h>
#include <string.h>

struct kr_occupant *kr_occupant_find(const struct kr_room *room, const char *nick)
{
    struct kr_occupant *o = NULL;
    HASH_FIND_STR(room->occupants, nick, o);
    return o;
}

struct kr_occupant *kr_occupant_get(struct kr_room *room, const char *nick)
{
    struct kr_occupant *o = kr_occupant_find(room, nick);
    if (o || HASH_COUNT(room->occupants) >= KR_OCCUPANTS_MAX)
        return o;
    o = kr_calloc(1, sizeof(*o));
    o->nick = kr_strdup(nick);
    HASH_ADD_KEYPTR(hh, room->occupants, o->nick, strlen(o->nick), o);
    room->hidden++; /* until its JIDs are set */
    return o;
}

static void free_jids(char **jids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(jids[i]);
    free(jids);
}

void kr_occupant_remove(struct kr_room *room, struct kr_occupant *o)
{
    HASH_DEL(room->occupants, o);
    room->hidden -= o->jid_count == 0;
    free_jids(o->jids, o->jid_count);
    free(o->nick);
    free(o);
}

void kr_occupants_clear(struct kr_room *room)
{
    struct kr_occupant *o, *tmp;
    HASH_ITER (hh, room->occupants, o, tmp)
        kr_occupant_remove(room, o);
}

bool kr_occupant_has_jid(const struct kr_occupant *o, const char *full_jid)
{
    for (size_t i = 0; i < o->jid_count; i++) {
        if (strcmp(o->jids[i], full_jid) == 0)
            return true;
    }
    return false;
}

struct kr_occupant *kr_occupant_by_jid(const struct kr_room *room, const char *full_jid, size_t *ret_count)
{
    struct kr_occupant *found = NULL;
    size_t count = 0;
    for (struct kr_occupant *o = room->occupants; o; o = o->hh.next) {
        if (!kr_occupant_has_jid(o, full_jid))
            continue;
        count++;
        if (!found || (o->attach && strcmp(o->attach->full_jid, full_jid) == 0))
            found = o;
    }
    *ret_count = count;
    return found;
}

void kr_occupant_set_jids(struct kr_room *room, struct kr_occupant *o, char **jids, size_t count)
{
    room->hidden -= o->jid_count == 0;
    room->hidden += count == 0;
    free_jids(o->jids, o->jid_count);
    o->jids = jids;
    o->jid_count = count;
}

static const char *const names[] = {"outcast", "none", "member", "admin", "owner"};

enum kr_affiliation kr_affiliation_read(const char *name)
{
    for (size_t i = 0; name && i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], name) == 0)
            return (enum kr_affiliation)i;
    }
    return KR_AFFILIATION_NONE;
}

const char *kr_affiliation_name(enum kr_affiliation a)
{
    return names[a];
}
