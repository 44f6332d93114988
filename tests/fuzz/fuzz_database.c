/* A database that was damaged behind our back: rows of any type and length where the schema's own checks no
 * longer keep them out, or a file with changed, missing or any bytes. Loading it succeeds or says what is
 * wrong; a core that starts from what was loaded answers in stanzas that are XML, and its deadlines move. */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/limit.h"
#include "core_world/world.h"
#include "database.h"
#include "parse/text.h"
#include "store_sqlite/sqlite.h"
#include "support/turn.h"
#include "xml/ns.h"

struct life {
    struct kr_core *core;
    struct kr_store *store;
    struct kr_now now;
    int err; /* the store's first: the process would end there */
};

static void check_sent(const struct kr_send *s)
{
    struct kr_arena arena;
    struct kr_el *el = NULL;
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    FUZZ_MUST(s->len <= KR_STANZA_MAX && s->len == strlen(s->xml));
    FUZZ_MUST(kr_el_parse(&arena, s->xml, s->len, &el) == 0 && kr_el_attr(el, "to"));
    kr_arena_done(&arena);
}

static void event(struct life *l, struct kr_event e)
{
    struct kr_output out;
    if (l->err)
        return;
    e.now = l->now;
    l->store->errmsg[0] = '\0';
    kr_output_init(&out);
    l->err = kr_test_turn(l->core, l->store, &e, &out, NULL);
    FUZZ_MUST(l->err <= 0 && (!l->err || !kr_err_is_refusal(l->err) || l->err == KR_E_CONFLICT));
    for (size_t i = 0; !l->err && i < out.send_count; i++)
        check_sent(&out.sends[i]);
    kr_output_done(&out);
}

static void xml(struct life *l, const char *text)
{
    struct kr_arena arena;
    struct kr_el *el = NULL;
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    FUZZ_MUST(kr_el_parse(&arena, text, strlen(text), &el) == 0);
    el->ns = KR_NS_COMPONENT;
    event(l, (struct kr_event){.kind = KR_EV_STANZA, .u.stanza = el});
    kr_arena_done(&arena);
}

static void wait(struct life *l, uint64_t ms)
{
    uint64_t end = l->now.mono_ms + ms;
    for (uint64_t at; !l->err && (at = kr_core_deadline(l->core)) <= end;) {
        uint64_t passed = at > l->now.mono_ms ? at - l->now.mono_ms : 0;
        l->now.mono_ms += passed;
        l->now.wall_ms += passed;
        event(l, (struct kr_event){.kind = KR_EV_TICK});
        FUZZ_MUST(l->err || kr_core_deadline(l->core) > l->now.mono_ms);
    }
    l->now.mono_ms = end;
}

static void show(struct life *l, const char *nick, const struct kr_snapshot *s)
{
    struct kr_buf b;
    char device[KR_ID_TEXT];
    for (size_t i = 0; i < s->attach_count; i++) {
        const struct kr_rec_attach *a = &s->attaches[i];
        if (strcmp(a->participant, nick) != 0)
            continue;
        kr_id_write(device, &a->device);
        kr_buf_init(&b, KR_STANZA_MAX);
        kr_buf_printf(&b,
                      "<presence from='" ROOM "/%s'><x xmlns='" KR_NS_MUC_USER
                      "'><item affiliation='owner' jid='%s@example.org/1'/></x><device xmlns='" KR_NS
                      "' id='%s'/></presence>",
                      nick, nick, device);
        char *text = kr_buf_take_str(&b);
        xml(l, text);
        free(text);
        return;
    }
}

/* The members are still there, one asks for all there is, the keys are claimed, one leaves. */
static void live(struct fuzz_database *db, struct kr_store *store, const struct kr_snapshot *s)
{
    struct life l = {.store = store, .now = {1000000, 1700000000000}};
    l.core = kr_core_new(&db->settings, &db->random);
    event(&l, (struct kr_event){.kind = KR_EV_START, .u.snapshot = s});
    event(&l, (struct kr_event){.kind = KR_EV_LINK_UP});
    show(&l, "a", s);
    show(&l, "bb", s);
    xml(&l, "<presence from='" ROOM "/keyroom'><x xmlns='" KR_NS_MUC_USER "'><item jid='" SERVICE
            "'/><status code='110'/></x></presence>");
    wait(&l, 5000);
    xml(&l, "<iq from='a@example.org/1' to='" SERVICE "' type='get' id='w'><whole xmlns='" KR_NS
            "' room='" ROOM "' since='1'/></iq>");
    xml(&l, "<iq from='bb@example.org/1' to='" SERVICE "' type='get' id='c'><challenge xmlns='" KR_NS
            "' room='" ROOM "'/></iq>");
    for (size_t i = 0; i < s->attach_count && i < 4; i++) {
        char id[KR_ID_TEXT], text[400];
        kr_id_write(id, &s->attaches[i].attach);
        snprintf(text, sizeof(text),
                 "<iq from='a@example.org/1' to='" SERVICE "' type='set' id='k'><claim xmlns='" KR_NS
                 "' room='" ROOM "'><of attach='%s'/></claim></iq>",
                 id);
        xml(&l, text);
    }
    xml(&l, "<presence type='unavailable' from='" ROOM "/a'/>");
    wait(&l, 20000);
    kr_core_free(l.core);
}

/* --- what is loaded --- */

static void check_snapshot(const struct kr_snapshot *s)
{
    for (size_t i = 0; i < s->room_count; i++)
        FUZZ_MUST(s->rooms[i].room && s->rooms[i].epoch_high <= INT64_MAX);
    for (size_t i = 0; i < s->epoch_count; i++)
        FUZZ_MUST(s->epochs[i].fate <= KR_FATE_ABANDONED);
    for (size_t i = 0; i < s->attach_count; i++) {
        const struct kr_rec_attach *a = &s->attaches[i];
        FUZZ_MUST(a->room && a->participant && a->owner && a->full_jid && a->state <= KR_ATTACH_MEMBER);
    }
    for (size_t i = 0; i < s->opening_count; i++)
        FUZZ_MUST(s->openings[i].subject && s->openings[i].key.len);
}

static bool each_device(void *arg, const struct kr_device_info *info)
{
    (void)arg;
    FUZZ_MUST(info->owners && info->approved && info->revoked);
    return true;
}

static bool each_entry(void *arg, uint64_t idx, struct kr_span entry)
{
    (void)arg;
    (void)idx;
    FUZZ_MUST(entry.len == 0 || entry.ptr);
    return true;
}

static void use(struct fuzz_database *db, struct kr_store *store)
{
    struct kr_snapshot snapshot = {0};
    store->errmsg[0] = '\0';
    int err = store->ops->load(store, &snapshot);
    if (err) {
        FUZZ_MUST(err < 0 && store->errmsg[0]);
    } else {
        check_snapshot(&snapshot);
        live(db, store, &snapshot);
        kr_snapshot_done(&snapshot);
    }
    FUZZ_MUST(store->ops->devices(store, each_device, NULL) <= 0);
    FUZZ_MUST(store->ops->log(store, 0, each_entry, NULL) <= 0);
}

static void file(struct fuzz_database *db, struct fuzz_in *in)
{
    char errmsg[256] = "";
    struct kr_store *store = NULL;
    bool restore = fuzz_below(in, 8) == 0;
    fuzz_database_damage(db, in);
    int err = restore ? kr_store_sqlite_restore(db->damaged, db->restored, errmsg) : 0;
    if (!err)
        err = kr_store_sqlite_open(restore ? db->restored : db->damaged, &db->seal_key, &db->random, errmsg,
                                   &store);
    if (err) {
        FUZZ_MUST(err < 0 && errmsg[0] && strlen(errmsg) < sizeof(errmsg) && !store);
        return;
    }
    use(db, store);
    store->ops->close(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    struct fuzz_database *db = fuzz_database();
    if (fuzz_bool(&in)) {
        file(db, &in);
    } else {
        fuzz_database_edit(db, &in);
        use(db, db->loose);
        fuzz_database_reset(db);
    }
    return 0;
}
