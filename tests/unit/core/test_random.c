/* Random lives of a room. The world itself holds the invariants: epochs only rise in an instance and mean the
 * same to all, the roster a client makes of what it is told has the announced digest, nothing of an epoch
 * reaches somebody who is not there, no one-time key is given twice, and deadlines move. At the end all
 * settle on one context. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEEDS = 60, STEPS = 120, PEERS = 9 };

static struct world w;
static bool linked;

static struct peer *any(void)
{
    static const char *const names[PEERS] = {"a", "bb", "ccc", "d", "ee", "fff", "g", "hh", "iii"};
    return world_peer(&w, names[world_random(&w, PEERS)]);
}

static void try_attach(struct peer *p)
{
    struct kr_signed_key otks[4];
    if (p->attached || !p->present)
        return;
    peer_new_attach(&w, p);
    peer_challenge(&w, p);
    if (p->error[0])
        return;
    struct kr_request r = peer_attach_request(&w, p, otks, 4);
    p->attached = true;
    p->highest = 0;
    peer_send(&w, p, &r);
    p->attached = p->error[0] == '\0' && p->attached;
}

static void enter(struct peer *p)
{
    if (linked)
        peer_enter(&w, p);
    p->present = true;
}

static void leave(struct peer *p)
{
    if (linked) {
        peer_leave(&w, p);
        return;
    }
    /* Unseen by the service: it comes back in another session, or presence would seem to confirm its old
     * attach. */
    snprintf(p->jid, sizeof(p->jid), "%s@example.org/%llu", p->nick, (unsigned long long)w.now.mono_ms);
    p->present = p->attached = false;
    p->highest = 0;
    kr_roster_done(&p->roster);
    kr_roster_init(&p->roster);
}

static void claim(struct peer *p, bool reset)
{
    struct kr_claim_target t[PEERS];
    size_t n = 0;
    for (size_t i = 0; i < p->roster.len && n < PEERS; i++) {
        if (!kr_id_equal(&p->roster.entries[i].attach, &p->attach))
            t[n++] = (struct kr_claim_target){.attach = p->roster.entries[i].attach, .reset = reset};
    }
    struct kr_request r = {.kind = KR_REQ_CLAIM, .room = ROOM, .u.claim = {.targets = t, .target_count = n}};
    if (n)
        peer_send(&w, p, &r);
}

static void ack_badly(struct peer *p)
{
    if (!p->highest)
        return;
    uint16_t missing[PEERS];
    size_t n = 0;
    int me = kr_roster_find(&p->roster, &p->attach);
    for (size_t i = 0; i < p->roster.len && i < PEERS; i++) {
        if ((int)i != me && world_random(&w, 2))
            missing[n++] = (uint16_t)i;
    }
    struct kr_request r = {.kind = KR_REQ_ACK,
                           .room = ROOM,
                           .u.ack = {.epoch = p->link.epoch,
                                     .missing = missing,
                                     .missing_count = n,
                                     .mismatch = missing,
                                     .mismatch_count = world_random(&w, 2) ? n : 0}};
    peer_send(&w, p, &r);
}

static void presence_with_two_sessions(struct peer *p)
{
    if (linked && p->present)
        world_xml(&w,
                  "<presence from='" ROOM "/%s' to='" SERVICE
                  "'><x xmlns='http://jabber.org/protocol/muc#user'>"
                  "<item affiliation='%s' jid='%s'/><item jid='%s2'/></x></presence>",
                  p->nick, p->affiliation, p->jid, p->jid);
}

static void toggle_link(void)
{
    if (linked) {
        world_link_down(&w);
        linked = false;
        return;
    }
    world_link_up(&w);
    world_joined(&w);
    linked = true;
}

static void step(void)
{
    static const char *const affiliations[] = {"none", "member", "owner", "outcast"};
    struct peer *p = any();
    switch (world_random(&w, 20)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
        enter(p);
        try_attach(p);
        break;
    case 5:
    case 6:
        leave(p);
        break;
    case 7:
        leave(p);
        enter(p);
        try_attach(p);
        break;
    case 8:
        p->mute = !p->mute;
        break;
    case 9:
        world_control(&w, KR_CONTROL_ROTATE, NULL, ROOM);
        break;
    case 10:
        if (world_random(&w, 4) == 0)
            world_control(&w, KR_CONTROL_REVOKE, p, world_random(&w, 2) ? "*" : ROOM);
        break;
    case 11:
        world_control(&w, KR_CONTROL_APPROVE, p, ROOM);
        break;
    case 12:
        if (p->present) {
            p->affiliation = affiliations[world_random(&w, 4)];
            enter(p);
        }
        break;
    case 13:
        toggle_link();
        break;
    case 14:
        if (world_random(&w, 3) == 0) {
            world_restart(&w);
            world_joined(&w);
            linked = true;
        }
        break;
    case 15:
        w.room_settings.policy.authorise = (enum kr_authorise)world_random(&w, 3);
        world_settings(&w);
        break;
    case 16:
        claim(p, world_random(&w, 2));
        break;
    case 17:
        ack_badly(p);
        break;
    case 18:
        presence_with_two_sessions(p);
        break;
    default:
        world_wait(&w, 1 + world_random(&w, 30000));
    }
    world_wait(&w, world_random(&w, 700));
}

static size_t member_count;
static bool check_member(void *arg, const struct kr_member_view *v)
{
    (void)arg;
    if (!v->member)
        return true;
    member_count++;
    struct peer *p = world_peer(&w, v->participant);
    assert_true(p->present && p->attached);
    assert_int_equal(p->committed, p->highest);
    struct kr_room_view room;
    assert_true(world_view(&w, &room));
    assert_memory_equal(&p->context, &room.context, sizeof(p->context));
    return true;
}

static void settles(void)
{
    if (!linked)
        toggle_link();
    for (size_t i = 0; i < w.peer_count; i++)
        w.peers[i].mute = false;
    world_wait(&w, 70000); /* churn is over, held joins are in */
    struct kr_room_view v;
    assert_true(world_view(&w, &v));
    assert_false(v.in_flight);
    assert_false(v.exposed);
    member_count = 0;
    kr_core_members(w.core, ROOM, check_member, NULL);
    assert_int_equal(member_count, v.members);
    for (size_t i = 0; i < w.peer_count; i++) {
        struct peer *p = &w.peers[i];
        if (p->attached && p->highest && kr_digest_equal(&p->context, &v.context))
            assert_int_equal(p->roster.len, v.members);
    }
}

static void random_lives(void **state)
{
    (void)state;
    const char *only = getenv("KR_TEST_SEED");
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        if (only && strtoull(only, NULL, 10) != seed)
            continue;
        print_message("seed %llu\n", (unsigned long long)seed);
        world_init(&w, seed * 7919);
        world_start(&w);
        linked = true;
        for (int i = 0; i < STEPS; i++)
            step();
        settles();
        world_done(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_lives)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
