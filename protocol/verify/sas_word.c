#include "verify/sas_word.h"

#include <string.h>

#include "base/err.h"
#include "base/limit.h"

int kr_sas_word(const struct kr_sas_message *m, struct kr_secret *ret_plain)
{
    struct kr_buf text = kr_sas_message_text(m);
    int err = text.err || text.len > KR_SAS_TEXT_MAX ? KR_E_MALFORMED : 0;
    if (!err) {
        kr_secret_alloc(ret_plain, 1 + text.len);
        ret_plain->ptr[0] = KR_WORD_VERIFY;
        memcpy(ret_plain->ptr + 1, text.ptr, text.len);
    }
    kr_buf_done(&text);
    return err;
}

int kr_sas_word_read(const struct kr_secret *plain, struct kr_sas_message *ret_m)
{
    if (plain->len < 2 || plain->len > 1 + KR_SAS_TEXT_MAX || plain->len == KR_SEALED_LEN ||
        plain->ptr[0] != KR_WORD_VERIFY)
        return KR_E_MALFORMED;
    return kr_sas_message_read(kr_span(plain->ptr + 1, plain->len - 1), ret_m);
}

bool kr_word_is_nothing(const struct kr_secret *plain)
{
    return plain->len == 1 && plain->ptr[0] == KR_WORD_NOTHING;
}
