/* Olm ciphertexts packed by roster index (docs/protocol.md 6.4, 7.3): raw bytes in one base64 text node. */
#ifndef KR_MESSAGE_PACK_H
#define KR_MESSAGE_PACK_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/span.h"

enum kr_packed_type { KR_PACKED_PREKEY = 0, KR_PACKED_NORMAL = 1, KR_PACKED_WITHHELD = 2 };
enum kr_withheld {
    KR_WITHHELD_ATTACH = 1,
    KR_WITHHELD_PRESENCE = 2,
    KR_WITHHELD_SESSION = 3,
    KR_WITHHELD_UNVERIFIED = 4
};

struct kr_packed {
    uint16_t index;      /* of the recipient (envelope) or sender (deliver) */
    uint8_t type;        /* enum kr_packed_type */
    struct kr_span body; /* 1 to KR_CIPHERTEXT_MAX bytes; withheld: one byte, enum kr_withheld */
};

/* Appends one entry. */
void kr_pack_add(struct kr_buf *b, const struct kr_packed *e);

/* All entries of `bytes`; bodies point into bytes, the array is in the arena. KR_E_MALFORMED: truncated,
 * trailing bytes, unknown type, a body of a length its type may not have; KR_E_WRONG_RECIPIENTS: indices not
 * strictly rising or above 4095; KR_E_TOO_LARGE. No bytes yield no entries. */
int kr_pack_read(struct kr_span bytes, struct kr_arena *arena, const struct kr_packed **ret_entries,
                 size_t *ret_count);

#endif
