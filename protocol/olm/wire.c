#include "olm/wire.h"

#include "base/cursor.h"

enum { VERSION = 3, MAC_LEN = 8, BLOCK_LEN = 16 };

/* Protobuf tags: field number * 8 + wire type (0 varint, 2 bytes). */
enum { NORMAL_RATCHET_KEY = 0x0A, NORMAL_CHAIN_INDEX = 0x10, NORMAL_CIPHERTEXT = 0x22 };
enum {
    PREKEY_ONE_TIME_KEY = 0x0A,
    PREKEY_BASE_KEY = 0x12,
    PREKEY_IDENTITY_KEY = 0x1A,
    PREKEY_MESSAGE = 0x22
};

static void expect(struct kr_cursor *c, uint8_t byte)
{
    if (kr_cursor_u8(c) != byte)
        c->failed = true;
}

/* A varint of at most 32 bits in its shortest form. */
static uint32_t varint(struct kr_cursor *c)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < 5; i++) {
        uint8_t byte = kr_cursor_u8(c);
        v |= (uint64_t)(byte & 0x7F) << (7 * i);
        if (byte & 0x80)
            continue;
        if (v > UINT32_MAX || (i && byte == 0))
            break;
        return (uint32_t)v;
    }
    c->failed = true;
    return 0;
}

/* A Curve25519 key, whose top bit is never set: it would be a second spelling. */
static struct kr_span key(struct kr_cursor *c, uint8_t tag)
{
    expect(c, tag);
    expect(c, sizeof(struct kr_key));
    struct kr_span s = kr_cursor_bytes(c, sizeof(struct kr_key));
    if (s.len && (s.ptr[s.len - 1] & 0x80))
        c->failed = true;
    return s;
}

bool kr_olm_wire_normal(struct kr_span message)
{
    struct kr_cursor c = kr_cursor(message);
    expect(&c, VERSION);
    key(&c, NORMAL_RATCHET_KEY);
    expect(&c, NORMAL_CHAIN_INDEX);
    varint(&c);
    expect(&c, NORMAL_CIPHERTEXT);
    uint32_t len = varint(&c);
    if (len == 0 || len % BLOCK_LEN)
        return false;
    kr_cursor_bytes(&c, len);
    kr_cursor_bytes(&c, MAC_LEN);
    return kr_cursor_at_end(&c);
}

static bool prekey(struct kr_span message, struct kr_span *ret_identity)
{
    struct kr_cursor c = kr_cursor(message);
    expect(&c, VERSION);
    key(&c, PREKEY_ONE_TIME_KEY);
    key(&c, PREKEY_BASE_KEY);
    *ret_identity = key(&c, PREKEY_IDENTITY_KEY);
    expect(&c, PREKEY_MESSAGE);
    uint32_t len = varint(&c);
    struct kr_span inner = kr_cursor_bytes(&c, len);
    return kr_cursor_at_end(&c) && kr_olm_wire_normal(inner);
}

bool kr_olm_wire_prekey(struct kr_span message, const struct kr_key *peer_curve25519)
{
    struct kr_span identity;
    return prekey(message, &identity) &&
           memcmp(identity.ptr, peer_curve25519->b, sizeof(peer_curve25519->b)) == 0;
}

bool kr_olm_wire_prekey_any(struct kr_span message)
{
    struct kr_span identity;
    return prekey(message, &identity);
}
