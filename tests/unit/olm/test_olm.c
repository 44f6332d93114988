#include "pair.h"

static void test_account(void **state)
{
    struct pair *p = *state;
    assert_false(kr_key_equal(&p->alice_ed, &p->bob_ed));
    assert_false(kr_key_equal(&p->alice_curve, &p->bob_curve));
    assert_false(kr_key_equal(&p->alice_ed, &p->alice_curve));
    struct kr_sig sig;
    assert_int_equal(kr_olm_account_sign(p->alice, kr_span_str("text"), &sig), 0);
    assert_true(kr_verify(&p->alice_ed, kr_span_str("text"), &sig));
    assert_false(kr_verify(&p->bob_ed, kr_span_str("text"), &sig));
    assert_int_equal(kr_olm_account_sign(p->alice, kr_span(NULL, 0), &sig), 0);
    assert_true(kr_verify(&p->alice_ed, kr_span(NULL, 0), &sig));
}

/* All randomness is the given one. */
static void test_seeded(void **state)
{
    struct pair *p = *state, *q = NULL;
    void *other = NULL;
    pair_make(&other);
    q = other;
    assert_true(kr_key_equal(&p->alice_ed, &q->alice_ed));
    assert_true(kr_key_equal(&p->fallback, &q->fallback));
    assert_memory_equal(p->one_time, q->one_time, sizeof(p->one_time));
    struct kr_olm_session *a = pair_outbound(p, &p->fallback), *b = pair_outbound(q, &q->fallback);
    struct sealed m = seal_str(p, a, "same"), n = seal_str(q, b, "same");
    assert_int_equal(m.len, n.len);
    assert_memory_equal(m.bytes, n.bytes, m.len);
    kr_olm_session_free(a);
    kr_olm_session_free(b);
    pair_free(&other);
}

static void test_one_time_keys(void **state)
{
    struct pair *p = *state;
    struct kr_key keys[KR_OTK_MAX], more[KR_OTK_MAX];
    assert_int_equal(kr_olm_account_make_keys(p->alice, &p->random, KR_OTK_MAX, keys), 0);
    assert_int_equal(kr_olm_account_make_keys(p->alice, &p->random, KR_OTK_MAX, more), 0);
    assert_int_equal(kr_olm_account_make_keys(p->alice, &p->random, 0, NULL), 0);
    for (size_t i = 0; i < KR_OTK_MAX; i++) {
        for (size_t j = 0; j < KR_OTK_MAX; j++) {
            assert_false(kr_key_equal(&keys[i], &more[j])); /* published ones are not given again */
            assert_true(i == j || !kr_key_equal(&keys[i], &keys[j]));
        }
    }
    struct kr_key many[101] = {{{9}}};
    assert_int_equal(kr_olm_account_make_keys(p->alice, &p->random, 101, many), KR_E_CRYPTO);
    assert_int_equal(many[0].b[0], 9);
}

static void test_pickle(void **state)
{
    struct pair *p = *state;
    struct kr_secret key = KR_SECRET_NONE, pickle = KR_SECRET_NONE, again = KR_SECRET_NONE;
    struct kr_olm_account *back = NULL;
    struct kr_key ed, curve;
    kr_secret_set(&key, "pickle key", 10);
    assert_int_equal(kr_olm_account_pickle(p->bob, &key, &pickle), 0);
    kr_secret_copy(&again, &pickle);
    assert_int_equal(kr_olm_account_unpickle(&pickle, &key, &back), 0);
    assert_true(kr_secret_equal(&again, &pickle)); /* the input is not destroyed */
    kr_olm_account_keys(back, &ed, &curve);
    assert_true(kr_key_equal(&ed, &p->bob_ed) && kr_key_equal(&curve, &p->bob_curve));
    struct kr_sig sig;
    assert_int_equal(kr_olm_account_sign(back, kr_span_str("text"), &sig), 0);
    assert_true(kr_verify(&p->bob_ed, kr_span_str("text"), &sig));
    kr_olm_account_free(back);
    back = NULL;
    pickle.ptr[pickle.len / 2] ^= 1;
    assert_int_equal(kr_olm_account_unpickle(&pickle, &key, &back), KR_E_CRYPTO);
    for (size_t len = 0; len < again.len; len++) {
        kr_secret_set(&pickle, again.ptr, len);
        assert_int_equal(kr_olm_account_unpickle(&pickle, &key, &back), KR_E_CRYPTO);
    }
    kr_secret_set(&key, "pickle kez", 10);
    assert_int_equal(kr_olm_account_unpickle(&again, &key, &back), KR_E_CRYPTO);
    assert_null(back);
    kr_secret_done(&key);
    kr_secret_done(&pickle);
    kr_secret_done(&again);
}

static void test_there_and_back(void **state)
{
    struct pair *p = *state;
    struct kr_olm_session *a = pair_outbound(p, &p->one_time[0]);
    struct sealed m1 = seal_str(p, a, "one"), m2 = seal_str(p, a, "two"), empty = seal_str(p, a, "");
    assert_int_equal(m1.type, KR_OLM_PREKEY);
    assert_int_equal(m2.type, KR_OLM_PREKEY); /* until Alice hears from Bob */
    struct kr_olm_session *b = pair_inbound(p, &m1, "one");
    assert_true(kr_olm_session_matches(b, &p->alice_curve, sealed_span(&m2)));
    assert_false(kr_olm_session_matches(b, &p->bob_curve, sealed_span(&m2)));
    assert_opens(b, &m2, "two");
    assert_opens(b, &empty, "");
    struct sealed r = seal_str(p, b, "reply");
    assert_int_equal(r.type, KR_OLM_NORMAL);
    assert_false(kr_olm_session_matches(b, &p->alice_curve, sealed_span(&r)));
    assert_opens(a, &r, "reply");
    for (int i = 0; i < 20; i++) {
        struct sealed to = seal_str(p, a, "ping");
        assert_int_equal(to.type, KR_OLM_NORMAL);
        assert_opens(b, &to, "ping");
        struct sealed from = seal_str(p, b, "pong");
        assert_opens(a, &from, "pong");
    }
    kr_olm_session_free(a);
    kr_olm_session_free(b);
}

static void test_out_of_order(void **state)
{
    struct pair *p = *state;
    static const char *const texts[] = {"0", "1", "2", "3", "4", "5", "6", "7"};
    static const size_t order[] = {5, 1, 7, 0, 6, 2, 4, 3};
    struct sealed m[8];
    struct kr_olm_session *a = pair_outbound(p, &p->one_time[0]);
    struct sealed first = seal_str(p, a, "first");
    struct kr_olm_session *b = pair_inbound(p, &first, "first");
    struct sealed r = seal_str(p, b, "reply");
    assert_opens(a, &r, "reply");
    for (size_t i = 0; i < 8; i++)
        m[i] = seal_str(p, a, texts[i]);
    for (size_t i = 0; i < 8; i++) {
        assert_opens(b, &m[order[i]], texts[order[i]]);
        assert_closed(b, m[order[i]].type, sealed_span(&m[order[i]])); /* a second time */
    }
    assert_closed(b, first.type, sealed_span(&first));
    kr_olm_session_free(a);
    kr_olm_session_free(b);
}

/* What stands in an envelope: 47 bytes (docs/protocol.md 5.7). libolm pads to a block of 16, so one byte more
 * would cost 16. */
static void test_sealed_sizes(void **state)
{
    struct pair *p = *state;
    char text[KR_SEALED_LEN + 2];
    memset(text, 'x', sizeof(text));
    struct kr_olm_session *a = pair_outbound(p, &p->one_time[0]);
    struct sealed prekey = seal(p, a, text, KR_SEALED_LEN);
    struct kr_olm_session *b = NULL;
    struct kr_secret plain = KR_SECRET_NONE;
    assert_int_equal(kr_olm_session_inbound(p->bob, &p->alice_curve, sealed_span(&prekey), &b, &plain), 0);
    assert_int_equal(plain.len, KR_SEALED_LEN);
    struct sealed normal = seal(p, b, text, KR_SEALED_LEN);
    assert_int_equal(prekey.type, KR_OLM_PREKEY);
    assert_int_equal(normal.type, KR_OLM_NORMAL);
    assert_int_equal(normal.len, 95);
    assert_int_equal(prekey.len, 200);
    assert_in_range(prekey.len, 1, KR_CIPHERTEXT_MAX);
    assert_int_equal(seal(p, b, text, KR_SEALED_LEN + 1).len, normal.len + 16);
    kr_secret_done(&plain);
    kr_olm_session_free(a);
    kr_olm_session_free(b);
}

/* An output that has no room leaves the ratchet where it was. */
static void test_no_room(void **state)
{
    struct pair *p = *state;
    struct kr_olm_session *a = pair_outbound(p, &p->one_time[0]);
    struct sealed m = seal_str(p, a, "first");
    struct kr_olm_session *b = pair_inbound(p, &m, "first");
    struct kr_secret plain = KR_SECRET_NONE;
    enum kr_olm_type type = KR_OLM_NORMAL;
    struct kr_buf out;
    kr_secret_set(&plain, "second", 6);
    kr_buf_init(&out, m.len - 1);
    for (int i = 0; i < 3000; i++) { /* libolm skips at most 2000 messages */
        assert_int_equal(kr_olm_encrypt(a, &p->random, &plain, &type, &out), KR_E_TOO_LARGE);
        assert_int_equal(out.len, 0);
    }
    kr_buf_done(&out);
    kr_buf_init(&out, m.len);
    assert_int_equal(kr_olm_encrypt(a, &p->random, &plain, &type, &out), 0);
    assert_int_equal(type, KR_OLM_PREKEY);
    struct kr_secret opened = KR_SECRET_NONE;
    assert_int_equal(kr_olm_decrypt(b, type, kr_buf_span(&out), &opened), 0);
    assert_true(kr_secret_equal(&plain, &opened));
    kr_secret_done(&opened);
    kr_secret_done(&plain);
    kr_buf_done(&out);
    kr_olm_session_free(a);
    kr_olm_session_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_account, pair_make, pair_free),
        cmocka_unit_test_setup_teardown(test_seeded, pair_make, pair_free),
        cmocka_unit_test_setup_teardown(test_one_time_keys, pair_make, pair_free),
        cmocka_unit_test_setup_teardown(test_pickle, pair_make, pair_free),
        cmocka_unit_test_setup_teardown(test_there_and_back, pair_make, pair_free),
        cmocka_unit_test_setup_teardown(test_out_of_order, pair_make, pair_free),
        cmocka_unit_test_setup_teardown(test_sealed_sizes, pair_make, pair_free),
        cmocka_unit_test_setup_teardown(test_no_room, pair_make, pair_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
