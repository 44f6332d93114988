#include "pair.h"

static void test_wrong_identity(void **state)
{
    struct pair *p = *state;
    struct kr_olm_session *a = pair_outbound(p, &p->one_time[0]);
    struct sealed m = seal_str(p, a, "text");
    struct kr_key zero = {{0}};
    assert_no_inbound(p, &p->bob_curve, sealed_span(&m));
    assert_no_inbound(p, &zero, sealed_span(&m));
    kr_olm_session_free(pair_inbound(p, &m, "text")); /* the refusals used nothing up */
    kr_olm_session_free(a);
}

static void test_one_time_key_once(void **state)
{
    struct pair *p = *state;
    struct kr_olm_session *a = pair_outbound(p, &p->one_time[1]);
    struct sealed m = seal_str(p, a, "text"), second = seal_str(p, a, "second");
    struct kr_olm_session *b = pair_inbound(p, &m, "text");
    assert_no_inbound(p, &p->alice_curve, sealed_span(&m));
    assert_no_inbound(p, &p->alice_curve, sealed_span(&second));
    assert_opens(b, &second, "second");
    kr_olm_session_free(a);
    kr_olm_session_free(b);
}

/* A key that was never Bob's. */
static void test_unknown_one_time_key(void **state)
{
    struct pair *p = *state;
    struct kr_olm_session *a = pair_outbound(p, &p->alice_curve);
    struct sealed m = seal_str(p, a, "text");
    assert_no_inbound(p, &p->alice_curve, sealed_span(&m));
    kr_olm_session_free(a);
}

/* To a fallback key a replay opens again: why a session is added and never replaced, and why the plaintext
 * carries a context of its own. The session that was there is not moved by it. */
static void test_replay_to_fallback(void **state)
{
    struct pair *p = *state;
    struct kr_olm_session *a = pair_outbound(p, &p->fallback);
    struct sealed m = seal_str(p, a, "text"), second = seal_str(p, a, "second");
    struct kr_olm_session *b = pair_inbound(p, &m, "text");
    assert_true(kr_olm_session_matches(b, &p->alice_curve, sealed_span(&m)));
    assert_closed(b, m.type, sealed_span(&m));
    struct kr_olm_session *replayed = pair_inbound(p, &m, "text");
    assert_opens(b, &second, "second");
    struct sealed r = seal_str(p, b, "reply");
    assert_opens(a, &r, "reply");
    kr_olm_session_free(a);
    kr_olm_session_free(b);
    kr_olm_session_free(replayed);
}

/* libolm keeps one fallback key before the present one: what was under way to it still opens. */
static void test_fallback_replaced(void **state)
{
    struct pair *p = *state;
    struct kr_key newer, newest;
    struct kr_olm_session *a = pair_outbound(p, &p->fallback);
    struct sealed m = seal_str(p, a, "text");
    assert_int_equal(kr_olm_account_make_fallback(p->bob, &p->random, &newer), 0);
    assert_false(kr_key_equal(&newer, &p->fallback));
    kr_olm_session_free(pair_inbound(p, &m, "text"));
    assert_int_equal(kr_olm_account_make_fallback(p->bob, &p->random, &newest), 0);
    assert_no_inbound(p, &p->alice_curve, sealed_span(&m));
    kr_olm_session_free(a);
}

/* Every bit and every length of a pre-key message. */
static void test_prekey_broken(void **state)
{
    struct pair *p = *state;
    struct kr_olm_session *a = pair_outbound(p, &p->fallback);
    struct sealed m = seal_str(p, a, "text"), copy = m;
    for (size_t bit = 0; bit < m.len * 8; bit++) {
        copy.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_no_inbound(p, &p->alice_curve, sealed_span(&copy));
        copy.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t len = 0; len < m.len; len++) {
        uint8_t *exact = malloc(len ? len : 1);
        assert_non_null(exact);
        memcpy(exact, m.bytes, len);
        assert_no_inbound(p, &p->alice_curve, kr_span(exact, len));
        free(exact);
    }
    kr_olm_session_free(pair_inbound(p, &m, "text"));
    kr_olm_session_free(a);
}

/* A broken message to a session, in each of its states: refused, and the session goes on as if it had not
 * come. */
static void break_all(struct kr_olm_session *s, const struct sealed *m)
{
    struct sealed copy = *m;
    for (size_t bit = 0; bit < m->len * 8; bit++) {
        copy.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_closed(s, m->type, sealed_span(&copy));
        copy.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t len = 0; len < m->len; len++)
        assert_closed(s, m->type, kr_span(m->bytes, len));
    assert_closed(s, (enum kr_olm_type)2, sealed_span(m));
    assert_closed(s, m->type == KR_OLM_NORMAL ? KR_OLM_PREKEY : KR_OLM_NORMAL, sealed_span(m));
}

static void test_session_unmoved_by_failure(void **state)
{
    struct pair *p = *state;
    struct kr_olm_session *a = pair_outbound(p, &p->one_time[0]);
    struct sealed first = seal_str(p, a, "first"), skipped = seal_str(p, a, "skipped");
    struct kr_olm_session *b = pair_inbound(p, &first, "first");
    struct sealed r1 = seal_str(p, b, "r1");
    break_all(a, &r1); /* a new chain */
    assert_opens(a, &r1, "r1");
    struct sealed r2 = seal_str(p, b, "r2"), r3 = seal_str(p, b, "r3");
    break_all(a, &r3); /* ahead on a known chain */
    assert_opens(a, &r3, "r3");
    break_all(a, &r2); /* a skipped key */
    assert_opens(a, &r2, "r2");
    struct sealed m = seal_str(p, a, "m");
    break_all(b, &m);
    assert_opens(b, &m, "m");
    assert_opens(b, &skipped, "skipped");
    struct sealed r4 = seal_str(p, b, "r4");
    assert_opens(a, &r4, "r4");
    kr_olm_session_free(a);
    kr_olm_session_free(b);
}

/* Forms that libolm's decoder takes, or falls over: each field left out, doubled, moved, and one that is
 * unknown. */
static void test_prekey_other_forms(void **state)
{
    struct pair *p = *state;
    struct kr_olm_session *a = pair_outbound(p, &p->fallback);
    struct sealed m = seal_str(p, a, "text");
    const size_t field[] = {1, 35, 69, 103, m.len}; /* where each starts; a key takes 2 + 32 */
    for (size_t f = 0; f < 4; f++) {
        size_t start = field[f], len = field[f + 1] - start;
        struct sealed other = m;
        memmove(other.bytes + start, other.bytes + start + len, m.len - start - len); /* left out */
        other.len -= len;
        assert_no_inbound(p, &p->alice_curve, sealed_span(&other));
        other = m;
        memcpy(other.bytes + m.len, m.bytes + start, len); /* doubled at the end */
        other.len += len;
        assert_no_inbound(p, &p->alice_curve, sealed_span(&other));
        memmove(other.bytes + start, other.bytes + start + len,
                other.len - start - len); /* moved to the end */
        other.len -= len;
        if (f < 3)
            assert_no_inbound(p, &p->alice_curve, sealed_span(&other));
    }
    struct sealed unknown = m;
    memcpy(unknown.bytes + m.len, "\x32\x01x", 3);
    unknown.len += 3;
    assert_no_inbound(p, &p->alice_curve, sealed_span(&unknown));
    struct sealed longer = m; /* the length of the last field in one byte more than it needs */
    memmove(longer.bytes + 106, longer.bytes + 105, m.len - 105);
    longer.bytes[104] |= 0x80;
    longer.bytes[105] = 0;
    longer.len += 1;
    assert_no_inbound(p, &p->alice_curve, sealed_span(&longer));
    kr_olm_session_free(pair_inbound(p, &m, "text"));
    kr_olm_session_free(a);
}

static void test_foreign_session(void **state)
{
    struct pair *p = *state;
    struct kr_olm_session *a1 = pair_outbound(p, &p->one_time[0]), *a2 = pair_outbound(p, &p->one_time[1]);
    struct sealed m1 = seal_str(p, a1, "one"), m2 = seal_str(p, a2, "two");
    struct kr_olm_session *b1 = pair_inbound(p, &m1, "one"), *b2 = pair_inbound(p, &m2, "two");
    struct sealed r1 = seal_str(p, b1, "r1");
    assert_closed(a2, r1.type, sealed_span(&r1));
    assert_false(kr_olm_session_matches(b1, &p->alice_curve, sealed_span(&m2)));
    assert_opens(a1, &r1, "r1");
    kr_olm_session_free(a1);
    kr_olm_session_free(a2);
    kr_olm_session_free(b1);
    kr_olm_session_free(b2);
}

/* Bytes that are no message, of both types, up to the limit. */
static void test_noise(void **state)
{
    struct pair *p = *state;
    struct kr_olm_session *a = pair_outbound(p, &p->one_time[0]);
    struct sealed m = seal_str(p, a, "text");
    struct kr_olm_session *b = pair_inbound(p, &m, "text");
    for (int round = 0; round < 3000; round++) {
        uint8_t bytes[KR_CIPHERTEXT_MAX];
        seeded_fill(&p->seed, bytes, sizeof(bytes));
        size_t len = (size_t)(p->seed >> 40) % (sizeof(bytes) + 1);
        if (round % 2 && len >= 3) { /* version and first field as libolm writes them */
            memcpy(bytes, m.bytes, len < 40 ? len : 40);
            bytes[1 + bytes[len - 1] % 39 % len] = bytes[len - 1];
        }
        assert_closed(b, round % 3 ? KR_OLM_NORMAL : KR_OLM_PREKEY, kr_span(bytes, len));
        assert_no_inbound(p, &p->alice_curve, kr_span(bytes, len));
        assert_false(kr_olm_session_matches(b, &p->alice_curve, kr_span(bytes, len)));
    }
    struct sealed r = seal_str(p, b, "reply");
    assert_opens(a, &r, "reply");
    kr_olm_session_free(a);
    kr_olm_session_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_wrong_identity, pair_make, pair_free),
        cmocka_unit_test_setup_teardown(test_one_time_key_once, pair_make, pair_free),
        cmocka_unit_test_setup_teardown(test_unknown_one_time_key, pair_make, pair_free),
        cmocka_unit_test_setup_teardown(test_replay_to_fallback, pair_make, pair_free),
        cmocka_unit_test_setup_teardown(test_fallback_replaced, pair_make, pair_free),
        cmocka_unit_test_setup_teardown(test_prekey_broken, pair_make, pair_free),
        cmocka_unit_test_setup_teardown(test_prekey_other_forms, pair_make, pair_free),
        cmocka_unit_test_setup_teardown(test_session_unmoved_by_failure, pair_make, pair_free),
        cmocka_unit_test_setup_teardown(test_foreign_session, pair_make, pair_free),
        cmocka_unit_test_setup_teardown(test_noise, pair_make, pair_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
