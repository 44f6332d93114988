#include <sodium.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/cursor.h"
#include "base/err.h"
#include "base/limit.h"
#include "olm/wire.h"
#include "sim_cipher/null.h"

/* The double ratchet as libolm has it, chain by chain and limit by limit, with hashes of public values where
 * libolm agrees on secrets: what opens, and what does not any more, is the same. */

enum { CHAINS_MAX = 5, SKIPPED_MAX = 40, GAP_MAX = 2000 }; /* libolm's, in ratchet.cpp */
enum { VERSION = 3, TAG_LEN = 8, BLOCK_LEN = 16, KEY_LEN = sizeof(struct kr_key) };
enum { PREKEY_HEAD = 1 + 3 * (2 + KEY_LEN) }; /* version and three keys */

struct chain {
    struct kr_key ratchet; /* its name on the wire */
    struct kr_digest key;
    uint32_t index; /* of the next message */
};

struct skipped { /* a message that was overtaken and may still come */
    struct kr_key ratchet;
    uint32_t index;
};

struct kr_olm_session {
    struct kr_key alice_identity, alice_base, bob_one_time; /* Alice is who wrote first */
    struct kr_digest root;
    bool heard;   /* something has decrypted: no more pre-key messages */
    bool sending; /* sender is set; a new chain of the peer's ends it */
    struct chain sender;
    struct chain receivers[CHAINS_MAX]; /* latest first */
    size_t receivers_len;
    struct skipped *skipped; /* oldest first; most sessions never have one */
    size_t skipped_len, skipped_cap;
};

/* A parsed message; borrows from its bytes. */
struct message {
    struct kr_key ratchet;
    uint32_t index;
    struct kr_span tagged, cipher, tag; /* tagged: all before the tag */
};

static struct kr_digest root_of(const struct kr_olm_session *s, const struct kr_key *bob_identity)
{
    uint8_t in[4 * KEY_LEN];
    struct kr_digest out;
    memcpy(in, s->alice_identity.b, KEY_LEN);
    memcpy(in + KEY_LEN, s->alice_base.b, KEY_LEN);
    memcpy(in + (size_t)2 * KEY_LEN, s->bob_one_time.b, KEY_LEN);
    memcpy(in + (size_t)3 * KEY_LEN, bob_identity->b, KEY_LEN);
    crypto_hash_sha256(out.b, in, sizeof(in));
    return out;
}

/* A chain hangs on the chain it answers (NULL for the first), so one that was dropped does not come back as
 * a new one. */
static struct chain chain_of(const struct kr_olm_session *s, const struct kr_key *ratchet,
                             const struct kr_key *answered)
{
    uint8_t in[3 * KEY_LEN] = {0};
    struct chain chain = {.ratchet = *ratchet};
    memcpy(in, s->root.b, KEY_LEN);
    memcpy(in + KEY_LEN, ratchet->b, KEY_LEN);
    if (answered)
        memcpy(in + (size_t)2 * KEY_LEN, answered->b, KEY_LEN);
    crypto_hash_sha256(chain.key.b, in, sizeof(in));
    return chain;
}

/* One hash gives the key of the tag and the first 48 bytes of the keystream: all that a sealed secret needs.
 */
enum { TAG_KEY_LEN = crypto_shorthash_KEYBYTES, STREAM_LEN = crypto_hash_sha512_BYTES - TAG_KEY_LEN };

static void keys_of(const struct chain *chain, uint32_t index, uint32_t block,
                    uint8_t out[static crypto_hash_sha512_BYTES])
{
    uint8_t in[sizeof(chain->key.b) + sizeof(index) + sizeof(block)];
    memcpy(in, chain->key.b, sizeof(chain->key.b));
    memcpy(in + sizeof(chain->key.b), &index, sizeof(index));
    memcpy(in + sizeof(chain->key.b) + sizeof(index), &block, sizeof(block));
    crypto_hash_sha512(out, in, sizeof(in));
}

static void tag_of(const struct chain *chain, uint32_t index, struct kr_span tagged, uint8_t *out)
{
    uint8_t keys[crypto_hash_sha512_BYTES];
    keys_of(chain, index, 0, keys);
    crypto_shorthash(out, tagged.ptr, tagged.len, keys);
}

static void crypt(const struct chain *chain, uint32_t index, uint8_t *bytes, size_t len)
{
    uint8_t keys[crypto_hash_sha512_BYTES];
    for (size_t i = 0; i < len; i++) {
        if (i % STREAM_LEN == 0)
            keys_of(chain, index, (uint32_t)(i / STREAM_LEN), keys);
        bytes[i] ^= keys[TAG_KEY_LEN + i % STREAM_LEN];
    }
}

int kr_null_session_outbound(struct kr_olm_account *account, const struct kr_random *random,
                             const struct kr_key *peer_curve25519, const struct kr_key *one_time_key,
                             struct kr_olm_session **ret_session)
{
    struct kr_olm_session *s = kr_calloc(1, sizeof(*s));
    struct kr_key drawn[2], ed25519;
    kr_null_draw(random, drawn, 2);
    kr_null_account_keys(account, &ed25519, &s->alice_identity);
    s->alice_base = drawn[0];
    s->bob_one_time = *one_time_key;
    s->root = root_of(s, peer_curve25519);
    s->sender = chain_of(s, &drawn[1], NULL);
    s->sending = true;
    *ret_session = s;
    return 0;
}

void kr_null_session_free(struct kr_olm_session *session)
{
    if (!session)
        return;
    free(session->skipped);
    free(session);
}

static uint32_t read_varint(struct kr_cursor *c)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
        uint8_t byte = kr_cursor_u8(c);
        v |= (uint64_t)(byte & 0x7F) << shift;
        if (!(byte & 0x80))
            break;
    }
    return (uint32_t)v;
}

/* Of bytes that kr_olm_wire_normal has passed. */
static struct message parse(struct kr_span bytes)
{
    struct message m = {0};
    struct kr_cursor c = kr_cursor(bytes);
    kr_cursor_bytes(&c, 3); /* version, field, length */
    memcpy(m.ratchet.b, kr_cursor_bytes(&c, KEY_LEN).ptr, KEY_LEN);
    kr_cursor_u8(&c);
    m.index = read_varint(&c);
    kr_cursor_u8(&c);
    m.cipher = kr_cursor_bytes(&c, read_varint(&c));
    m.tag = kr_cursor_bytes(&c, TAG_LEN);
    m.tagged = kr_span(bytes.ptr, bytes.len - TAG_LEN);
    return m;
}

/* The normal message within, of bytes that kr_olm_wire_prekey has passed. */
static struct kr_span prekey_inner(struct kr_span bytes)
{
    struct kr_cursor c = kr_cursor(bytes);
    kr_cursor_bytes(&c, PREKEY_HEAD + 1);
    return kr_cursor_bytes(&c, read_varint(&c));
}

static struct kr_key prekey_field(struct kr_span bytes, size_t field)
{
    struct kr_key key;
    memcpy(key.b, bytes.ptr + 1 + field * (2 + KEY_LEN) + 2, KEY_LEN);
    return key;
}

static bool opens(const struct chain *chain, const struct message *m, struct kr_secret *ret_plain)
{
    uint8_t tag[TAG_LEN];
    tag_of(chain, m->index, m->tagged, tag);
    if (memcmp(tag, m->tag.ptr, TAG_LEN) != 0)
        return false;
    uint8_t *text = kr_malloc(m->cipher.len);
    memcpy(text, m->cipher.ptr, m->cipher.len);
    crypt(chain, m->index, text, m->cipher.len);
    size_t pad = text[m->cipher.len - 1];
    bool good = pad >= 1 && pad <= BLOCK_LEN && pad <= m->cipher.len;
    if (good)
        kr_secret_set(ret_plain, text, m->cipher.len - pad);
    free(text);
    return good;
}

static void remove_skipped(struct kr_olm_session *s, size_t at)
{
    s->skipped_len--;
    memmove(s->skipped + at, s->skipped + at + 1, (s->skipped_len - at) * sizeof(*s->skipped));
}

static void add_skipped(struct kr_olm_session *s, const struct kr_key *ratchet, uint32_t index)
{
    void *array = s->skipped;
    if (s->skipped_len == SKIPPED_MAX)
        remove_skipped(s, 0);
    kr_grow(&array, &s->skipped_cap, s->skipped_len, sizeof(*s->skipped));
    s->skipped = array;
    s->skipped[s->skipped_len++] = (struct skipped){*ratchet, index};
}

static struct chain *find_receiver(struct kr_olm_session *s, const struct kr_key *ratchet)
{
    for (size_t i = 0; i < s->receivers_len; i++) {
        if (kr_key_equal(&s->receivers[i].ratchet, ratchet))
            return &s->receivers[i];
    }
    return NULL;
}

static struct chain *add_receiver(struct kr_olm_session *s, const struct chain *chain)
{
    if (s->receivers_len < CHAINS_MAX)
        s->receivers_len++;
    memmove(s->receivers + 1, s->receivers, (s->receivers_len - 1) * sizeof(*chain));
    s->receivers[0] = *chain;
    return &s->receivers[0];
}

/* A message behind its chain opens once, if it was skipped. */
static int open_skipped(struct kr_olm_session *s, const struct chain *chain, const struct message *m,
                        struct kr_secret *ret_plain)
{
    for (size_t i = 0; i < s->skipped_len; i++) {
        if (s->skipped[i].index != m->index || !kr_key_equal(&s->skipped[i].ratchet, &m->ratchet))
            continue;
        if (!opens(chain, m, ret_plain))
            break;
        remove_skipped(s, i);
        return 0;
    }
    return KR_E_CANNOT_OPEN;
}

static int ratchet_open(struct kr_olm_session *s, struct kr_span bytes, struct kr_secret *ret_plain)
{
    struct message m = parse(bytes);
    struct chain fresh, *chain = find_receiver(s, &m.ratchet);
    if (chain && m.index < chain->index)
        return open_skipped(s, chain, &m, ret_plain);
    if (!chain) {
        if (!s->sending) /* the peer begins a chain only when it has heard ours */
            return KR_E_CANNOT_OPEN;
        fresh = chain_of(s, &m.ratchet, &s->sender.ratchet);
    }
    const struct chain *tried = chain ? chain : &fresh;
    if (m.index - tried->index > GAP_MAX || !opens(tried, &m, ret_plain))
        return KR_E_CANNOT_OPEN;
    if (!chain) {
        chain = add_receiver(s, &fresh);
        s->sending = false;
    }
    uint32_t from = m.index - chain->index > SKIPPED_MAX ? m.index - SKIPPED_MAX : chain->index;
    for (uint32_t i = from; i < m.index; i++)
        add_skipped(s, &m.ratchet, i);
    chain->index = m.index + 1;
    return 0;
}

int kr_null_session_inbound(struct kr_olm_account *account, const struct kr_key *peer_curve25519,
                            struct kr_span message, struct kr_olm_session **ret_session,
                            struct kr_secret *ret_plain)
{
    if (!kr_olm_wire_prekey(message, peer_curve25519))
        return KR_E_CANNOT_OPEN;
    struct kr_key one_time = prekey_field(message, 0);
    if (!kr_null_account_has(account, &one_time))
        return KR_E_CANNOT_OPEN;
    struct kr_olm_session *s = kr_calloc(1, sizeof(*s));
    struct kr_key ed25519, curve25519;
    kr_null_account_keys(account, &ed25519, &curve25519);
    s->alice_identity = *peer_curve25519;
    s->alice_base = prekey_field(message, 1);
    s->bob_one_time = one_time;
    s->root = root_of(s, &curve25519);
    struct kr_span inner = prekey_inner(message);
    struct kr_key ratchet = parse(inner).ratchet;
    struct chain first = chain_of(s, &ratchet, NULL);
    add_receiver(s, &first);
    int err = ratchet_open(s, inner, ret_plain);
    if (err) {
        kr_null_session_free(s);
        return err;
    }
    s->heard = true;
    kr_null_account_remove(account, &one_time);
    *ret_session = s;
    return 0;
}

bool kr_null_session_matches(struct kr_olm_session *session, const struct kr_key *peer_curve25519,
                             struct kr_span message)
{
    if (!kr_olm_wire_prekey(message, peer_curve25519))
        return false;
    struct kr_key one_time = prekey_field(message, 0), base = prekey_field(message, 1);
    return kr_key_equal(&session->alice_identity, peer_curve25519) &&
           kr_key_equal(&session->alice_base, &base) && kr_key_equal(&session->bob_one_time, &one_time);
}

static size_t varint_len(size_t v)
{
    size_t len = 1;
    while (v >>= 7)
        len++;
    return len;
}

static uint8_t *put_varint(uint8_t *p, size_t v)
{
    for (; v > 0x7F; v >>= 7)
        *p++ = (uint8_t)(v | 0x80);
    *p++ = (uint8_t)v;
    return p;
}

static uint8_t *put_key(uint8_t *p, uint8_t tag, const struct kr_key *key)
{
    *p++ = tag;
    *p++ = KEY_LEN;
    memcpy(p, key->b, KEY_LEN);
    return p + KEY_LEN;
}

int kr_null_encrypt(struct kr_olm_session *session, const struct kr_random *random,
                    const struct kr_secret *plain, enum kr_olm_type *ret_type, struct kr_buf *out)
{
    struct kr_olm_session *s = session;
    uint8_t bytes[KR_CIPHERTEXT_MAX], *p = bytes;
    if (plain->len > sizeof(bytes))
        return KR_E_TOO_LARGE;
    uint32_t index = s->sending ? s->sender.index : 0;
    size_t padded = (plain->len / BLOCK_LEN + 1) * BLOCK_LEN;
    size_t inner = 1 + 2 + KEY_LEN + 1 + varint_len(index) + 1 + varint_len(padded) + padded + TAG_LEN;
    size_t len = s->heard ? inner : PREKEY_HEAD + 1 + varint_len(inner) + inner;
    if (out->err || len > sizeof(bytes) || len > out->max - out->len)
        return KR_E_TOO_LARGE; /* before the ratchet moves */
    if (!s->sending) {
        struct kr_key ratchet;
        kr_null_draw(random, &ratchet, 1);
        s->sender = chain_of(s, &ratchet, &s->receivers[0].ratchet);
        s->sending = true;
    }
    if (!s->heard) {
        *p++ = VERSION;
        p = put_key(p, 0x0A, &s->bob_one_time);
        p = put_key(p, 0x12, &s->alice_base);
        p = put_key(p, 0x1A, &s->alice_identity);
        *p++ = 0x22;
        p = put_varint(p, inner);
    }
    const uint8_t *start = p;
    *p++ = VERSION;
    p = put_key(p, 0x0A, &s->sender.ratchet);
    *p++ = 0x10;
    p = put_varint(p, index);
    *p++ = 0x22;
    p = put_varint(p, padded);
    if (plain->len)
        memcpy(p, plain->ptr, plain->len);
    memset(p + plain->len, (int)(padded - plain->len), padded - plain->len);
    crypt(&s->sender, index, p, padded);
    p += padded;
    tag_of(&s->sender, index, kr_span(start, (size_t)(p - start)), p);
    s->sender.index++;
    kr_buf_add(out, bytes, len);
    *ret_type = s->heard ? KR_OLM_NORMAL : KR_OLM_PREKEY;
    return 0;
}

int kr_null_decrypt(struct kr_olm_session *session, enum kr_olm_type type, struct kr_span message,
                    struct kr_secret *ret_plain)
{
    struct kr_span inner = message;
    if (type == KR_OLM_PREKEY && kr_olm_wire_prekey_any(message))
        inner = prekey_inner(message);
    else if (type != KR_OLM_NORMAL || !kr_olm_wire_normal(message))
        return KR_E_CANNOT_OPEN;
    int err = ratchet_open(session, inner, ret_plain);
    if (!err)
        session->heard = true;
    return err;
}
