#include "base/id.h"

#include <sodium.h>

#include "base/base64.h"
#include "base/err.h"

void kr_id_write(char out[static KR_ID_TEXT], const struct kr_id *id)
{
    sodium_bin2hex(out, KR_ID_TEXT, id->b, sizeof(id->b));
}

int kr_id_read(const char *text, struct kr_id *ret_id)
{
    struct kr_id id;
    if (strlen(text) != KR_ID_TEXT - 1)
        return KR_E_MALFORMED;
    for (const char *p = text; *p; p++) {
        if (!((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'f')))
            return KR_E_MALFORMED;
    }
    if (sodium_hex2bin(id.b, sizeof(id.b), text, KR_ID_TEXT - 1, NULL, NULL, NULL) != 0)
        return KR_E_MALFORMED;
    *ret_id = id;
    return 0;
}

void kr_key_write(char out[static KR_KEY_TEXT], const struct kr_key *key)
{
    kr_b64_write(out, kr_span(key->b, sizeof(key->b)));
}

int kr_key_read(const char *text, struct kr_key *ret_key)
{
    return kr_b64_read(text, ret_key->b, sizeof(ret_key->b));
}

void kr_digest_write(char out[static KR_KEY_TEXT], const struct kr_digest *d)
{
    kr_b64_write(out, kr_span(d->b, sizeof(d->b)));
}

int kr_digest_read(const char *text, struct kr_digest *ret_d)
{
    return kr_b64_read(text, ret_d->b, sizeof(ret_d->b));
}

void kr_tag_write(char out[static KR_TAG_TEXT], const struct kr_tag *tag)
{
    kr_b64_write(out, kr_span(tag->b, sizeof(tag->b)));
}

int kr_tag_read(const char *text, struct kr_tag *ret_tag)
{
    return kr_b64_read(text, ret_tag->b, sizeof(ret_tag->b));
}

void kr_sig_write(char out[static KR_SIG_TEXT], const struct kr_sig *sig)
{
    kr_b64_write(out, kr_span(sig->b, sizeof(sig->b)));
}

int kr_sig_read(const char *text, struct kr_sig *ret_sig)
{
    return kr_b64_read(text, ret_sig->b, sizeof(ret_sig->b));
}

struct kr_id kr_device_id(const struct kr_key *ed25519, const struct kr_key *curve25519)
{
    uint8_t both[64], digest[crypto_hash_sha256_BYTES];
    memcpy(both, ed25519->b, 32);
    memcpy(both + 32, curve25519->b, 32);
    crypto_hash_sha256(digest, both, sizeof(both));
    struct kr_id id;
    memcpy(id.b, digest, sizeof(id.b));
    return id;
}
