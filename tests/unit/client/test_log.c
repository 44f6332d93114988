/* The service's log as participants see it (docs/protocol.md 11.10): what is shown differently to different
 * people costs them their keys, what is not proved is said aloud, and a service that was set back is found
 * out. The lies are told with the service's own key. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/state.h"
#include "desk.h"
#include "log/checkpoint.h"
#include "peek.h"

enum { MINUTE_MS = 60000 };

static struct world w;

static struct kr_sig sign(const struct kr_note_signer *s, uint64_t size, const struct kr_digest *root)
{
    struct kr_checkpoint c = {.size = size, .root = *root};
    struct kr_buf text;
    kr_buf_init(&text, KR_NOTE_MAX);
    memcpy(c.origin, s->key.name, strlen(s->key.name) + 1);
    kr_checkpoint_text(&c, &text);
    struct kr_sig sig = kr_note_sign_text(s, kr_buf_span(&text));
    kr_buf_done(&text);
    return sig;
}

static void make_signer(struct kr_note_signer *s)
{
    struct kr_secret seed = KR_SECRET_NONE;
    kr_secret_alloc(&seed, KR_NOTE_SEED_LEN);
    memset(seed.ptr, 5, seed.len);
    assert_int_equal(kr_note_signer_init(KR_NOTE_ED25519, "elsewhere.example.org/log", &seed, s), KR_LOG_OK);
    kr_secret_done(&seed);
}

static void sign_again(struct kr_notice_announce *a)
{
    a->log_sig = sign(peek_signer(&w), a->link.log_size, &a->link.log_root);
}

static void meeting(uint64_t seed, size_t count, struct one **ret)
{
    static const char *const names[] = {"alice", "bob", "carol", "dave"};
    world_init(&w, seed);
    world_start(&w);
    for (size_t i = 0; i < count; i++)
        ret[i] = world_join(&w, names[i]);
    world_wait(&w, 3000);
    world_all_hear(&w, 1);
    for (size_t i = 0; i < count; i++)
        one_hush(ret[i]);
}

/* --- two logs --- */

static bool hears(struct one *from, struct one *to)
{
    if (!one_view(from).may_send)
        return false;
    struct kr_buf frame = one_seal(from);
    bool heard = one_open(to, from->nick, &frame) == 0;
    kr_buf_done(&frame);
    return heard;
}

static void no_key_in_common(struct one *const *all)
{
    assert_true(hears(all[0], all[1]) && hears(all[1], all[0]) && hears(all[2], all[3]) &&
                hears(all[3], all[2]));
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 2; k < 4; k++)
            assert_false(hears(all[i], all[k]) || hears(all[k], all[i]));
    }
}

/* A service that forks its log, and else does all it can for everybody: it takes and passes on what each
 * seals, and each announce is signed with its key. */
static void who_is_shown_another_log_shares_no_key(void **state)
{
    (void)state;
    static struct desk d;
    static const char *const names[] = {"alice", "bob", "carol", "dave"};
    struct one *all[4];
    struct kr_note_signer log;
    make_signer(&log);
    desk_init(&d, 71, KR_SOURCE_PARTICIPANTS);
    d.log = &log;
    d.views[1].policy = d.views[0].policy; /* the log alone differs */
    for (size_t i = 0; i < 4; i++)
        all[i] = world_join(&d.w, names[i]);
    world_wait(&d.w, 10);
    desk_epoch(&d, KR_EPOCH_FRESH, KR_SOURCE_PARTICIPANTS, NULL);
    world_all_hear(&d.w, 1);
    desk_seat(&d, "carol")->view = desk_seat(&d, "dave")->view = 1;
    d.views[1].log = 7; /* one root of four is another, for two of them */
    desk_epoch(&d, KR_EPOCH_FRESH, KR_SOURCE_PARTICIPANTS, NULL);
    no_key_in_common(all);
    /* Each says whose keys are of another story. */
    for (size_t i = 0; i < 4; i++) {
        for (size_t k = 0; k < 4; k++) {
            char text[64];
            snprintf(text, sizeof(text), "mismatch 2 context-mismatch %s", names[k]);
            assert_int_equal(one_said(all[i], text), i / 2 != k / 2);
        }
    }
    /* And it cannot be healed unseen, though from now on all are told the same. */
    d.views[1].log = 0;
    desk_epoch(&d, KR_EPOCH_FRESH, KR_SOURCE_PARTICIPANTS, NULL);
    no_key_in_common(all);
    assert_true(one_said(all[0], "mismatch 3 context-mismatch carol"));
    desk_done(&d);
    kr_note_signer_done(&log);
}

/* The last ones are told of another log, of the same length. */
static bool show_two_logs(struct world *in, struct one *to, struct kr_notice *n)
{
    if (n->kind != KR_NOTICE_ANNOUNCE || to < &in->ones[in->left] || n->u.announce.link.epoch < 2)
        return true;
    n->u.announce.link.log_root.b[0] ^= 1;
    sign_again(&n->u.announce);
    return true;
}

static void alone_with_another_log(void **state)
{
    (void)state;
    struct one *all[3];
    meeting(72, 3, all);
    w.notice = show_two_logs;
    w.left = 2; /* carol alone */
    world_rotate(&w);
    world_wait(&w, 5000);
    assert_true(hears(all[0], all[1]) && hears(all[1], all[0]));
    assert_true(one_view(all[2]).mismatched && !one_view(all[2]).may_send);
    assert_true(one_said(all[2], "mismatch 2 context-mismatch"));
    assert_false(hears(all[0], all[2]));
    assert_false(one_view(all[0]).mismatched || one_view(all[1]).mismatched);
    world_done(&w);
}

/* --- announces that do not hold --- */

enum lie { NO_SIGNATURE, SHORTER, SAME_SIZE, ANOTHER_KEY, NO_LOG };

static struct kr_note_signer another;

static bool lie(struct world *in, struct one *to, struct kr_notice *n)
{
    struct kr_notice_announce *a = &n->u.announce;
    if (n->kind != KR_NOTICE_ANNOUNCE || to != &in->ones[0] || a->link.epoch < 2)
        return true;
    const struct kr_log_claim *newest = &to->client->log.newest;
    switch ((enum lie)in->left) {
    case NO_SIGNATURE:
        a->log_sig.b[7] ^= 1;
        break;
    case SHORTER:
        a->link.log_size = newest->size - 1;
        sign_again(a);
        break;
    case SAME_SIZE:
        a->link.log_size = newest->size;
        sign_again(a);
        break;
    case ANOTHER_KEY:
        a->log_sig = sign(&another, a->link.log_size, &a->link.log_root);
        a->log_origin = another.key.name;
        a->log_key = another.key.key;
        break;
    case NO_LOG:
        a->link.log_size = 0;
        a->log_origin = NULL;
        break;
    }
    return true;
}

static void told(enum lie what, const char *alarm)
{
    struct one *all[2];
    char text[64];
    meeting(80 + what, 2, all);
    w.notice = lie;
    w.left = (int)what;
    world_rotate(&w);
    world_wait(&w, 5000);
    snprintf(text, sizeof(text), "alarm 2 %s", alarm);
    if (!one_said(all[0], text))
        fail_msg("not told of %s: %s", alarm, all[0]->said);
    assert_true(one_view(all[0]).mismatched && !one_view(all[0]).may_send);
    assert_false(one_said(all[1], "alarm"));
    assert_false(hears(all[1], all[0]));
    world_done(&w);
}

static void an_announce_whose_log_does_not_hold(void **state)
{
    (void)state;
    told(NO_SIGNATURE, "log-signature");
    told(SHORTER, "log-rolled-back");
    told(SAME_SIZE, "log-forked");
    told(NO_LOG, "log-missing");
}

/* A full announce, at the beginning of an instance: her operator gave her a key, or she has seen one before.
 */
static void another_key(bool given, const char *alarm)
{
    world_init(&w, 90 + given);
    make_signer(&another);
    world_start(&w);
    w.log_key = &another.key;
    w.log_key_given = given;
    struct one *alice = world_join(&w, "alice");
    w.log_key = NULL;
    world_join(&w, "bob");
    world_wait(&w, 3000);
    char text[64];
    snprintf(text, sizeof(text), "alarm 1 %s", alarm);
    if (!one_said(alice, text) && (given || !one_said(alice, "alarm log-begun-anew")))
        fail_msg("not told of %s: %s", alarm, alice->said);
    assert_int_equal(one_view(alice).mismatched, given);
    if (!given)
        world_all_hear(&w, 1);
    kr_note_signer_done(&another);
    world_done(&w);
}

static void a_log_of_another_key(void **state)
{
    (void)state;
    another_key(true, "log-key");
    another_key(false, "log-begun-anew"); /* taken, and said */
}

/* --- proofs --- */

static bool no_proofs(struct world *in, struct one *from, struct kr_request *r)
{
    (void)in, (void)from;
    return r->kind != KR_REQ_PROOF;
}

static void what_is_not_proved_within_a_minute_is_said(void **state)
{
    (void)state;
    struct one *all[2];
    meeting(73, 2, all);
    w.request = no_proofs;
    world_rotate(&w);
    world_wait(&w, MINUTE_MS - 5000); /* the first epoch, which is 3 s older, was not proved either */
    assert_false(one_said(all[0], "alarm"));
    world_wait(&w, 3000);
    assert_true(one_said(all[0], "alarm 2 log-silent") && one_said(all[1], "alarm 2 log-silent"));
    assert_int_equal(one_said_count(all[0], "alarm"), 1);
    world_all_hear(&w, 2); /* it may be a lost answer: nobody is cut off */
    w.request = NULL;
    world_wait(&w, MINUTE_MS / 2);
    assert_true(one_said(all[0], "proved 2") && one_said(all[1], "proved 2"));
    world_done(&w);
}

static void an_honest_log_is_proved(void **state)
{
    (void)state;
    struct one *all[3];
    meeting(74, 3, all);
    for (int i = 0; i < 3; i++) {
        world_rotate(&w);
        world_wait(&w, MINUTE_MS + 3000);
    }
    for (size_t i = 0; i < 3; i++) {
        assert_true(one_said(all[i], "proved 4"));
        assert_false(one_said(all[i], "alarm"));
    }
    world_done(&w);
}

/* One character of the base64 in that element, of what alice is answered. */
static bool bend_proof(struct world *in, struct one *to, struct one *from, char *xml)
{
    (void)from;
    char *at = to == &in->ones[0] && strstr(xml, "<proof ") ? strstr(xml, in->arg) : NULL;
    if (at) {
        at += strlen(in->arg) + 9; /* behind its name, within the first bytes */
        *at = *at == 'A' ? 'B' : 'A';
        in->left++;
    }
    return true;
}

static void proof_with(const char *where, const char *alarm)
{
    struct one *all[2];
    char text[64];
    meeting(75, 2, all);
    world_wait(&w, MINUTE_MS);
    assert_true(one_said(all[0], "proved 1"));
    w.raw = bend_proof;
    w.arg = (void *)where;
    world_rotate(&w);
    world_wait(&w, MINUTE_MS + 5000);
    assert_true(w.left > 0);
    snprintf(text, sizeof(text), "alarm 2 %s", alarm);
    if (!one_said(all[0], text))
        fail_msg("%s: not told of %s: %s", where, alarm, all[0]->said);
    assert_true(one_view(all[0]).mismatched);
    world_wait(&w, 5000);
    assert_false(one_view(all[0]).may_send);
    assert_false(one_said(all[1], "alarm"));
    world_done(&w);
}

static void a_proof_that_does_not_hold(void **state)
{
    (void)state;
    proof_with("<inclusion>", "log-not-included");
    proof_with("<entry>", "log-not-included");
    proof_with("<consistency>", "log-rewritten");
    proof_with("opening='", "log-other-entry");
}

/* --- a service that was set back --- */

static struct kr_log_claim claim(uint64_t size, uint8_t root)
{
    struct kr_log_claim c = {.size = size};
    memset(c.root.b, root, sizeof(c.root.b));
    c.sig = sign(peek_signer(&w), c.size, &c.root);
    return c;
}

/* Alice and bob are in a meeting; carol comes, and presents a checkpoint. */
static struct one *presents(uint64_t seed, int64_t ahead, uint8_t root, bool sig_holds)
{
    struct one *all[2];
    meeting(seed, 2, all);
    w.log_key = &peek_signer(&w)->key;
    w.log_seen = claim((uint64_t)((int64_t)peek_size(&w) + ahead), root);
    w.log_seen.sig.b[4] ^= !sig_holds;
    struct one *carol = world_join(&w, "carol");
    world_wait(&w, 3000);
    return carol;
}

static void is_halted(struct one *carol)
{
    assert_true(one_said(carol, "refused attach log-halted"));
    assert_false(one_view(carol).member);
    uint64_t size = peek_signed(&w), newest = one_view(&w.ones[0]).newest;
    assert_true(one_said(&w.ones[0], "state suspended"));
    world_rotate(&w);
    world_wait(&w, 10000);
    assert_int_equal(peek_signed(&w), size);               /* nothing is signed */
    assert_int_equal(one_view(&w.ones[0]).newest, newest); /* nor announced */
    world_restart(&w);
    world_wait(&w, 10000);
    assert_true(peek_halted(&w));
    assert_int_equal(one_view(&w.ones[0]).newest, newest);
}

static void a_checkpoint_ahead_of_the_database_halts_it(void **state)
{
    (void)state;
    struct one *carol = presents(76, 5, 1, true);
    is_halted(carol);
    world_done(&w);
}

static void a_checkpoint_of_another_tree_halts_it(void **state)
{
    (void)state;
    struct one *carol = presents(77, -2, 1, true);
    one_event(&w, carol, KR_CLIENT_JOIN); /* found out behind her attach */
    world_wait(&w, 6000);
    assert_true(peek_halted(&w));
    assert_true(one_said(&w.ones[0], "state suspended"));
    world_done(&w);
}

static void a_checkpoint_that_nobody_signed_halts_nothing(void **state)
{
    (void)state;
    struct one *carol = presents(78, 5, 1, false);
    assert_false(peek_halted(&w));
    assert_true(one_view(&w.ones[0]).newest > 1); /* but it is not hers to take what comes for less */
    assert_true(one_said(carol, "alarm") || one_view(carol).member);
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_shown_another_log_shares_no_key),
        cmocka_unit_test(alone_with_another_log),
        cmocka_unit_test(an_announce_whose_log_does_not_hold),
        cmocka_unit_test(a_log_of_another_key),
        cmocka_unit_test(what_is_not_proved_within_a_minute_is_said),
        cmocka_unit_test(an_honest_log_is_proved),
        cmocka_unit_test(a_proof_that_does_not_hold),
        cmocka_unit_test(a_checkpoint_ahead_of_the_database_halts_it),
        cmocka_unit_test(a_checkpoint_of_another_tree_halts_it),
        cmocka_unit_test(a_checkpoint_that_nobody_signed_halts_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
