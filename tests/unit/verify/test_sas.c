#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/limit.h"
#include "verify/sas.h"

/* Two devices that verify each other, and what lies between them. */
struct pair {
    struct kr_sas a, b; /* initiator, responder */
    struct kr_sas_setup a_setup, b_setup;
    struct kr_sas_output out;
    uint8_t next; /* of the generator */
};

static void fill(void *state, void *out, size_t len)
{
    uint8_t *next = state;
    memset(out, ++*next, len);
}

static struct kr_random generator(struct pair *p)
{
    return (struct kr_random){fill, &p->next};
}

static struct kr_sas_setup setup_of(const char *own, uint8_t own_key, const char *peer, uint8_t peer_key)
{
    struct kr_sas_setup s = {.room = "r@c.example", .own_owner = own, .peer_owner = peer, .instance = {{9}}};
    memset(s.own_ed25519.b, own_key, 32);
    memset(s.own_curve25519.b, own_key + 1, 32);
    memset(s.peer_ed25519.b, peer_key, 32);
    memset(s.peer_curve25519.b, peer_key + 1, 32);
    return s;
}

static void pair_init(struct pair *p)
{
    memset(p, 0, sizeof(*p));
    p->a_setup = setup_of("alice@example.org", 10, "", 20);
    p->b_setup = setup_of("", 20, "alice@example.org", 10);
}

static void pair_done(struct pair *p)
{
    kr_sas_done(&p->a);
    kr_sas_done(&p->b);
}

/* How far they get, message by message; the last message sent, not yet received, is returned. */
enum step { START, ACCEPT, A_KEY, B_KEY, COMPARE };

static struct kr_sas_message advance(struct pair *p, enum step until)
{
    struct kr_random random = generator(p);
    assert_int_equal(kr_sas_start(&p->a, &p->a_setup, &random, 0, &p->out), 0);
    struct kr_sas_message m = p->out.send[0];
    if (until == START)
        return m;
    assert_int_equal(kr_sas_answer(&p->b, &p->b_setup, &m, &random, 0, &p->out), 0);
    m = p->out.send[0];
    for (enum step step = A_KEY; step <= until; step++) {
        assert_int_equal(kr_sas_receive(step == B_KEY ? &p->b : &p->a, &m, 0, &p->out), KR_SAS_FINE);
        assert_int_equal(p->out.count, step == COMPARE ? 0 : 1);
        if (p->out.count)
            m = p->out.send[0];
    }
    return m;
}

static void assert_cancelled(const struct pair *p, const struct kr_sas *s, enum kr_sas_reason reason)
{
    assert_int_equal(s->state, KR_SAS_CANCELLED);
    assert_int_equal(s->reason, reason);
    assert_false(s->by_peer);
    assert_int_equal(p->out.count, 1);
    assert_int_equal(p->out.send[0].kind, KR_SAS_CANCEL);
    assert_int_equal(p->out.send[0].u.reason, reason);
    assert_false(kr_secret_is_set(&s->ephemeral) || kr_secret_is_set(&s->shared));
}

static void assert_same_code(const struct pair *p)
{
    assert_int_equal(p->a.state, KR_SAS_COMPARING);
    assert_int_equal(p->b.state, KR_SAS_COMPARING);
    assert_memory_equal(p->a.code.emoji, p->b.code.emoji, sizeof(p->a.code.emoji));
    assert_memory_equal(p->a.code.numbers, p->b.code.numbers, sizeof(p->a.code.numbers));
}

static void test_verified(void **state)
{
    (void)state;
    struct pair p;
    pair_init(&p);
    advance(&p, COMPARE);
    assert_same_code(&p);
    kr_sas_confirm(&p.a, true, &p.out);
    assert_int_equal(p.out.count, 1);
    struct kr_sas_message mac = p.out.send[0];
    assert_int_equal(p.a.state, KR_SAS_COMPARING);
    assert_int_equal(kr_sas_receive(&p.b, &mac, 1, &p.out), KR_SAS_FINE);
    assert_int_equal(p.out.count, 0);
    assert_int_equal(p.b.state, KR_SAS_COMPARING); /* the peer's MAC alone verifies nobody */
    assert_true(p.b.mac_held);
    kr_sas_confirm(&p.b, true, &p.out);
    assert_int_equal(p.out.count, 2);
    assert_int_equal(p.out.send[0].kind, KR_SAS_MAC);
    assert_int_equal(p.out.send[1].kind, KR_SAS_DONE);
    assert_int_equal(p.b.state, KR_SAS_VERIFIED);
    mac = p.out.send[0];
    struct kr_sas_message done = p.out.send[1];
    assert_int_equal(kr_sas_receive(&p.a, &mac, 1, &p.out), KR_SAS_FINE);
    assert_int_equal(p.a.state, KR_SAS_VERIFIED);
    assert_int_equal(p.out.count, 1);
    assert_int_equal(p.out.send[0].kind, KR_SAS_DONE);
    assert_false(p.a.peer_done);
    assert_int_equal(kr_sas_receive(&p.a, &done, 1, &p.out), KR_SAS_FINE);
    assert_true(p.a.peer_done);
    assert_false(kr_secret_is_set(&p.a.shared) || kr_secret_is_set(&p.b.shared));
    /* What was verified stays so: nothing that comes or passes later changes it. */
    struct kr_sas_message cancel = {
        .kind = KR_SAS_CANCEL, .transaction = done.transaction, .u.reason = KR_SAS_BY_USER};
    assert_int_equal(kr_sas_receive(&p.a, &cancel, 1, &p.out), KR_SAS_FINE);
    kr_sas_tick(&p.a, UINT64_MAX, &p.out);
    kr_sas_cancel(&p.a, KR_SAS_GONE, &p.out);
    kr_sas_confirm(&p.a, false, &p.out);
    assert_int_equal(p.out.count, 0);
    assert_int_equal(p.a.state, KR_SAS_VERIFIED);
    pair_done(&p);
}

static void test_mismatch(void **state)
{
    (void)state;
    struct pair p;
    pair_init(&p);
    advance(&p, COMPARE);
    kr_sas_confirm(&p.b, false, &p.out);
    assert_cancelled(&p, &p.b, KR_SAS_MISMATCH);
    struct kr_sas_message m = p.out.send[0];
    assert_int_equal(kr_sas_receive(&p.a, &m, 0, &p.out), KR_SAS_MISMATCH);
    assert_int_equal(p.a.state, KR_SAS_CANCELLED);
    assert_true(p.a.by_peer);
    assert_int_equal(p.out.count, 0);
    kr_sas_confirm(&p.a, true, &p.out);
    assert_int_equal(p.out.count, 0);
    assert_int_equal(p.a.state, KR_SAS_CANCELLED);
    pair_done(&p);
}

/* Whatever the two see differently of room, owners and device keys shows in the code, and if people do not
 * look, in the MACs. */
static void test_other_views(void **state)
{
    (void)state;
    for (unsigned change = 0; change < 8; change++) {
        struct pair p;
        pair_init(&p);
        switch (change) {
        case 0:
            p.b_setup.room = "s@c.example";
            break;
        case 1:
            p.b_setup.instance.b[15] ^= 1;
            break;
        case 2:
            p.b_setup.own_owner = "bob@example.org";
            break;
        case 3:
            p.b_setup.peer_owner = "";
            break;
        case 4:
            p.b_setup.own_ed25519.b[31] ^= 1;
            break;
        case 5:
            p.b_setup.own_curve25519.b[31] ^= 1;
            break;
        case 6:
            p.b_setup.peer_ed25519.b[31] ^= 1;
            break;
        default:
            p.b_setup.peer_curve25519.b[31] ^= 1;
            break;
        }
        struct kr_random random = generator(&p);
        assert_int_equal(kr_sas_start(&p.a, &p.a_setup, &random, 0, &p.out), 0);
        struct kr_sas_message m = p.out.send[0];
        if (change >= 4) { /* other keys are another device: make the request fit, as a relay would */
            m.u.start.initiator = kr_device_id(&p.b_setup.peer_ed25519, &p.b_setup.peer_curve25519);
            m.u.start.responder = kr_device_id(&p.b_setup.own_ed25519, &p.b_setup.own_curve25519);
        }
        assert_int_equal(kr_sas_answer(&p.b, &p.b_setup, &m, &random, 0, &p.out), 0);
        struct kr_sas *const turns[] = {&p.a, &p.b, &p.a};
        for (size_t i = 0; i < 3; i++) {
            m = p.out.send[0];
            assert_int_equal(kr_sas_receive(turns[i], &m, 0, &p.out), KR_SAS_FINE);
        }
        assert_memory_not_equal(p.a.code.emoji, p.b.code.emoji, sizeof(p.a.code.emoji));
        assert_memory_not_equal(p.a.code.numbers, p.b.code.numbers, sizeof(p.a.code.numbers));
        kr_sas_confirm(&p.a, true, &p.out);
        m = p.out.send[0];
        assert_int_equal(kr_sas_receive(&p.b, &m, 0, &p.out), KR_SAS_BAD_MAC);
        assert_cancelled(&p, &p.b, KR_SAS_BAD_MAC);
        pair_done(&p);
    }
}

static void test_bad_macs(void **state)
{
    (void)state;
    for (unsigned change = 0; change < 4; change++) {
        struct pair p, other;
        pair_init(&p);
        pair_init(&other);
        other.next = 100;
        advance(&p, COMPARE);
        advance(&other, COMPARE);
        kr_sas_confirm(&p.a, true, &p.out);
        struct kr_sas_message m = p.out.send[0];
        if (change == 0) {
            m.u.mac.ed25519.b[0] ^= 1;
        } else if (change == 1) {
            m.u.mac.curve25519.b[31] ^= 1;
        } else if (change == 2) { /* of another transaction, under this one's name */
            kr_sas_confirm(&other.a, true, &other.out);
            m.u.mac = other.out.send[0].u.mac;
        }
        /* The last: the responder's own MACs thrown back at it are the initiator's at the initiator. */
        struct kr_sas *s = change == 3 ? &p.a : &p.b;
        assert_int_equal(kr_sas_receive(s, &m, 0, &p.out), KR_SAS_BAD_MAC);
        assert_cancelled(&p, s, KR_SAS_BAD_MAC);
        pair_done(&p);
        pair_done(&other);
    }
}

static void test_bad_keys(void **state)
{
    (void)state;
    struct pair p;
    pair_init(&p);
    struct kr_sas_message m = advance(&p, B_KEY); /* the responder's, which the initiator awaits */
    m.u.key.b[5] ^= 1;
    assert_int_equal(kr_sas_receive(&p.a, &m, 0, &p.out), KR_SAS_BAD_COMMITMENT);
    assert_cancelled(&p, &p.a, KR_SAS_BAD_COMMITMENT);
    pair_done(&p);

    pair_init(&p);
    m = advance(&p, B_KEY);
    m.u.key = p.a.subject.initiator_key;
    assert_int_equal(kr_sas_receive(&p.a, &m, 0, &p.out), KR_SAS_REFLECTED_KEY);
    assert_cancelled(&p, &p.a, KR_SAS_REFLECTED_KEY);
    pair_done(&p);

    pair_init(&p);
    m = advance(&p, A_KEY);
    m.u.key = p.b.subject.responder_key;
    assert_int_equal(kr_sas_receive(&p.b, &m, 0, &p.out), KR_SAS_REFLECTED_KEY);
    assert_cancelled(&p, &p.b, KR_SAS_REFLECTED_KEY);
    pair_done(&p);

    pair_init(&p);
    m = advance(&p, A_KEY);
    memset(m.u.key.b, 0, sizeof(m.u.key.b));
    assert_int_equal(kr_sas_receive(&p.b, &m, 0, &p.out), KR_SAS_BAD_KEY);
    assert_cancelled(&p, &p.b, KR_SAS_BAD_KEY);
    pair_done(&p);
}

/* Every message that is not awaited ends it by name, in every state and on both sides. */
static void test_out_of_turn(void **state)
{
    (void)state;
    static const struct {
        enum step step;
        bool initiator;
        enum kr_sas_kind awaited;
    } cases[] = {{START, true, KR_SAS_ACCEPT},
                 {ACCEPT, false, KR_SAS_KEY},
                 {A_KEY, true, KR_SAS_KEY},
                 {COMPARE, true, KR_SAS_MAC},
                 {COMPARE, false, KR_SAS_MAC}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (unsigned kind = KR_SAS_START; kind <= KR_SAS_DONE; kind++) {
            if (kind == cases[i].awaited)
                continue;
            struct pair p;
            pair_init(&p);
            advance(&p, cases[i].step);
            struct kr_sas *s = cases[i].initiator ? &p.a : &p.b;
            struct kr_sas_message m = {.kind = (enum kr_sas_kind)kind,
                                       .transaction = p.a.subject.transaction};
            assert_int_equal(kr_sas_receive(s, &m, 0, &p.out), KR_SAS_OUT_OF_TURN);
            assert_cancelled(&p, s, KR_SAS_OUT_OF_TURN);
            pair_done(&p);
        }
    }
    struct pair p; /* the MACs twice */
    pair_init(&p);
    advance(&p, COMPARE);
    kr_sas_confirm(&p.a, true, &p.out);
    struct kr_sas_message m = p.out.send[0];
    assert_int_equal(kr_sas_receive(&p.b, &m, 0, &p.out), KR_SAS_FINE);
    assert_int_equal(kr_sas_receive(&p.b, &m, 0, &p.out), KR_SAS_OUT_OF_TURN);
    pair_done(&p);
}

static void test_other_transaction(void **state)
{
    (void)state;
    struct pair p;
    pair_init(&p);
    struct kr_sas_message m = advance(&p, A_KEY);
    m.transaction.b[0] ^= 1;
    assert_int_equal(kr_sas_receive(&p.b, &m, 0, &p.out), KR_SAS_UNKNOWN);
    assert_int_equal(p.b.state, KR_SAS_ACCEPTED);
    assert_int_equal(p.out.count, 1);
    assert_int_equal(p.out.send[0].u.reason, KR_SAS_UNKNOWN);
    assert_true(kr_id_equal(&p.out.send[0].transaction, &m.transaction));
    m.kind = KR_SAS_CANCEL; /* two that do not know each other's must not answer for ever */
    assert_int_equal(kr_sas_receive(&p.b, &m, 0, &p.out), KR_SAS_UNKNOWN);
    assert_int_equal(p.out.count, 0);
    struct kr_sas idle = {0};
    m.kind = KR_SAS_KEY;
    assert_int_equal(kr_sas_receive(&idle, &m, 0, &p.out), KR_SAS_UNKNOWN);
    pair_done(&p);
}

static void test_wrong_devices(void **state)
{
    (void)state;
    struct pair p;
    pair_init(&p);
    struct kr_random random = generator(&p);
    struct kr_sas_message m = advance(&p, START), other = m;
    other.u.start.initiator = m.u.start.responder; /* the two roles exchanged: one's own request come back */
    other.u.start.responder = m.u.start.initiator;
    assert_int_equal(kr_sas_answer(&p.b, &p.b_setup, &other, &random, 0, &p.out), 0);
    assert_cancelled(&p, &p.b, KR_SAS_WRONG_DEVICE);
    kr_sas_done(&p.b);
    other = m;
    other.u.start.responder.b[0] ^= 1;
    assert_int_equal(kr_sas_answer(&p.b, &p.b_setup, &other, &random, 0, &p.out), 0);
    assert_cancelled(&p, &p.b, KR_SAS_WRONG_DEVICE);
    kr_sas_done(&p.b);
    other = m;
    other.kind = KR_SAS_DONE;
    assert_int_equal(kr_sas_answer(&p.b, &p.b_setup, &other, &random, 0, &p.out), 0);
    assert_cancelled(&p, &p.b, KR_SAS_OUT_OF_TURN);
    kr_sas_done(&p.b);

    struct kr_sas_setup self = setup_of("a", 10, "a", 10), control = p.b_setup;
    assert_int_equal(kr_sas_start(&p.b, &self, &random, 0, &p.out), KR_E_MALFORMED);
    control.peer_owner = "a\nroom=b";
    assert_int_equal(kr_sas_answer(&p.b, &control, &m, &random, 0, &p.out), KR_E_MALFORMED);
    assert_int_equal(p.b.state, KR_SAS_IDLE);
    pair_done(&p);
}

static void test_timeouts(void **state)
{
    (void)state;
    static const struct {
        enum step step;
        bool initiator;
        uint64_t ms;
    } cases[] = {{START, true, KR_SAS_PERSON_MS},
                 {ACCEPT, false, KR_SAS_MACHINE_MS},
                 {A_KEY, true, KR_SAS_MACHINE_MS},
                 {COMPARE, true, KR_SAS_PERSON_MS},
                 {COMPARE, false, KR_SAS_PERSON_MS}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pair p;
        pair_init(&p);
        advance(&p, cases[i].step);
        struct kr_sas *s = cases[i].initiator ? &p.a : &p.b;
        assert_int_equal(s->deadline_ms, cases[i].ms);
        kr_sas_tick(s, cases[i].ms - 1, &p.out);
        assert_int_equal(p.out.count, 0);
        assert_false(kr_sas_is_over(s));
        kr_sas_tick(s, cases[i].ms, &p.out);
        assert_cancelled(&p, s, KR_SAS_TIMEOUT);
        kr_sas_tick(s, cases[i].ms + 1, &p.out);
        assert_int_equal(p.out.count, 0);
        pair_done(&p);
    }
    struct pair p; /* what comes too late is not taken, though nobody looked at the clock */
    pair_init(&p);
    struct kr_sas_message m = advance(&p, A_KEY);
    assert_int_equal(kr_sas_receive(&p.b, &m, KR_SAS_MACHINE_MS, &p.out), KR_SAS_TIMEOUT);
    assert_cancelled(&p, &p.b, KR_SAS_TIMEOUT);
    pair_done(&p);
}

static void test_cancel(void **state)
{
    (void)state;
    struct pair p;
    pair_init(&p);
    kr_sas_cancel(&p.a, KR_SAS_GONE, &p.out); /* nothing begun */
    assert_int_equal(p.out.count, 0);
    struct kr_sas_message late = advance(&p, A_KEY);
    kr_sas_cancel(&p.b, KR_SAS_GONE, &p.out);
    assert_cancelled(&p, &p.b, KR_SAS_GONE);
    assert_int_equal(kr_sas_receive(&p.b, &late, 0, &p.out), KR_SAS_FINE);
    assert_int_equal(p.out.count, 0);
    kr_sas_cancel(&p.b, KR_SAS_BY_USER, &p.out);
    assert_int_equal(p.out.count, 0);
    assert_int_equal(p.b.reason, KR_SAS_GONE);
    kr_sas_confirm(&p.a, true, &p.out); /* before there is a code to confirm */
    assert_int_equal(p.out.count, 0);
    assert_false(p.a.confirmed);
    pair_done(&p);
}

static void test_crossing_starts(void **state)
{
    (void)state;
    const struct kr_id small = {{1}}, large = {{2}};
    assert_true(kr_sas_own_start_stands(&small, &large));
    assert_false(kr_sas_own_start_stands(&large, &small));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verified),          cmocka_unit_test(test_mismatch),
        cmocka_unit_test(test_other_views),       cmocka_unit_test(test_bad_macs),
        cmocka_unit_test(test_bad_keys),          cmocka_unit_test(test_out_of_turn),
        cmocka_unit_test(test_other_transaction), cmocka_unit_test(test_wrong_devices),
        cmocka_unit_test(test_timeouts),          cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_crossing_starts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
