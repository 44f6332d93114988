/* Fixed-size public values and their text forms. 16-byte ids are lowercase hex, 32 characters; 32-byte keys
 * and digests and 64-byte signatures are unpadded base64 (docs/protocol.md 2.2). */
#ifndef KR_BASE_ID_H
#define KR_BASE_ID_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/span.h"

struct kr_id { /* device id, attach id, instance, challenge nonce */
    uint8_t b[16];
};
struct kr_key { /* an Ed25519 or Curve25519 PUBLIC key; secrets are kr_secret */
    uint8_t b[32];
};
struct kr_digest { /* SHA-256 */
    uint8_t b[32];
};
struct kr_sig { /* Ed25519 */
    uint8_t b[64];
};

struct kr_tag { /* the first bytes of an instance: names it where much is said of it (docs/protocol.md 2.10)
                 */
    uint8_t b[6];
};

enum {
    KR_ID_TEXT = 33,
    KR_KEY_TEXT = 44,
    KR_SIG_TEXT = 87,
    KR_TAG_TEXT = 9
}; /* bytes of text with terminator */

void kr_id_write(char out[static KR_ID_TEXT], const struct kr_id *id);
int kr_id_read(const char *text, struct kr_id *ret_id); /* KR_E_MALFORMED unless 32 lowercase hex digits */

void kr_key_write(char out[static KR_KEY_TEXT], const struct kr_key *key);
int kr_key_read(const char *text, struct kr_key *ret_key); /* KR_E_BAD_BASE64 */
void kr_digest_write(char out[static KR_KEY_TEXT], const struct kr_digest *d);
int kr_digest_read(const char *text, struct kr_digest *ret_d); /* KR_E_BAD_BASE64 */
void kr_sig_write(char out[static KR_SIG_TEXT], const struct kr_sig *sig);
int kr_sig_read(const char *text, struct kr_sig *ret_sig); /* KR_E_BAD_BASE64 */

void kr_tag_write(char out[static KR_TAG_TEXT], const struct kr_tag *tag);
int kr_tag_read(const char *text, struct kr_tag *ret_tag); /* KR_E_BAD_BASE64 */

static inline struct kr_tag kr_tag(const struct kr_id *instance)
{
    struct kr_tag tag;
    memcpy(tag.b, instance->b, sizeof(tag.b));
    return tag;
}
static inline bool kr_is_tag_of(const struct kr_tag *tag, const struct kr_id *instance)
{
    return memcmp(tag->b, instance->b, sizeof(tag->b)) == 0;
}
static inline bool kr_id_equal(const struct kr_id *a, const struct kr_id *b)
{
    return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}
static inline bool kr_key_equal(const struct kr_key *a, const struct kr_key *b)
{
    return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}
static inline bool kr_digest_equal(const struct kr_digest *a, const struct kr_digest *b)
{
    return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

/* First 16 bytes of SHA-256(Ed25519 || Curve25519): the id certifies the keys (docs/protocol.md 3.1). */
struct kr_id kr_device_id(const struct kr_key *ed25519, const struct kr_key *curve25519);

#endif
