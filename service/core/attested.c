#include "core/attested.h"

#include <stdlib.h>
#include <string.h>

#include "core/audit.h"
#include "core/member.h"
#include "core/occupant.h"
#include "core/request.h"
#include "core/room.h"

enum { SWEEP_MS = 600000 };

/* --- the table --- */

static uint64_t now_s(const struct kr_core *core)
{
    return core->now.wall_ms / 1000;
}

static void free_one(struct kr_attested *at)
{
    struct kr_write w = {.kind = KR_W_ATTESTATION, .u.attestation = at->rec};
    kr_write_done(&w);
    free((char *)at->t.owner);
    free((char *)at->t.room);
    free(at);
}

static void drop(struct kr_core *core, struct kr_attested *at)
{
    struct kr_subject *s = NULL;
    HASH_FIND(hh, core->subjects, &at->t.device, sizeof(at->t.device), s);
    for (struct kr_attested **p = s ? &s->first : NULL; p && *p; p = &(*p)->next) {
        if (*p == at) {
            *p = at->next;
            break;
        }
    }
    if (s && !s->first) {
        HASH_DEL(core->subjects, s);
        free(s);
    }
    HASH_DEL(core->attested, at);
    free_one(at);
}

static void end(struct kr_core *core, struct kr_attested *at)
{
    struct kr_write w = {.kind = KR_W_ATTESTATION_END, .u.attestation = {.digest = at->rec.digest}};
    kr_output_write(core->out, &w);
    drop(core, at);
}

static struct kr_attested *keep(struct kr_core *core, const struct kr_rec_attestation *rec,
                                const struct kr_attest_text *t)
{
    struct kr_attested *at = kr_calloc(1, sizeof(*at));
    struct kr_write copy, w = {.kind = KR_W_ATTESTATION, .u.attestation = *rec};
    kr_write_copy(&copy, &w);
    at->rec = copy.u.attestation; /* transferred */
    at->t = *t;
    at->t.owner = kr_strdup(t->owner);
    at->t.room = kr_strdup(t->room);
    HASH_ADD(hh, core->attested, rec.digest, sizeof(at->rec.digest), at);
    struct kr_subject *s = NULL;
    HASH_FIND(hh, core->subjects, &t->device, sizeof(t->device), s);
    if (!s) {
        s = kr_calloc(1, sizeof(*s));
        s->device = t->device;
        HASH_ADD(hh, core->subjects, device, sizeof(s->device), s);
    }
    at->next = s->first;
    s->first = at;
    if (!core->attested_sweep_ms)
        core->attested_sweep_ms = core->now.mono_ms + SWEEP_MS;
    return at;
}

static struct kr_attested *first_of(const struct kr_core *core, const struct kr_id *device)
{
    struct kr_subject *s = NULL;
    HASH_FIND(hh, core->subjects, device, sizeof(*device), s);
    return s ? s->first : NULL;
}

struct kr_attested *kr_attested_find(const struct kr_core *core, const struct kr_digest *digest)
{
    struct kr_attested *at = NULL;
    HASH_FIND(hh, core->attested, digest, sizeof(*digest), at);
    return at;
}

void kr_attested_store(struct kr_core *core, const struct kr_attested *at)
{
    struct kr_write w = {.kind = KR_W_ATTESTATION, .u.attestation = at->rec};
    kr_output_write(core->out, &w);
}

struct kr_attested *kr_attested_add(struct kr_core *core, const struct kr_rec_attestation *rec,
                                    const struct kr_attest_text *t)
{
    for (struct kr_attested *at = first_of(core, &t->device), *next; at; at = next) {
        next = at->next;
        if (!at->rec.revoke_text.len && kr_id_equal(&at->t.verifier, &t->verifier) &&
            strcmp(at->t.room, t->room) == 0)
            end(core, at);
    }
    struct kr_attested *at = keep(core, rec, t);
    kr_attested_store(core, at);
    return at;
}

size_t kr_attested_count(const struct kr_core *core, const struct kr_id *verifier)
{
    size_t n = 0;
    for (const struct kr_attested *at = core->attested; at; at = at->hh.next)
        n += kr_id_equal(&at->t.verifier, verifier);
    return n;
}

void kr_attested_load(struct kr_core *core, const struct kr_rec_attestation *recs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct kr_arena arena;
        struct kr_attest_text t;
        kr_arena_init(&arena, KR_TEXT_MAX);
        struct kr_digest digest = kr_attest_digest(recs[i].text);
        if (kr_digest_equal(&digest, &recs[i].digest) && kr_attest_read(recs[i].text, &arena, &t) == 0 &&
            !kr_attested_find(core, &digest))
            keep(core, &recs[i], &t);
        else
            kr_trace(core, KR_TRACE_WARN, "a stored attestation -> ignored (not of its form)");
        kr_arena_done(&arena);
    }
}

void kr_attested_done(struct kr_core *core)
{
    struct kr_attested *at, *tmp;
    HASH_ITER (hh, core->attested, at, tmp)
        drop(core, at);
}

static void record_end(struct kr_core *core, const struct kr_attested *at)
{
    struct kr_entry e;
    kr_entry_begin(&e, core, "attestation-expired", NULL);
    kr_entry_device(&e, &at->t.device);
    kr_entry_digest(&e, "attestation", &at->rec.digest);
    kr_entry_end(&e);
}

void kr_attested_tick(struct kr_core *core)
{
    if (!core->attested_sweep_ms || core->now.mono_ms < core->attested_sweep_ms)
        return;
    struct kr_attested *at, *tmp;
    HASH_ITER (hh, core->attested, at, tmp) {
        if (now_s(core) < at->t.expires_s)
            continue;
        if (!at->rec.revoke_text.len)
            record_end(core, at);
        end(core, at);
    }
    core->attested_sweep_ms = core->attested ? core->now.mono_ms + SWEEP_MS : 0;
}

/* --- what counts --- */

static bool applies(const struct kr_attested *at, const struct kr_room *room)
{
    return strcmp(at->t.room, KR_ATTEST_ANY_ROOM) == 0 || strcmp(at->t.room, room->jid) == 0;
}

static const struct kr_attach *attach_of(const struct kr_room *room, const struct kr_id *device)
{
    for (const struct kr_attach *a = room->attaches; a; a = a->hh.next)
        if (a->confirmed && a->occupant && kr_id_equal(&a->device, device))
            return a;
    return NULL;
}

static bool is_admin(const struct kr_attach *a)
{
    return a->occupant && a->occupant->affiliation >= KR_AFFILIATION_ADMIN;
}

/* Is, or was when it was last seen, whoever signed it one whose word this room takes? */
static bool has_standing(const struct kr_room *room, const struct kr_attested *at)
{
    if (room->policy.verified_by == KR_VERIFIED_BY_REGISTERED)
        return at->rec.by_owner[0] != '\0';
    if (room->policy.verified_by != KR_VERIFIED_BY_OWNERS)
        return false;
    const struct kr_attach *v = attach_of(room, &at->t.verifier);
    return v ? is_admin(v) : strcmp(at->rec.admin_in, room->jid) == 0;
}

/* 0: it does not count for the attach. */
static uint64_t counts_until(const struct kr_core *core, const struct kr_room *room,
                             const struct kr_attested *at, const struct kr_attach *a)
{
    uint64_t cap = at->t.issued_s + room->policy.verified_for_s;
    uint64_t until = at->t.expires_s < cap ? at->t.expires_s : cap;
    bool own = room->policy.verified_by == KR_VERIFIED_BY_REGISTERED && a->owner[0] &&
               strcmp(at->rec.by_owner, a->owner) == 0;
    if (at->rec.revoke_text.len || !applies(at, room) || strcmp(at->t.owner, a->owner) != 0 || own ||
        !has_standing(room, at) || until <= now_s(core))
        return 0;
    return until;
}

struct vote { /* of one owner */
    const char *owner;
    uint64_t until_s;
};

static int later_first(const void *a, const void *b)
{
    const struct vote *x = a, *y = b;
    return (x->until_s < y->until_s) - (x->until_s > y->until_s);
}

bool kr_attested_verified(const struct kr_core *core, const struct kr_room *room, const struct kr_attach *a,
                          uint64_t *ret_until_s)
{
    bool by_owner = room->policy.verified_by == KR_VERIFIED_BY_REGISTERED;
    size_t count = 0, len = 0, needed = by_owner ? room->policy.verifiers : 1;
    for (const struct kr_attested *at = first_of(core, &a->device); at; at = at->next)
        count++;
    struct vote *votes = kr_calloc(count, sizeof(*votes));
    for (const struct kr_attested *at = first_of(core, &a->device); at; at = at->next) {
        uint64_t until = counts_until(core, room, at, a);
        size_t i = 0;
        while (i < len && (!by_owner || strcmp(votes[i].owner, at->rec.by_owner) != 0))
            i++;
        if (!until)
            continue;
        if (i == len)
            votes[len++] = (struct vote){.owner = at->rec.by_owner};
        votes[i].until_s = votes[i].until_s > until ? votes[i].until_s : until;
    }
    if (len)
        qsort(votes, len, sizeof(*votes), later_first);
    bool verified = needed && len >= needed;
    if (verified)
        *ret_until_s = votes[needed - 1].until_s;
    free(votes);
    return verified;
}

void kr_attested_note(const struct kr_core *core, struct kr_room *room, const struct kr_attach *a)
{
    uint64_t until = 0;
    if (room->policy.authorise == KR_AUTHORISE_VERIFIED && kr_attested_verified(core, room, a, &until) &&
        (!room->verified_until_s || until < room->verified_until_s))
        room->verified_until_s = until;
}

static void set_admin_in(struct kr_core *core, struct kr_attested *at, const char *room)
{
    if (strcmp(at->rec.admin_in, room) == 0)
        return;
    free((char *)at->rec.admin_in);
    at->rec.admin_in = kr_strdup(room);
    kr_attested_store(core, at);
}

void kr_attested_standing(struct kr_core *core, struct kr_room *room, const struct kr_attach *verifier)
{
    bool admin = is_admin(verifier);
    for (struct kr_attested *at = core->attested; at; at = at->hh.next) {
        if (!kr_id_equal(&at->t.verifier, &verifier->device) || !applies(at, room))
            continue;
        if (admin) {
            set_admin_in(core, at, room->jid);
        } else if (strcmp(at->rec.admin_in, room->jid) == 0) {
            set_admin_in(core, at, "");
        }
    }
}

void kr_attested_disown(struct kr_core *core, const struct kr_id *verifier, const char *scope)
{
    bool everywhere = strcmp(scope, KR_SCOPE_EVERYWHERE) == 0;
    for (struct kr_attested *at = core->attested; at; at = at->hh.next) {
        if (!kr_id_equal(&at->t.verifier, verifier) ||
            (!everywhere && strcmp(at->rec.admin_in, scope) != 0 && strcmp(at->t.room, scope) != 0))
            continue;
        if (at->rec.by_owner[0]) {
            free((char *)at->rec.by_owner);
            at->rec.by_owner = kr_strdup("");
            kr_attested_store(core, at);
        }
        set_admin_in(core, at, "");
    }
}

void kr_attested_judge(struct kr_core *core, const struct kr_id *device)
{
    for (struct kr_room *room = core->rooms; room; room = room->hh.next) {
        struct kr_attach *a, *tmp;
        if (room->policy.authorise != KR_AUTHORISE_VERIFIED)
            continue;
        HASH_ITER (hh, room->attaches, a, tmp) {
            if (a->confirmed && kr_id_equal(&a->device, device))
                kr_attach_judge(core, room, a, false);
        }
        kr_room_advance(core, room);
    }
}
