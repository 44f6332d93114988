#include "load/stock_cipher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/base64.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/limit.h"
#include "olm/olm.h"

/* Characters of an Olm message that carries {"key":"...","keyIndex":1}, as measured in Jitsi. */
enum { PREKEY_CHARS = 310, NORMAL_CHARS = 170, PLAIN_MAX = 128 };

struct kr_stock_device {
    struct kr_random random;
    struct kr_olm_account *account; /* NULL: sized */
    struct kr_key curve25519;
    char id_key[KR_KEY_TEXT];
    uint8_t seed[16]; /* of its keys: the generator knows what everybody should receive */
};

struct kr_stock_session {
    struct kr_olm_session *olm; /* NULL: sized */
    const struct kr_random *random;
    bool heard; /* something was decrypted: no pre-key messages any more */
};

struct kr_stock_device *kr_stock_device_new(const struct kr_random *random, bool real)
{
    struct kr_stock_device *d = kr_calloc(1, sizeof(*d));
    d->random = *random;
    kr_random_fill(random, &d->curve25519, sizeof(d->curve25519));
    kr_random_fill(random, d->seed, sizeof(d->seed));
    if (real) {
        struct kr_key ed25519;
        if (kr_olm_account_new(random, &d->account) != 0) {
            free(d);
            return NULL;
        }
        kr_olm_account_keys(d->account, &ed25519, &d->curve25519);
    }
    kr_key_write(d->id_key, &d->curve25519);
    return d;
}

void kr_stock_device_free(struct kr_stock_device *d)
{
    if (!d)
        return;
    kr_olm_account_free(d->account);
    free(d);
}

const char *kr_stock_id_key(const struct kr_stock_device *d)
{
    return d->id_key;
}

void kr_stock_one_time(struct kr_stock_device *d, char out[static KR_KEY_TEXT])
{
    struct kr_key key = d->curve25519;
    if (d->account)
        (void)kr_olm_account_make_keys(d->account, &d->random, 1, &key);
    kr_key_write(out, &key);
}

/* --- what is said --- */

/* {"key":"<base64 of 32 bytes, padded>","keyIndex":n}, or {} before there is one. */
static void say(const struct kr_stock_device *d, unsigned key, char out[static PLAIN_MAX])
{
    struct kr_buf b;
    char text[KR_KEY_TEXT];
    if (!key) {
        memcpy(out, "{}", 3);
        return;
    }
    kr_buf_init(&b, 64);
    kr_buf_add(&b, d->seed, sizeof(d->seed));
    kr_buf_add_u32(&b, key);
    struct kr_digest made = kr_sha256(kr_buf_span(&b));
    kr_digest_write(text, &made);
    (void)snprintf(out, PLAIN_MAX, "{\"key\":\"%s=\",\"keyIndex\":%u}", text, key - 1);
    kr_buf_done(&b);
}

static int check(const struct kr_secret *plain, const struct kr_stock_device *peer, unsigned peer_key,
                 unsigned *ret_key)
{
    char want[PLAIN_MAX];
    say(peer, 0, want);
    if (plain->len == strlen(want) && memcmp(plain->ptr, want, plain->len) == 0) {
        *ret_key = 0;
        return 0;
    }
    say(peer, peer_key, want);
    if (plain->len != strlen(want) || memcmp(plain->ptr, want, plain->len) != 0)
        return KR_E_CANNOT_OPEN;
    *ret_key = peer_key;
    return 0;
}

/* A sized ciphertext begins with the key's number in eight digits. */
static int sized_key(const char *body, unsigned peer_key, unsigned *ret_key)
{
    unsigned key = 0;
    for (size_t i = 0; i < 8; i++)
        key = key * 10 + (unsigned)(body[i] - '0') % 10;
    *ret_key = key;
    return key > peer_key ? KR_E_CANNOT_OPEN : 0;
}

/* --- sessions --- */

static struct kr_stock_session *session(const struct kr_random *random)
{
    struct kr_stock_session *s = kr_calloc(1, sizeof(*s));
    s->random = random;
    return s;
}

struct kr_stock_session *kr_stock_session_steady(void)
{
    struct kr_stock_session *s = session(NULL);
    s->heard = true;
    return s;
}

void kr_stock_session_free(struct kr_stock_session *s)
{
    if (!s)
        return;
    kr_olm_session_free(s->olm);
    free(s);
}

static int read_key(const char *text, struct kr_key *ret_key)
{
    char copy[KR_KEY_TEXT];
    memcpy(copy, text, KR_KEY_TEXT - 1);
    copy[KR_KEY_TEXT - 1] = '\0';
    return kr_key_read(copy, ret_key);
}

struct kr_stock_session *kr_stock_outbound(struct kr_stock_device *d, const char *id_key,
                                           const char *one_time)
{
    struct kr_key peer, key;
    struct kr_stock_session *s = session(&d->random);
    if (read_key(id_key, &peer) != 0 || read_key(one_time, &key) != 0 ||
        (d->account && kr_olm_session_outbound(d->account, &d->random, &peer, &key, &s->olm) != 0)) {
        kr_stock_session_free(s);
        return NULL;
    }
    return s;
}

struct kr_stock_session *kr_stock_inbound(struct kr_stock_device *d, const struct kr_stock_device *peer,
                                          unsigned peer_key, const char *body, size_t len, unsigned *ret_key)
{
    struct kr_stock_session *s = session(&d->random);
    struct kr_secret plain = KR_SECRET_NONE;
    struct kr_buf raw;
    s->heard = true;
    kr_buf_init(&raw, KR_CIPHERTEXT_MAX);
    int err = d->account ? kr_b64_decode(&raw, body, len) : 0;
    if (!err && d->account)
        err = kr_olm_session_inbound(d->account, &peer->curve25519, kr_buf_span(&raw), &s->olm, &plain);
    if (!err && d->account)
        err = check(&plain, peer, peer_key, ret_key);
    else if (!err)
        err = len == PREKEY_CHARS ? sized_key(body, peer_key, ret_key) : KR_E_CANNOT_OPEN;
    kr_secret_done(&plain);
    kr_buf_done(&raw);
    if (err) {
        kr_stock_session_free(s);
        return NULL;
    }
    return s;
}

int kr_stock_seal(struct kr_stock_session *s, const struct kr_stock_device *d, unsigned key,
                  unsigned *ret_type, struct kr_buf *out)
{
    if (!s->olm) {
        *ret_type = s->heard;
        size_t chars = s->heard ? NORMAL_CHARS : PREKEY_CHARS;
        size_t end = out->len + chars;
        kr_buf_printf(out, "%08u", key);
        while (!out->err && out->len < end)
            kr_buf_add_u8(out, 'A');
        return out->err;
    }
    struct kr_secret plain = KR_SECRET_NONE;
    struct kr_buf raw;
    char text[PLAIN_MAX];
    enum kr_olm_type type;
    say(d, key, text);
    kr_secret_set(&plain, text, strlen(text));
    kr_buf_init(&raw, KR_CIPHERTEXT_MAX);
    int err = kr_olm_encrypt(s->olm, s->random, &plain, &type, &raw);
    if (!err) {
        *ret_type = type == KR_OLM_NORMAL;
        kr_b64_add(out, kr_buf_span(&raw));
    }
    kr_secret_done(&plain);
    kr_buf_done(&raw);
    return err ? err : out->err;
}

int kr_stock_open(struct kr_stock_session *s, const struct kr_stock_device *peer, unsigned peer_key,
                  unsigned type, const char *body, size_t len, unsigned *ret_key)
{
    if (!s->olm) {
        if (len != (type ? (size_t)NORMAL_CHARS : (size_t)PREKEY_CHARS))
            return KR_E_CANNOT_OPEN;
        s->heard = true;
        return sized_key(body, peer_key, ret_key);
    }
    struct kr_secret plain = KR_SECRET_NONE;
    struct kr_buf raw;
    kr_buf_init(&raw, KR_CIPHERTEXT_MAX);
    int err = kr_b64_decode(&raw, body, len);
    if (!err)
        err = kr_olm_decrypt(s->olm, type ? KR_OLM_NORMAL : KR_OLM_PREKEY, kr_buf_span(&raw), &plain);
    if (!err)
        err = check(&plain, peer, peer_key, ret_key);
    kr_secret_done(&plain);
    kr_buf_done(&raw);
    return err;
}
