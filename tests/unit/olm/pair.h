/* Two accounts, seeded, and what the tests of olm.h do with them again and again. */
#ifndef KR_TEST_OLM_PAIR_H
#define KR_TEST_OLM_PAIR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/limit.h"
#include "base/sign.h"
#include "olm/olm.h"

struct sealed {
    enum kr_olm_type type;
    uint8_t bytes[KR_CIPHERTEXT_MAX];
    size_t len;
};

struct pair {
    uint64_t seed;
    struct kr_random random;
    struct kr_olm_account *alice, *bob;
    struct kr_key alice_ed, alice_curve, bob_ed, bob_curve;
    struct kr_key one_time[3], fallback; /* Bob's */
};

static inline void seeded_fill(void *state, void *out, size_t len)
{
    uint64_t *x = state;
    uint8_t *p = out;
    for (size_t i = 0; i < len; i++) {
        *x = *x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        p[i] = (uint8_t)(*x >> 56);
    }
}

static inline int pair_make(void **state)
{
    struct pair *p = calloc(1, sizeof(*p));
    assert_non_null(p);
    p->seed = 42;
    p->random = (struct kr_random){seeded_fill, &p->seed};
    assert_int_equal(kr_olm_account_new(&p->random, &p->alice), 0);
    assert_int_equal(kr_olm_account_new(&p->random, &p->bob), 0);
    kr_olm_account_keys(p->alice, &p->alice_ed, &p->alice_curve);
    kr_olm_account_keys(p->bob, &p->bob_ed, &p->bob_curve);
    assert_int_equal(kr_olm_account_make_keys(p->bob, &p->random, 3, p->one_time), 0);
    assert_int_equal(kr_olm_account_make_fallback(p->bob, &p->random, &p->fallback), 0);
    *state = p;
    return 0;
}

static inline int pair_free(void **state)
{
    struct pair *p = *state;
    kr_olm_account_free(p->alice);
    kr_olm_account_free(p->bob);
    free(p);
    return 0;
}

/* A session of Alice towards Bob's key. */
static inline struct kr_olm_session *pair_outbound(struct pair *p, const struct kr_key *key)
{
    struct kr_olm_session *s = NULL;
    assert_int_equal(kr_olm_session_outbound(p->alice, &p->random, &p->bob_curve, key, &s), 0);
    return s;
}

static inline struct sealed seal(struct pair *p, struct kr_olm_session *s, const char *text, size_t len)
{
    struct sealed m = {0};
    struct kr_secret plain = KR_SECRET_NONE;
    struct kr_buf out;
    kr_buf_init(&out, sizeof(m.bytes));
    kr_secret_set(&plain, text, len);
    assert_int_equal(kr_olm_encrypt(s, &p->random, &plain, &m.type, &out), 0);
    m.len = out.len;
    memcpy(m.bytes, out.ptr, out.len);
    kr_secret_done(&plain);
    kr_buf_done(&out);
    return m;
}

static inline struct sealed seal_str(struct pair *p, struct kr_olm_session *s, const char *text)
{
    return seal(p, s, text, strlen(text));
}

static inline struct kr_span sealed_span(const struct sealed *m)
{
    return kr_span(m->bytes, m->len);
}

static inline void assert_opens(struct kr_olm_session *s, const struct sealed *m, const char *text)
{
    struct kr_secret plain = KR_SECRET_NONE;
    assert_int_equal(kr_olm_decrypt(s, m->type, sealed_span(m), &plain), 0);
    assert_int_equal(plain.len, strlen(text));
    assert_memory_equal(plain.ptr, text, plain.len);
    kr_secret_done(&plain);
}

static inline void assert_closed(struct kr_olm_session *s, enum kr_olm_type type, struct kr_span message)
{
    struct kr_secret plain = KR_SECRET_NONE;
    assert_int_equal(kr_olm_decrypt(s, type, message, &plain), KR_E_CANNOT_OPEN);
    assert_false(kr_secret_is_set(&plain));
}

/* Bob takes a pre-key message of Alice. */
static inline struct kr_olm_session *pair_inbound(struct pair *p, const struct sealed *m, const char *text)
{
    struct kr_olm_session *s = NULL;
    struct kr_secret plain = KR_SECRET_NONE;
    assert_int_equal(kr_olm_session_inbound(p->bob, &p->alice_curve, sealed_span(m), &s, &plain), 0);
    assert_int_equal(plain.len, strlen(text));
    assert_memory_equal(plain.ptr, text, plain.len);
    kr_secret_done(&plain);
    return s;
}

static inline void assert_no_inbound(struct pair *p, const struct kr_key *identity, struct kr_span message)
{
    struct kr_olm_session *s = NULL;
    struct kr_secret plain = KR_SECRET_NONE;
    assert_int_equal(kr_olm_session_inbound(p->bob, identity, message, &s, &plain), KR_E_CANNOT_OPEN);
    assert_null(s);
    assert_false(kr_secret_is_set(&plain));
}

#endif
