/* The room code: what people read to each other to know that they all have the same roster (docs/protocol.md
 * 12.1). */
#ifndef KR_VERIFY_ROOM_CODE_H
#define KR_VERIFY_ROOM_CODE_H

#include "base/id.h"

enum {
    KR_ROOM_CODE_GROUPS = 6,
    KR_ROOM_CODE_DIGITS = 5, /* of a group */
    KR_ROOM_CODE_TEXT = 36,  /* bytes: the groups, a space between two, a terminator */
    KR_ROOM_CODE_BYTES = 64, /* what the digits are made of: one block of SHA-512 */
    KR_ROOM_CODE_ITERATIONS = 1048576
};

/* The code of a roster digest. Equal exactly when the digests are (but for one in 10^30); shown with the
 * number of devices. Works for most of a second, on purpose: compute it when it is shown, not where deadlines
 * are kept. KR_E_CRYPTO if the library refuses. */
int kr_room_code(const struct kr_digest *roster, char ret_text[static KR_ROOM_CODE_TEXT]);

/* The last step of it: the big-endian number modulo 10^30, leading zeros kept. */
void kr_room_code_digits(const uint8_t bytes[static KR_ROOM_CODE_BYTES], char out[static KR_ROOM_CODE_TEXT]);

#endif
