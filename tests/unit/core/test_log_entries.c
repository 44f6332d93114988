/* What the log says of what happened, one entry for each and in its turn; and how long names, evidence and
 * guests' devices stay. */
#include <stdio.h>
#include <string.h>

#include "core/state.h"
#include "log/tree.h"
#include "text/log_entry.h"
#include "world.h"

#define DAY_MS ((uint64_t)86400000)

static struct world w;

static int setup(void **state)
{
    (void)state;
    world_init(&w, 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_done(&w);
    return 0;
}

static struct peer *settled(const char *nick)
{
    return peer_settle(&w, nick);
}

/* --- the log, read --- */

struct found {
    const char *type;
    size_t count;
    char text[KR_LOG_ENTRY_MAX + 1]; /* of the last one */
    struct kr_log_entry e;
};

static bool look(void *arg, uint64_t idx, struct kr_span entry)
{
    struct found *f = arg;
    struct kr_log_entry e;
    (void)idx;
    assert_int_equal(kr_log_entry_read(entry, &e), 0);
    if (kr_log_is(&e, "type", f->type)) {
        f->count++;
        memcpy(f->text, entry.ptr, entry.len);
        assert_int_equal(kr_log_entry_read(kr_span((const uint8_t *)f->text, entry.len), &f->e), 0);
    }
    return true;
}

static struct found *entries(const char *type)
{
    static struct found f;
    memset(&f, 0, sizeof(f));
    f.type = type;
    assert_int_equal(w.store->ops->log(w.store, 0, look, &f), 0);
    return &f;
}

static void has_all(const struct found *f, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!kr_log_value(&f->e, names[i]).ptr)
            fail_msg("%s has no %s", f->type, names[i]);
}
#define HAS_ALL(f, ...)                                                                                      \
    do {                                                                                                     \
        static const char *const names[] = {__VA_ARGS__};                                                    \
        has_all(f, names, sizeof(names) / sizeof(*names));                                                   \
    } while (0)

/* --- events --- */

static void a_device_is_registered_once(void **state)
{
    (void)state;
    world_start(&w);
    struct peer *a = settled("alice");
    struct found *f = entries("register");
    assert_int_equal(f->count, 1);
    HAS_ALL(f, "room", "instance", "participant", "owner", "device", "attach");
    peer_leave(&w, a);
    settled("bob");
    assert_int_equal(entries("register")->count, 2);
    settled("alice");
    assert_int_equal(entries("register")->count, 2);
    assert_int_equal(entries("attach")->count, 3);
}

static void a_pool_that_runs_low(void **state)
{
    (void)state;
    world_start(&w);
    struct peer *a = settled("alice"),
                *b = settled("bob"); /* each publishes five keys: below the mark at once */
    struct kr_claim_target t = {.attach = b->attach};
    struct kr_request r = {.kind = KR_REQ_CLAIM, .room = ROOM, .u.claim = {.targets = &t, .target_count = 1}};
    peer_send(&w, a, &r);
    struct found *f = entries("low");
    uint64_t left = 0;
    assert_int_equal(f->count, 1);
    HAS_ALL(f, "room", "instance", "participant", "device", "attach", "count");
    assert_true(kr_log_number(&f->e, "count", &left));
    assert_int_equal(left, 4);
}

static void a_rotation_that_was_asked_for(void **state)
{
    (void)state;
    world_start(&w);
    struct peer *a = world_peer(&w, "alice");
    a->affiliation = "owner";
    settled("alice");
    world_control(&w, KR_CONTROL_ROTATE, NULL, ROOM);
    struct found *f = entries("rotate");
    assert_int_equal(f->count, 1);
    assert_true(kr_log_is(&f->e, "by", "operator"));
    world_wait(&w, 20000);
    struct kr_request r = {.kind = KR_REQ_ROTATE, .room = ROOM};
    peer_send(&w, a, &r);
    assert_string_equal(a->error, "");
    f = entries("rotate");
    assert_int_equal(f->count, 2);
    HAS_ALL(f, "room", "instance", "actor");
    assert_null(kr_log_value(&f->e, "by").ptr);
    peer_send(&w, a, &r); /* too soon: refused, and no entry */
    assert_int_equal(entries("rotate")->count, 2);
}

static void settings_and_the_policies_they_change(void **state)
{
    (void)state;
    uint64_t changed = 9;
    world_start(&w);
    settled("alice");
    world_settings(&w);
    struct found *f = entries("settings");
    assert_int_equal(f->count, 1);
    assert_true(kr_log_number(&f->e, "count", &changed));
    assert_int_equal(changed, 0);
    assert_int_equal(entries("policy")->count, 0);
    w.room_settings.policy.rotate_s = 77;
    world_settings(&w);
    f = entries("settings");
    assert_true(kr_log_number(&f->e, "count", &changed));
    assert_int_equal(changed, 1);
    f = entries("policy");
    assert_int_equal(f->count, 1);
    HAS_ALL(f, "room", "instance", "policy");
    /* And by a restart. */
    world_wait(&w, 5000);
    w.room_settings.policy.rotate_s = 78;
    world_restart(&w);
    assert_int_equal(entries("policy")->count, 2);
    world_restart(&w);
    assert_int_equal(entries("policy")->count, 3); /* no epoch was made under it yet */
}

static void less_than_the_policy_asks(void **state)
{
    (void)state;
    world_start(&w);
    settled("alice");
    assert_int_equal(entries("degrade")->count, 0);
    world_xml(&w, "<presence from='" ROOM "/hidden' to='" SERVICE
                  "'><x xmlns='http://jabber.org/protocol/muc#user'><item affiliation='none' "
                  "role='participant'/></x></presence>");
    struct found *f = entries("degrade");
    assert_int_equal(f->count, 1);
    assert_true(kr_log_is(&f->e, "reason", "blind"));
    world_wait(&w, 3000);
    assert_int_equal(entries("degrade")->count, 1); /* not again while it lasts */
    world_xml(&w, "<presence type='unavailable' from='" ROOM "/hidden' to='" SERVICE "'/>");
    f = entries("degrade");
    assert_int_equal(f->count, 2);
    assert_true(kr_log_is(&f->e, "reason", "over"));
}

static void joins_that_are_held(void **state)
{
    (void)state;
    char nick[16];
    world_start(&w);
    settled("alice");
    for (unsigned i = 0; i <= KR_LEAVE_BUDGET; i++) {
        snprintf(nick, sizeof(nick), "p%u", i);
        struct peer *p = world_peer(&w, nick);
        peer_join(&w, p);
        world_wait(&w, 2500);
        peer_leave(&w, p);
        world_wait(&w, 2500);
    }
    assert_int_equal(entries("degrade")->count, 0);
    peer_join(&w, world_peer(&w, "late"));
    struct found *f = entries("degrade");
    assert_int_equal(f->count, 1);
    assert_true(kr_log_is(&f->e, "reason", "joins-held"));
    world_wait(&w, 120000);
    f = entries("degrade");
    assert_int_equal(f->count, 2);
    assert_true(kr_log_is(&f->e, "reason", "over"));
}

/* --- retention --- */

static struct kr_digest root(uint64_t *ret_size)
{
    *ret_size = w.core->log.tree.size;
    return kr_log_tree_root(&w.core->log.tree);
}

static size_t known_guests(struct peer *p)
{
    struct kr_query q = {.kind = KR_Q_DEVICE, .device = {.id = p->device}, .owner = "", .room = ROOM};
    struct kr_query_result r = {0};
    assert_int_equal(w.store->ops->begin(w.store), 0);
    assert_int_equal(w.store->ops->query(w.store, &q, w.now.wall_ms, &r), 0);
    w.store->ops->rollback(w.store);
    return r.known;
}

/* What is still there, by asking for all of it to be dropped, which is then undone. */
static struct kr_query_result left(void)
{
    struct kr_query q = {.kind = KR_Q_RETAIN,
                         .retain = {.names_before_ms = UINT64_MAX / 2,
                                    .evidence_before_ms = UINT64_MAX / 2,
                                    .devices_before_ms = UINT64_MAX / 2,
                                    .limit = SIZE_MAX,
                                    .evidence_limit = SIZE_MAX}};
    struct kr_query_result r = {0};
    assert_int_equal(w.store->ops->begin(w.store), 0);
    assert_int_equal(w.store->ops->query(w.store, &q, w.now.wall_ms, &r), 0);
    w.store->ops->rollback(w.store);
    return r;
}

static void keep_for(uint64_t names_days, uint64_t evidence_days, uint64_t guests_days)
{
    w.settings.keep_names_ms = names_days * DAY_MS;
    w.settings.keep_evidence_ms = evidence_days * DAY_MS;
    w.settings.keep_guests_ms = guests_days * DAY_MS;
    kr_core_free(w.core);
    w.core = kr_core_new(&w.settings, &w.random);
    world_start(&w);
}

static struct peer *guest(const char *nick)
{
    struct peer *p = world_peer(&w, nick);
    snprintf(p->jid, sizeof(p->jid), "%s@guest.example.net/x", nick);
    p->owner[0] = '\0';
    peer_join(&w, p);
    world_wait(&w, 5000);
    return p;
}

static void what_is_too_old_goes_and_the_roots_stay(void **state)
{
    (void)state;
    uint64_t size, again;
    keep_for(10, 20, 30);
    struct peer *a = settled("alice");
    struct peer *g = guest("gast");
    peer_leave(&w, g);
    world_wait(&w, 5000);
    peer_leave(&w, a);
    world_wait(&w, 200000);
    struct kr_query_result all = left();
    assert_true(all.names_gone > 3 && all.evidence_gone >= 2);
    assert_int_equal(all.devices_gone, 1);
    struct kr_digest before = root(&size);

    world_wait(&w, 9 * DAY_MS);
    struct kr_query_result r = left();
    assert_int_equal(r.names_gone, all.names_gone);
    world_wait(&w, DAY_MS + 7200000);
    r = left();
    assert_int_equal(r.names_gone, 0);
    assert_int_equal(r.evidence_gone, all.evidence_gone);
    world_wait(&w, 10 * DAY_MS);
    r = left();
    assert_int_equal(r.evidence_gone, 0);
    assert_int_equal(known_guests(g), 1);
    world_wait(&w, 10 * DAY_MS);
    assert_int_equal(known_guests(g), 0);
    assert_int_equal(known_guests(a), 1); /* who has a name stays */
    struct kr_digest after = root(&again);
    assert_int_equal(size, again);
    assert_true(kr_digest_equal(&before, &after));
    world_restart(&w); /* and the store still makes the same tree */
    struct kr_log_tree tree = w.core->log.tree;
    assert_true(tree.size > size);
}

static void names_of_a_meeting_that_goes_on_stay(void **state)
{
    (void)state;
    w.room_settings.policy.rotate_s = 86400;
    keep_for(10, 0, 0);
    settled("alice");
    settled("bob");
    world_wait(&w, 12 * DAY_MS);
    settled("carol");
    assert_int_equal(entries("instance-over")->count, 0);
    peer_leave(&w, world_peer(&w, "carol"));
    peer_leave(&w, world_peer(&w, "bob"));
    world_wait(&w, 3000);
    peer_leave(&w, world_peer(&w, "alice"));
    world_wait(&w, 3000);
    assert_int_equal(entries("instance-over")->count, 1);
    size_t all = left().names_gone; /* it is over, and those of its beginning are older than ten days */
    world_wait(&w, 7200000);
    size_t late = left().names_gone;
    assert_true(late && late < all);
}

/* A name outside of rooms that was dropped is drawn anew: the store must hold the key that the core uses. */
static void a_forgotten_name_is_drawn_anew(void **state)
{
    (void)state;
    keep_for(1, 0, 0);
    struct peer *a = settled("alice");
    world_control(&w, KR_CONTROL_APPROVE, a, KR_SCOPE_EVERYWHERE);
    char first[KR_KEY_TEXT + 16];
    struct found *f = entries("approve");
    assert_int_equal(f->count, 1);
    struct kr_span v = kr_log_value(&f->e, "device");
    snprintf(first, sizeof(first), "%.*s", (int)v.len, (const char *)v.ptr);
    world_control(&w, KR_CONTROL_APPROVE, a, KR_SCOPE_EVERYWHERE);
    assert_true(kr_log_is(&entries("approve")->e, "device", first));
    world_wait(&w, 2 * DAY_MS);
    world_control(&w, KR_CONTROL_APPROVE, a, KR_SCOPE_EVERYWHERE);
    f = entries("approve");
    assert_int_equal(f->count, 3);
    assert_false(kr_log_is(&f->e, "device", first));
    struct kr_digest key = {{0}};
    for (struct kr_opening *o = w.core->openings; o; o = o->hh.next)
        if (strstr(o->key, "device:") && kr_id_equal(&o->instance, &(struct kr_id){{0}}))
            memcpy(key.b, o->secret.ptr, sizeof(key.b));
    struct kr_snapshot snap;
    bool same = false;
    assert_int_equal(w.store->ops->load(w.store, &snap), 0);
    for (size_t i = 0; i < snap.opening_count; i++)
        same |= strncmp(snap.openings[i].subject, "device:", 7) == 0 &&
                memcmp(snap.openings[i].key.ptr, key.b, sizeof(key.b)) == 0;
    kr_snapshot_done(&snap);
    assert_true(same);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_device_is_registered_once),
        T(a_pool_that_runs_low),
        T(a_rotation_that_was_asked_for),
        T(settings_and_the_policies_they_change),
        T(less_than_the_policy_asks),
        T(joins_that_are_held),
        T(what_is_too_old_goes_and_the_roots_stay),
        T(names_of_a_meeting_that_goes_on_stay),
        T(a_forgotten_name_is_drawn_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
