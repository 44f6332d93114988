#include "verify/room_code.h"

#include <stdio.h>

#include "base/hash.h"

#define GROUP_BASE 100000u /* 10 ^ KR_ROOM_CODE_DIGITS */

void kr_room_code_digits(const uint8_t bytes[static KR_ROOM_CODE_BYTES], char out[static KR_ROOM_CODE_TEXT])
{
    /* In groups of five digits, the last one first: what is carried out of the first one is a multiple of
     * 10^30. */
    uint32_t groups[KR_ROOM_CODE_GROUPS] = {0};
    for (size_t i = 0; i < KR_ROOM_CODE_BYTES; i++) {
        uint32_t carry = bytes[i];
        for (size_t g = 0; g < KR_ROOM_CODE_GROUPS; g++) {
            uint32_t v = groups[g] * 256 + carry;
            groups[g] = v % GROUP_BASE;
            carry = v / GROUP_BASE;
        }
    }
    size_t at = 0;
    for (size_t g = KR_ROOM_CODE_GROUPS; g-- > 0;)
        at += (size_t)snprintf(out + at, KR_ROOM_CODE_TEXT - at, "%05u%s", groups[g], g ? " " : "");
}

int kr_room_code(const struct kr_digest *roster, char ret_text[static KR_ROOM_CODE_TEXT])
{
    struct kr_secret password = KR_SECRET_NONE, bytes = KR_SECRET_NONE;
    kr_secret_set(&password, roster->b, sizeof(roster->b));
    int err = kr_pbkdf2_sha512(&password, kr_span_str("keyroom:1:roomcode"), KR_ROOM_CODE_ITERATIONS,
                               KR_ROOM_CODE_BYTES, &bytes);
    if (!err)
        kr_room_code_digits(bytes.ptr, ret_text);
    kr_secret_done(&password);
    kr_secret_done(&bytes);
    return err;
}
