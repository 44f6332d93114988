/* What two devices say to each other inside their Olm session outside of epochs (docs/protocol.md 6.6): one
 * byte says what it is. None has the length of a sealed secret (KR_SEALED_LEN), so that neither is taken for
 * the other, whoever moves the ciphertext. */
#ifndef KR_VERIFY_SAS_WORD_H
#define KR_VERIFY_SAS_WORD_H

#include <stdbool.h>

#include "base/secret.h"
#include "verify/sas_message.h"

enum kr_word {
    KR_WORD_NOTHING, /* this byte alone */
    KR_WORD_VERIFY   /* and a message of 12.2, at most KR_SAS_TEXT_MAX bytes */
};

/* KR_E_MALFORMED for a message that has no text. */
int kr_sas_word(const struct kr_sas_message *m, struct kr_secret *ret_plain);
/* KR_E_MALFORMED for whatever is not the word of a verification. */
int kr_sas_word_read(const struct kr_secret *plain, struct kr_sas_message *ret_m);
/* Is it the byte that says nothing? */
bool kr_word_is_nothing(const struct kr_secret *plain);

#endif
