/* Whose devices the own person verified, and what that says of the members (docs/protocol.md 12.2.7). */
#include "client/state.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

const char *kr_trust_name(enum kr_trust trust)
{
    static const char *const names[] = {"none", "verified", "changed"};
    return names[trust];
}

static struct kr_trusted *find(const struct kr_client *c, const struct kr_id *device)
{
    struct kr_trusted *t;
    HASH_FIND(hh, c->trusted, device, sizeof(*device), t);
    return t;
}

bool kr_trust_has(const struct kr_client *c, const struct kr_id *device)
{
    return find(c, device) != NULL;
}

static void free_one(struct kr_client *c, struct kr_trusted *t)
{
    HASH_DEL(c->trusted, t);
    free(t->owner);
    free(t->name);
    free(t);
}

void kr_trust_drop(struct kr_client *c, const struct kr_id *device)
{
    struct kr_trusted *t = find(c, device);
    if (t)
        free_one(c, t);
}

/* Was another device of this owner verified, or, as a guest has no other name, of a guest of this one? */
static const struct kr_trusted *other_of(const struct kr_client *c, const struct kr_peer *p)
{
    for (const struct kr_trusted *t = c->trusted; t; t = t->hh.next)
        if (strcmp(t->owner, p->owner) == 0 &&
            (p->owner[0] || (t->name && strcmp(t->name, p->participant) == 0)))
            return t;
    return NULL;
}

void kr_trust_look(struct kr_client *c, struct kr_peer *p)
{
    struct kr_trusted *known = p->verified ? find(c, &p->device) : NULL;
    if (known && !known->name)
        known->name = kr_strdup(p->participant);
    const struct kr_trusted *t = known;
    enum kr_trust trust = t ? KR_TRUST_VERIFIED : KR_TRUST_NONE;
    if (!t && (t = other_of(c, p)) != NULL)
        trust = KR_TRUST_CHANGED;
    if (trust == p->trust)
        return;
    p->trust = trust;
    struct kr_report *r = kr_output_report(c->out, KR_REPORT_TRUST);
    r->trust = trust;
    r->device = p->device;
    r->why = t ? kr_strdup(t->name) : NULL;
    kr_report_who(r, p->participant);
}

void kr_trust_add(struct kr_client *c, const struct kr_id *device, const char *owner, const char *name)
{
    if (find(c, device) || HASH_COUNT(c->trusted) >= KR_OCCUPANTS_MAX)
        return;
    struct kr_trusted *t = kr_calloc(1, sizeof(*t));
    t->device = *device;
    t->owner = kr_strdup(owner);
    t->name = name ? kr_strdup(name) : NULL;
    HASH_ADD(hh, c->trusted, device, sizeof(t->device), t);
}

void kr_trust_verified(struct kr_client *c, struct kr_peer *verified)
{
    kr_trust_add(c, &verified->device, verified->owner, verified->participant);
    for (struct kr_peer *p = c->peers; p; p = p->hh.next)
        kr_trust_look(c, p);
}

void kr_trust_forget(struct kr_client *c)
{
    struct kr_trusted *t, *next;
    HASH_ITER (hh, c->trusted, t, next) {
        free_one(c, t);
    }
}
