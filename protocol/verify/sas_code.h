/* What two people compare: seven pictures of 64, or three numbers, by Matrix's tables, so that clients that
 * have them need no others (docs/protocol.md 12.2.4). */
#ifndef KR_VERIFY_SAS_CODE_H
#define KR_VERIFY_SAS_CODE_H

#include <stdint.h>

enum { KR_SAS_EMOJI = 7, KR_SAS_NUMBERS = 3, KR_SAS_CODE_BYTES = 6, KR_SAS_TABLE = 64 };

struct kr_sas_code {
    uint8_t emoji[KR_SAS_EMOJI];      /* indices in the table */
    uint16_t numbers[KR_SAS_NUMBERS]; /* 1000 to 9191 */
};

struct kr_sas_code kr_sas_code(const uint8_t bytes[static KR_SAS_CODE_BYTES]);

/* The picture in UTF-8 and its name in English; index below KR_SAS_TABLE. */
const char *kr_sas_emoji_picture(uint8_t index);
const char *kr_sas_emoji_name(uint8_t index);

#endif
