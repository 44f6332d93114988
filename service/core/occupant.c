#include "core/occupant.h"

#include <stdlib.h>
#include <string.h>

#include "core/challenge.h"
#include "core/own.h"
#include "core/owner.h"
#include "core/stock.h"

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

/* Each request asks who speaks: in a room where each speaks from a JID of its own, as nearly all are, that
 * does not cost a walk through all. */
static void speaks(struct kr_room *room, struct kr_occupant *o)
{
    struct kr_occupant *same = NULL;
    if (o->jid_count == 1)
        HASH_FIND(hh_jid, room->speakers, o->jids[0], strlen(o->jids[0]), same);
    o->speaks_alone = o->jid_count == 1 && !same;
    if (o->speaks_alone)
        HASH_ADD_KEYPTR(hh_jid, room->speakers, o->jids[0], strlen(o->jids[0]), o);
    else
        room->odd_speakers += o->jid_count != 0;
}

static void speaks_no_more(struct kr_room *room, struct kr_occupant *o)
{
    if (o->speaks_alone)
        HASH_DELETE(hh_jid, room->speakers, o);
    else
        room->odd_speakers -= o->jid_count != 0;
    for (size_t i = 0; i < o->jid_count; i++)
        free(o->jids[i]);
    free(o->jids);
}

void kr_occupant_remove(struct kr_room *room, struct kr_occupant *o)
{
    HASH_DEL(room->occupants, o);
    room->hidden -= o->jid_count == 0;
    kr_stock_left(room, o);
    kr_owner_forget(o);
    speaks_no_more(room, o);
    kr_challenges_forget(o);
    free(o->nick);
    free(o);
}

void kr_occupants_clear(struct kr_room *room)
{
    struct kr_occupant *o, *tmp;
    HASH_ITER (hh, room->occupants, o, tmp)
        kr_occupant_remove(room, o);
    kr_own_free(room);
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
    struct kr_occupant *found = NULL, *own = room->own.running ? room->own.occupant : NULL;
    if (own && kr_occupant_has_jid(own, full_jid)) {
        *ret_count = 1;
        return own;
    }
    HASH_FIND(hh_jid, room->speakers, full_jid, strlen(full_jid), found);
    size_t count = found ? 1 : 0;
    for (struct kr_occupant *o = room->odd_speakers ? room->occupants : NULL; o; o = o->hh.next) {
        if (o->speaks_alone || !kr_occupant_has_jid(o, full_jid))
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
    speaks_no_more(room, o);
    o->jids = jids;
    o->jid_count = count;
    speaks(room, o);
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
