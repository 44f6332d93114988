/* One body on both ciphers; and scripts whose every outcome the null cipher must share with libolm. */
#include "pair.h"
#include "sim_cipher/cipher.h"

static int real_make(void **state)
{
    kr_sim_cipher(false);
    return pair_make(state);
}

static int null_make(void **state)
{
    kr_sim_cipher(true);
    return pair_make(state);
}

static void test_sign(void **state)
{
    struct pair *p = *state;
    struct kr_sig sig;
    struct kr_key key = p->alice_ed;
    char text[] = "a text that is signed, somewhat longer than a block of any hash that is used for it";
    assert_int_equal(kr_olm_account_sign(p->alice, kr_span_str(text), &sig), 0);
    assert_true(kr_verify(&key, kr_span_str(text), &sig));
    assert_false(kr_verify(&p->bob_ed, kr_span_str(text), &sig));
    assert_false(kr_verify(&p->alice_curve, kr_span_str(text), &sig));
    for (size_t bit = 0; bit < sizeof(sig.b) * 8; bit++) {
        sig.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(kr_verify(&key, kr_span_str(text), &sig));
        sig.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t bit = 0; bit < sizeof(key.b) * 8; bit++) {
        key.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(kr_verify(&key, kr_span_str(text), &sig));
        key.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t len = 0; len < strlen(text); len++)
        assert_false(kr_verify(&key, kr_span(text, len), &sig));
    for (size_t i = 0; i < strlen(text); i++) {
        text[i] ^= 1;
        assert_false(kr_verify(&key, kr_span_str(text), &sig));
        text[i] ^= 1;
    }
    assert_true(kr_verify(&key, kr_span_str(text), &sig));
}

static void test_distinct(void **state)
{
    enum { EACH = 20, ALL = 2 * (EACH + 3) };
    struct pair *p = *state;
    struct kr_key all[ALL] = {p->alice_ed, p->alice_curve, p->bob_ed, p->bob_curve, p->fallback};
    assert_int_equal(kr_olm_account_make_fallback(p->alice, &p->random, &all[5]), 0);
    assert_int_equal(kr_olm_account_make_keys(p->alice, &p->random, EACH, all + 6), 0);
    assert_int_equal(kr_olm_account_make_keys(p->bob, &p->random, EACH, all + 6 + EACH), 0);
    for (size_t i = 0; i < ALL; i++) {
        for (size_t j = i + 1; j < ALL; j++)
            assert_false(kr_key_equal(&all[i], &all[j]));
    }
}

/* 100 are kept: those three are pushed out one by one. */
static void test_oldest_dropped(void **state)
{
    struct pair *p = *state;
    struct kr_key more[100];
    struct sealed m[3];
    for (size_t i = 0; i < 3; i++) {
        struct kr_olm_session *a = pair_outbound(p, &p->one_time[i]);
        m[i] = seal_str(p, a, "text");
        kr_olm_session_free(a);
    }
    assert_int_equal(kr_olm_account_make_keys(p->bob, &p->random, 97, more), 0);
    struct kr_olm_session *a = pair_outbound(p, &more[0]);
    struct sealed n = seal_str(p, a, "text");
    kr_olm_session_free(a);
    assert_int_equal(kr_olm_account_make_keys(p->bob, &p->random, 3, more), 0);
    for (size_t i = 0; i < 3; i++)
        assert_no_inbound(p, &p->alice_curve, sealed_span(&m[i]));
    kr_olm_session_free(pair_inbound(p, &n, "text"));
}

/* To Bob's key, but for another identity than Bob's. */
static void test_other_recipient(void **state)
{
    struct pair *p = *state;
    struct kr_olm_session *a = NULL;
    assert_int_equal(kr_olm_session_outbound(p->alice, &p->random, &p->alice_curve, &p->one_time[0], &a), 0);
    struct sealed m = seal_str(p, a, "text");
    assert_no_inbound(p, &p->alice_curve, sealed_span(&m));
    kr_olm_session_free(a);
}

static bool contains(const struct sealed *m, const char *part, size_t len)
{
    for (size_t i = 0; i + len <= m->len; i++) {
        if (memcmp(m->bytes + i, part, len) == 0)
            return true;
    }
    return false;
}

static void test_hidden(void **state)
{
    struct pair *p = *state;
    char text[300];
    struct kr_olm_session *a = pair_outbound(p, &p->one_time[0]);
    seeded_fill(&p->seed, text, sizeof(text));
    for (size_t len = 8; len <= sizeof(text); len++) {
        struct sealed m = seal(p, a, text, len);
        for (size_t i = 0; i + 8 <= len; i++)
            assert_false(contains(&m, text + i, 8));
    }
    memset(text, 0, sizeof(text));
    struct sealed one = seal(p, a, text, sizeof(text)), two = seal(p, a, text, sizeof(text));
    assert_memory_not_equal(one.bytes + 150, two.bytes + 150,
                            32); /* each message has a keystream of its own */
    assert_memory_not_equal(one.bytes + 150, one.bytes + 150 + 48, 32); /* which does not repeat */
    kr_olm_session_free(a);
}

/* The two are two. */
static void test_choice(void **state)
{
    struct kr_sig sig;
    void *other = NULL;
    (void)state;
    null_make(&other);
    struct pair *p = other;
    assert_int_equal(kr_olm_account_sign(p->alice, kr_span_str("text"), &sig), 0);
    assert_true(kr_verify(&p->alice_ed, kr_span_str("text"), &sig));
    kr_sim_cipher(false);
    assert_false(kr_verify(&p->alice_ed, kr_span_str("text"), &sig));
    kr_sim_cipher(true);
    pair_free(&other);
}

/* --- scripts: run on each cipher, with the same choices, and compared outcome by outcome ------------------
 */

enum { STEPS_MAX = 16384 };

struct outcome {
    int what; /* an error, or a message type */
    size_t len;
    uint64_t seed; /* as much randomness was drawn */
};

struct script {
    struct pair *p;
    uint64_t choices; /* apart from the pair's: what is chosen must not hang on what is drawn */
    struct outcome outcomes[STEPS_MAX];
    size_t len;
};

static void note(struct script *s, int what, size_t len)
{
    assert_in_range(s->len, 0, STEPS_MAX - 1);
    s->outcomes[s->len++] = (struct outcome){what, len, s->p->seed};
}

static size_t choose(struct script *s, size_t below)
{
    uint8_t b[4];
    seeded_fill(&s->choices, b, sizeof(b));
    return ((size_t)b[0] << 16 | (size_t)b[1] << 8 | b[2]) % below;
}

static struct sealed script_seal(struct script *s, struct kr_olm_session *from, size_t len)
{
    char text[64] = {0};
    struct sealed m = seal(s->p, from, text, len);
    note(s, (int)m.type, m.len);
    return m;
}

static void script_open(struct script *s, struct kr_olm_session *to, const struct sealed *m)
{
    struct kr_secret plain = KR_SECRET_NONE;
    int err = kr_olm_decrypt(to, m->type, sealed_span(m), &plain);
    note(s, err, plain.len);
    kr_secret_done(&plain);
}

/* Two sides write and read in any order; messages are lost, doubled, late by many chains, and damaged. */
static void script_walk(struct script *s)
{
    enum { SIDES = 2, KEPT = 24, STEPS = 6000 };
    struct kr_olm_session *side[SIDES] = {pair_outbound(s->p, &s->p->fallback), NULL};
    struct sealed(*kept)[KEPT] = calloc(SIDES, sizeof(*kept));
    size_t len[SIDES] = {0, 0};
    assert_non_null(kept);
    struct sealed first = script_seal(s, side[0], 47);
    struct kr_secret plain = KR_SECRET_NONE;
    assert_int_equal(
        kr_olm_session_inbound(s->p->bob, &s->p->alice_curve, sealed_span(&first), &side[1], &plain), 0);
    kr_secret_done(&plain);
    for (size_t step = 0; step < STEPS; step++) {
        size_t by = choose(s, SIDES), op = choose(s, 10), at = choose(s, KEPT);
        if (op < 3 || len[by] == 0) { /* write; a full store loses one */
            size_t slot = len[by] < KEPT ? len[by]++ : at;
            kept[by][slot] = script_seal(s, side[by], choose(s, 64));
            continue;
        }
        struct sealed m = kept[by][at % len[by]];
        if (op == 3)
            m.bytes[choose(s, m.len)] ^= (uint8_t)(1u << choose(s, 8));
        else if (op == 4)
            m.len = choose(s, m.len);
        else if (op == 5)
            m.type = m.type == KR_OLM_NORMAL ? KR_OLM_PREKEY : KR_OLM_NORMAL;
        script_open(s, side[op == 6 ? by : 1 - by], &m); /* 6: back to its writer */
        note(s, kr_olm_session_matches(side[1], &s->p->alice_curve, sealed_span(&m)), 0);
    }
    kr_olm_session_free(side[0]);
    kr_olm_session_free(side[1]);
    free(kept);
}

/* How far a message may run ahead, and how many it may overtake. */
static void script_limits(struct script *s)
{
    enum { ALL = 2500 };
    struct pair *p = s->p;
    struct kr_olm_session *a = pair_outbound(p, &p->one_time[0]);
    struct sealed *m = calloc(ALL, sizeof(*m));
    assert_non_null(m);
    for (size_t i = 0; i < ALL; i++)
        m[i] = script_seal(s, a, 47);
    struct kr_olm_session *b = NULL;
    struct kr_secret plain = KR_SECRET_NONE;
    note(s, kr_olm_session_inbound(p->bob, &p->alice_curve, sealed_span(&m[2001]), &b, &plain), 0);
    assert_null(b);
    assert_int_equal(kr_olm_session_inbound(p->bob, &p->alice_curve, sealed_span(&m[100]), &b, &plain), 0);
    for (size_t i = 0; i < 102; i++)
        script_open(s, b, &m[i]);
    for (size_t i = 2110; i > 2095; i--)
        script_open(s, b, &m[i]);
    for (size_t i = 2050; i < ALL; i += 7)
        script_open(s, b, &m[i]);
    kr_secret_done(&plain);
    free(m);
    kr_olm_session_free(a);
    kr_olm_session_free(b);
}

static struct script *run(void (*script)(struct script *), bool null, uint64_t seed)
{
    void *pair = NULL;
    struct script *s = calloc(1, sizeof(*s));
    assert_non_null(s);
    if (null)
        null_make(&pair);
    else
        real_make(&pair);
    s->p = pair;
    s->choices = seed;
    script(s);
    pair_free(&pair);
    return s;
}

static void compare(void (*script)(struct script *), uint64_t seed)
{
    struct script *real = run(script, false, seed), *null = run(script, true, seed);
    size_t opened = 0, refused = 0;
    assert_int_equal(real->len, null->len);
    for (size_t i = 0; i < real->len; i++) {
        const struct outcome *r = &real->outcomes[i], *n = &null->outcomes[i];
        if (r->what != n->what || r->len != n->len || r->seed != n->seed)
            fail_msg("outcome %zu: %d, %zu bytes with libolm, %d, %zu bytes without", i, r->what, r->len,
                     n->what, n->len);
        opened += r->what == 0;
        refused += r->what == KR_E_CANNOT_OPEN;
    }
    assert_in_range(opened, 100, STEPS_MAX); /* it was about something */
    assert_in_range(refused, 10, STEPS_MAX);
    free(real);
    free(null);
}

static void test_walk(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++)
        compare(script_walk, seed);
}

static void test_limits(void **state)
{
    (void)state;
    compare(script_limits, 1);
}

#define BOTH(test)                                                                                           \
    cmocka_unit_test_setup_teardown(test, real_make, pair_free),                                             \
        cmocka_unit_test_setup_teardown(test, null_make, pair_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_sign),
        BOTH(test_distinct),
        BOTH(test_oldest_dropped),
        BOTH(test_other_recipient),
        BOTH(test_hidden),
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
