#include "core/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/hash.h"
#include "core/logbook.h"
#include "core/member.h"
#include "core/occupant.h"
#include "core/room.h"
#include "log/rset.h"
#include "message/stanza.h"
#include "text/canonical.h"
#include "xml/ns.h"

enum { MINUTE_MS = 60000 };
static const struct kr_id nowhere = {{0}};

static char *opening_key(const struct kr_id *instance, const char *subject)
{
    char hex[KR_ID_TEXT];
    kr_id_write(hex, instance);
    size_t len = strlen(hex) + strlen(subject) + 1;
    char *key = kr_malloc(len);
    snprintf(key, len, "%s%s", hex, subject);
    return key;
}

/* Somebody who is in none of the rooms is named by the JID. */
static bool is_stranger(const char *subject)
{
    return strncmp(subject, "jid:", 4) == 0;
}

static struct kr_opening *opening_add(struct kr_core *core, const struct kr_id *instance, const char *subject,
                                      char *key)
{
    struct kr_opening *o = kr_calloc(1, sizeof(*o));
    o->key = key;
    o->instance = *instance;
    o->at_ms = core->now.wall_ms;
    o->stranger = is_stranger(subject);
    core->strangers += o->stranger;
    HASH_ADD_KEYPTR(hh, core->openings, o->key, strlen(o->key), o);
    return o;
}

static const struct kr_secret *opening(struct kr_core *core, const struct kr_id *instance,
                                       const char *subject)
{
    struct kr_opening *o = NULL;
    char *key = opening_key(instance, subject);
    HASH_FIND_STR(core->openings, key, o);
    if (o) {
        free(key);
        return &o->secret;
    }
    o = opening_add(core, instance, subject, key);
    kr_secret_alloc(&o->secret, 32);
    kr_random_fill(&core->random, o->secret.ptr, o->secret.len);
    struct kr_write w = {
        .kind = KR_W_OPENING,
        .u.opening = {.instance = *instance, .subject = subject, .key = o->secret, .at_ms = o->at_ms}};
    kr_output_write(core->out, &w);
    return &o->secret;
}

static void opening_free(struct kr_core *core, struct kr_opening *o)
{
    HASH_DEL(core->openings, o);
    core->strangers -= o->stranger;
    kr_secret_done(&o->secret);
    free(o->key);
    free(o);
}

void kr_audit_forget(struct kr_core *core, const struct kr_id *instance)
{
    struct kr_opening *o, *tmp;
    HASH_ITER (hh, core->openings, o, tmp) {
        if (kr_id_equal(&o->instance, instance))
            opening_free(core, o);
    }
}

void kr_audit_forget_before(struct kr_core *core, uint64_t before_ms)
{
    struct kr_opening *o, *tmp;
    HASH_ITER (hh, core->openings, o, tmp) {
        if (o->at_ms < before_ms && kr_id_equal(&o->instance, &nowhere))
            opening_free(core, o);
    }
}

void kr_audit_load(struct kr_core *core, const struct kr_rec_opening *openings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct kr_opening *o = NULL;
        char *key = opening_key(&openings[i].instance, openings[i].subject);
        HASH_FIND_STR(core->openings, key, o);
        if (o) {
            free(key);
            continue;
        }
        o = opening_add(core, &openings[i].instance, openings[i].subject, key);
        kr_secret_copy(&o->secret, &openings[i].key);
        o->at_ms = openings[i].at_ms;
    }
}

static void refusal_free(struct kr_core *core, struct kr_refusal *r)
{
    HASH_DEL(core->refusals, r);
    free(r->key);
    free(r->room);
    free(r->subject);
    free(r);
}

void kr_audit_done(struct kr_core *core)
{
    struct kr_opening *o, *otmp;
    HASH_ITER (hh, core->openings, o, otmp)
        opening_free(core, o);
    struct kr_refusal *r, *rtmp;
    HASH_ITER (hh, core->refusals, r, rtmp)
        refusal_free(core, r);
}

void kr_entry_begin(struct kr_entry *e, struct kr_core *core, const char *type, const struct kr_room *room)
{
    e->core = core;
    e->instance = room && room->has_instance ? room->instance : nowhere;
    kr_buf_init(&e->text, KR_LOG_ENTRY_MAX);
    kr_text_begin(&e->text, "log");
    kr_text_line(&e->text, "v", "1");
    kr_text_line_u64(&e->text, "t", core->now.wall_ms);
    kr_text_line(&e->text, "type", type);
    if (!room)
        return;
    kr_entry_commit(e, "room", "room", room->jid);
    if (room->has_instance)
        kr_text_line_id(&e->text, "instance", &room->instance);
}

void kr_entry_text(struct kr_entry *e, const char *name, const char *value)
{
    kr_text_line(&e->text, name, value);
}

void kr_entry_u64(struct kr_entry *e, const char *name, uint64_t v)
{
    kr_text_line_u64(&e->text, name, v);
}

void kr_entry_digest(struct kr_entry *e, const char *name, const struct kr_digest *d)
{
    kr_text_line_digest(&e->text, name, d);
}

static struct kr_digest commitment(struct kr_entry *e, const char *subject_kind, const char *value)
{
    size_t len = strlen(subject_kind) + strlen(value) + 2;
    char *subject = kr_malloc(len);
    snprintf(subject, len, "%s:%s", subject_kind, value);
    struct kr_digest d = kr_hmac_sha256(opening(e->core, &e->instance, subject), kr_span_str(value));
    free(subject);
    return d;
}

void kr_entry_commit(struct kr_entry *e, const char *name, const char *subject_kind, const char *value)
{
    struct kr_digest d = commitment(e, subject_kind, value);
    kr_text_line_digest(&e->text, name, &d);
}

void kr_entry_device(struct kr_entry *e, const struct kr_id *device)
{
    char hex[KR_ID_TEXT];
    kr_id_write(hex, device);
    kr_entry_commit(e, "device", "device", hex);
}

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct kr_digest));
}

void kr_entry_recipients(struct kr_entry *e, struct kr_room *room, const struct kr_roster *roster)
{
    struct kr_digest *all = kr_calloc(roster->len, sizeof(*all));
    for (size_t i = 0; i < roster->len; i++) {
        const struct kr_roster_entry *r = &roster->entries[i];
        struct kr_attach *a = kr_attach_find(room, &r->attach);
        if (!a || !a->has_commitment) {
            struct kr_id device = kr_device_id(&r->ed25519, &r->curve25519);
            char hex[KR_ID_TEXT];
            kr_id_write(hex, &device);
            all[i] = commitment(e, "device", hex);
        } else {
            all[i] = a->commitment;
        }
        if (a) {
            a->commitment = all[i];
            a->has_commitment = true;
        }
    }
    qsort(all, roster->len, sizeof(*all), by_bytes);
    struct kr_digest rset = kr_log_rset(all, roster->len);
    kr_text_line_digest(&e->text, "rset", &rset);
    free(all);
}

void kr_entry_end(struct kr_entry *e)
{
    if (e->text.err == 0) {
        kr_logbook_add(e->core, kr_buf_span(&e->text));
    } else {
        kr_trace(e->core, KR_TRACE_ERROR, "log entry -> dropped (%s)", kr_errname(e->text.err));
    }
    kr_buf_done(&e->text);
}

void kr_entry_attach(struct kr_entry *e, const struct kr_attach *a)
{
    char hex[KR_ID_TEXT];
    kr_id_write(hex, &a->id);
    kr_entry_commit(e, "participant", "participant", a->participant);
    if (a->owner[0])
        kr_entry_commit(e, "owner", "owner", a->owner);
    kr_entry_device(e, &a->device);
    kr_entry_text(e, "attach", hex);
}

void kr_audit_attach(struct kr_core *core, const char *type, const struct kr_room *room,
                     const struct kr_attach *a, const char *reason)
{
    struct kr_entry e;
    kr_entry_begin(&e, core, type, room);
    kr_entry_attach(&e, a);
    if (reason)
        kr_entry_text(&e, "reason", reason);
    kr_entry_end(&e);
}

/* A stranger only while not too many are named: each costs an opening that is held as long as we run. */
static bool may_name(const struct kr_core *core, const struct kr_entry *e, const char *actor)
{
    struct kr_opening *o = NULL;
    if (!is_stranger(actor) || core->strangers < KR_STRANGERS_KEPT)
        return true;
    char *key = opening_key(&e->instance, actor);
    HASH_FIND_STR(core->openings, key, o);
    free(key);
    return o != NULL;
}

void kr_audit_refusal(struct kr_core *core, const char *from, const char *room, int err)
{
    if (!core->refusal_flush_ms)
        core->refusal_flush_ms = core->now.mono_ms + MINUTE_MS;
    /* Beyond the bound the count goes on without the name. */
    bool named = HASH_COUNT(core->refusals) < KR_REFUSALS_KEPT;
    struct kr_refusal *r = NULL;
    struct kr_room *known = kr_room_find(core, room);
    const char *at = known ? room : "";
    /* An occupant by its participant id, which is forgotten with the instance; others without their resource,
     * of which anybody can make as many as they like. */
    size_t speakers = 0;
    struct kr_occupant *o = known ? kr_occupant_by_jid(known, from, &speakers) : NULL;
    struct kr_buf subject;
    kr_buf_init(&subject, KR_JID_MAX + 16);
    kr_buf_add_str(&subject, o ? "participant:" : "jid:");
    kr_buf_add(&subject, o ? o->nick : from, o ? strlen(o->nick) : strcspn(from, "/"));
    char *actor = kr_buf_take_str(&subject);
    const char *who = actor ? actor : "";
    for (int attempt = 0; attempt < 2; attempt++) {
        size_t len = strlen(who) + strlen(at) + 32;
        char *key = kr_malloc(len);
        snprintf(key, len, "%d\n%s\n%s", err, at, who);
        HASH_FIND_STR(core->refusals, key, r);
        if (r || (!named && attempt == 0)) {
            free(key);
            if (r)
                break;
            who = "";
            at = "";
            continue;
        }
        r = kr_calloc(1, sizeof(*r));
        r->key = key;
        r->room = kr_strdup(at);
        r->subject = kr_strdup(who);
        r->err = err;
        HASH_ADD_KEYPTR(hh, core->refusals, r->key, strlen(r->key), r);
        break;
    }
    r->count++;
    free(actor);
}

const struct kr_digest *kr_audit_roster_opening(const struct kr_core *core, const struct kr_room *room,
                                                const struct kr_digest *roster)
{
    struct kr_opening *o = NULL;
    char subject[sizeof("roster:") + KR_KEY_TEXT] = "roster:";
    kr_digest_write(subject + strlen(subject), roster);
    char *key = opening_key(&room->instance, subject);
    HASH_FIND_STR(core->openings, key, o);
    free(key);
    return o ? (const struct kr_digest *)o->secret.ptr : NULL;
}

void kr_audit_tick(struct kr_core *core)
{
    if (core->refusal_flush_ms && core->now.mono_ms >= core->refusal_flush_ms)
        kr_audit_flush(core);
}

void kr_audit_flush(struct kr_core *core)
{
    core->refusal_flush_ms = 0;
    struct kr_refusal *r, *tmp;
    HASH_ITER (hh, core->refusals, r, tmp) {
        struct kr_entry e;
        const struct kr_room *room = r->room[0] ? kr_room_find(core, r->room) : NULL;
        kr_entry_begin(&e, core, "refused", room);
        if (r->subject[0] && may_name(core, &e, r->subject)) {
            const char *colon = strchr(r->subject, ':');
            kr_entry_commit(&e, "actor", *r->subject == 'p' ? "participant" : "jid", colon + 1);
        }
        kr_entry_text(&e, "reason", kr_errname(r->err));
        kr_entry_u64(&e, "count", r->count);
        kr_entry_end(&e);
        refusal_free(core, r);
    }
}
