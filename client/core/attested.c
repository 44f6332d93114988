/* What devices say of devices, as far as it holds, and which lines the policy then takes for verified
 * (docs/protocol.md 12.3). Nothing of it is the service's word: signatures, and who is seen in the room. */
#include "client/state.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/sign.h"
#include "text/attest.h"

enum { SEEN_MAX = 2 * KR_OCCUPANTS_MAX, ATTESTATIONS_MAX = 4 * KR_OCCUPANTS_MAX };

/* --- who was seen --- */

static struct kr_seen *seen(struct kr_client *c, const struct kr_id *device)
{
    struct kr_seen *s;
    HASH_FIND(hh, c->seen, device, sizeof(*device), s);
    if (s || HASH_COUNT(c->seen) >= SEEN_MAX)
        return s;
    s = kr_calloc(1, sizeof(*s));
    s->device = *device;
    HASH_ADD(hh, c->seen, device, sizeof(s->device), s);
    return s;
}

void kr_seen_presence(struct kr_client *c, const struct kr_id *device, bool admin)
{
    struct kr_seen *s = seen(c, device);
    if (s)
        s->admin = admin;
}

void kr_seen_line(struct kr_client *c, const struct kr_peer *p)
{
    struct kr_seen *s = seen(c, &p->device);
    if (!s)
        return;
    if (kr_presence_shows(c, p->participant, &p->device) && !kr_presence_is_admin(c, p->participant))
        s->admin = false; /* it is back, and no admin any more */
    if (s->owner && strcmp(s->owner, p->owner) == 0)
        return;
    free(s->owner);
    s->owner = kr_strdup(p->owner);
}

static void forget_one(struct kr_client *c, struct kr_attestation *a)
{
    HASH_DEL(c->attestations, a);
    free(a->owner);
    free(a->room);
    free(a);
}

void kr_attested_forget(struct kr_client *c, bool revoked_too)
{
    struct kr_seen *s, *snext;
    struct kr_attestation *a, *anext;
    HASH_ITER (hh, c->seen, s, snext) {
        HASH_DEL(c->seen, s);
        free(s->owner);
        free(s);
    }
    HASH_ITER (hh, c->attestations, a, anext) {
        if (revoked_too || !a->revoked)
            forget_one(c, a);
    }
}

/* --- what is told --- */

static struct kr_attestation *find(const struct kr_client *c, const struct kr_digest *digest)
{
    struct kr_attestation *a;
    HASH_FIND(hh, c->attestations, digest, sizeof(*digest), a);
    return a;
}

static bool is_signed(const struct kr_attestation_line *l, const struct kr_id *verifier)
{
    struct kr_id device = kr_device_id(&l->ed25519, &l->curve25519);
    return kr_id_equal(&device, verifier) && kr_verify(&l->ed25519, l->text, &l->sig);
}

static const char *name_of(const struct kr_client *c, const struct kr_attest_text *t)
{
    for (const struct kr_peer *p = c->peers; p && !t->owner[0]; p = p->hh.next)
        if (kr_id_equal(&p->device, &t->device))
            return p->participant;
    return t->owner[0] ? t->owner : NULL;
}

static bool same_word(const struct kr_attestation *a, const struct kr_attest_text *t)
{
    return kr_id_equal(&a->verifier, &t->verifier) && kr_id_equal(&a->device, &t->device) &&
           strcmp(a->room, t->room) == 0;
}

/* 12.4: a newer word takes the place of the older, and taking it back leaves none of before. */
static int make_way(struct kr_client *c, const struct kr_attest_text *t, bool *ret_late)
{
    struct kr_attestation *a, *next;
    HASH_ITER (hh, c->attestations, a, next) {
        if (!same_word(a, t))
            continue;
        if (a->revoked && t->issued_s < a->issued_s)
            return KR_E_ATTESTATION_REVOKED;
        *ret_late = *ret_late || (!a->revoked && t->issued_s < a->issued_s);
        if (!a->revoked && t->issued_s >= a->issued_s)
            forget_one(c, a);
    }
    return 0;
}

static int add(struct kr_client *c, const struct kr_attestation_line *l, struct kr_arena *arena)
{
    struct kr_attest_text t;
    int err = kr_attest_read(l->text, arena, &t);
    if (err)
        return err;
    if (!is_signed(l, &t.verifier))
        return KR_E_BAD_SIGNATURE;
    if (strcmp(t.room, c->room) != 0 && strcmp(t.room, KR_ATTEST_ANY_ROOM) != 0)
        return KR_E_WRONG_SUBJECT;
    struct kr_digest digest = kr_attest_digest(l->text);
    const struct kr_attestation *known = find(c, &digest);
    if (known)
        return known->revoked ? KR_E_ATTESTATION_REVOKED : 0;
    if (!c->wall_s || t.issued_s > c->wall_s + KR_ATTEST_CLOCK_S || t.expires_s <= c->wall_s)
        return KR_E_EXPIRED;
    bool late = false;
    err = make_way(c, &t, &late);
    if (err || late)
        return err;
    if (HASH_COUNT(c->attestations) >= ATTESTATIONS_MAX)
        return KR_E_TOO_LARGE;
    struct kr_attestation *a = kr_calloc(1, sizeof(*a));
    *a = (struct kr_attestation){.digest = digest,
                                 .verifier = t.verifier,
                                 .device = t.device,
                                 .owner = kr_strdup(t.owner),
                                 .room = kr_strdup(t.room),
                                 .issued_s = t.issued_s,
                                 .expires_s = t.expires_s};
    HASH_ADD(hh, c->attestations, digest, sizeof(a->digest), a);
    if (kr_id_equal(&t.verifier, &c->device)) /* our own, of before */
        kr_trust_add(c, &t.device, t.owner, name_of(c, &t));
    return 0;
}

/* One that we do not know is remembered as well: it does not come after the word that took it back. */
static int take_back(struct kr_client *c, const struct kr_attestation_line *l)
{
    struct kr_revoke_text t;
    int err = kr_revoke_read(l->text, &t);
    if (err)
        return err;
    struct kr_attestation *a = find(c, &t.attestation);
    if (!is_signed(l, &t.verifier) || (a && !kr_id_equal(&a->verifier, &t.verifier)))
        return KR_E_BAD_SIGNATURE;
    if (!a && HASH_COUNT(c->attestations) >= ATTESTATIONS_MAX)
        return KR_E_TOO_LARGE;
    if (!a) {
        a = kr_calloc(1, sizeof(*a));
        *a = (struct kr_attestation){
            .digest = t.attestation, .verifier = t.verifier, .owner = kr_strdup(""), .room = kr_strdup("")};
        HASH_ADD(hh, c->attestations, digest, sizeof(a->digest), a);
    } else if (kr_id_equal(&a->verifier, &c->device)) {
        kr_trust_drop(c, &a->device);
    }
    a->revoked = true;
    return 0;
}

void kr_attested_heard(struct kr_client *c, const struct kr_notice_attestations *n)
{
    if (c->phase < KR_PHASE_WAITING)
        return;
    for (size_t i = 0; i < n->count; i++) {
        struct kr_arena arena;
        kr_arena_init(&arena, KR_TEXT_MAX);
        const struct kr_attestation_line *l = &n->lines[i];
        int err = l->revokes ? take_back(c, l) : add(c, l, &arena);
        if (err)
            kr_output_refused(c->out, l->revokes ? "revocation" : "attestation", err, NULL);
        kr_arena_done(&arena);
    }
    for (struct kr_peer *p = c->peers; p; p = p->hh.next)
        kr_trust_look(c, p);
}

/* --- what counts --- */

/* The owner of who signed it, or NULL: it was not seen here, or is one whose word does not count. */
static const char *standing(const struct kr_client *c, const struct kr_attestation *a)
{
    struct kr_seen *s;
    HASH_FIND(hh, c->seen, &a->verifier, sizeof(a->verifier), s);
    if (!s)
        return NULL;
    if (c->policy.verified_by == KR_VERIFIED_BY_OWNERS)
        return s->admin ? "" : NULL;
    const char *owner = kr_id_equal(&a->verifier, &c->device) ? c->owner : s->owner;
    return owner && owner[0] ? owner : NULL;
}

static bool counts(const struct kr_client *c, const struct kr_attestation *a, const struct kr_peer *p)
{
    return !a->revoked && kr_id_equal(&a->device, &p->device) && strcmp(a->owner, p->owner) == 0 &&
           c->wall_s && c->wall_s < a->expires_s && c->wall_s < a->issued_s + c->policy.verified_for_s;
}

static bool has_votes(const struct kr_client *c, const struct kr_peer *p, size_t needed)
{
    const char *owners[KR_VERIFIERS_MAX];
    size_t len = 0;
    bool by_owner = c->policy.verified_by == KR_VERIFIED_BY_REGISTERED;
    for (const struct kr_attestation *a = c->attestations; a && len < needed; a = a->hh.next) {
        const char *owner = counts(c, a, p) ? standing(c, a) : NULL;
        bool again = !owner || (by_owner && p->owner[0] && strcmp(owner, p->owner) == 0);
        for (size_t i = 0; by_owner && i < len && !again; i++)
            again = strcmp(owners[i], owner) == 0;
        if (!again)
            owners[len++] = owner;
    }
    return len >= needed;
}

bool kr_attested_holds(const struct kr_client *c, const struct kr_peer *p)
{
    /* The service's own device is pinned (5.15); and it need not check what it has decided itself. */
    bool is_service = kr_takes_part(c, KR_SOURCE_SERVICE) && (kr_id_equal(&p->device, &c->service_device) ||
                                                              kr_id_equal(&c->device, &c->service_device));
    if (c->policy.authorise != KR_AUTHORISE_VERIFIED || is_service ||
        c->policy.verified_by == KR_VERIFIED_BY_OPERATOR || kr_trust_has(c, &p->device))
        return true;
    if (c->policy.verified_by == KR_VERIFIED_BY_OWNERS && kr_presence_is_admin(c, p->participant))
        return true;
    return has_votes(c, p, c->policy.verifiers ? c->policy.verifiers : 1);
}

/* --- our own --- */

static void say(struct kr_client *c, enum kr_request_kind kind, struct kr_buf *text)
{
    struct kr_request r = {.kind = kind, .u.attest = {.text = kr_buf_span(text)}};
    if (!text->err && kr_olm_account_sign(c->account, kr_buf_span(text), &r.u.attest.sig) == 0)
        kr_request_send(c, &r);
    else
        kr_output_refused(c->out, kr_request_name(kind), KR_E_MALFORMED, NULL);
    kr_buf_done(text);
}

void kr_attest_send(struct kr_client *c, const struct kr_peer *p)
{
    if (!c->attest_for_s || !c->wall_s)
        return;
    struct kr_attest_text t = {.verifier = c->device,
                               .owner = p->owner,
                               .device = p->device,
                               .room = c->room,
                               .method = KR_ATTEST_SAS,
                               .issued_s = c->wall_s,
                               .expires_s = c->wall_s + c->attest_for_s};
    struct kr_buf text = kr_attest_text(&t);
    say(c, KR_REQ_ATTEST, &text);
}

void kr_unattest(struct kr_client *c, const struct kr_peer *p)
{
    bool any = kr_trust_has(c, &p->device);
    for (const struct kr_attestation *a = c->attestations; a; a = a->hh.next) {
        if (a->revoked || !kr_id_equal(&a->verifier, &c->device) || !kr_id_equal(&a->device, &p->device))
            continue;
        struct kr_revoke_text t = {.verifier = c->device, .attestation = a->digest, .issued_s = c->wall_s};
        struct kr_buf text = kr_revoke_text(&t);
        say(c, KR_REQ_UNATTEST, &text);
        any = true;
    }
    if (!any)
        kr_output_refused(c->out, "unattest", KR_E_UNKNOWN_ATTESTATION, p->participant);
    kr_trust_drop(c, &p->device);
    for (struct kr_peer *q = c->peers; q; q = q->hh.next)
        kr_trust_look(c, q);
}
