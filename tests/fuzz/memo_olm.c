/* The same for what an attach asks of libolm: signatures are remembered, and of a batch of one-time keys only
 * the first are the account's. The others nobody can open anything with; they are claimed last. */
#include <string.h>

#include "memo.h"
#include "olm/olm.h"

enum { REAL_KEYS = 4 };

int __real_kr_olm_account_sign(struct kr_olm_account *account, struct kr_span text, struct kr_sig *ret_sig);
int __wrap_kr_olm_account_sign(struct kr_olm_account *account, struct kr_span text, struct kr_sig *ret_sig);
int __wrap_kr_olm_account_sign(struct kr_olm_account *account, struct kr_span text, struct kr_sig *ret_sig)
{
    struct kr_key ed25519, curve25519;
    bool known;
    kr_olm_account_keys(account, &ed25519, &curve25519);
    uint8_t *value = fuzz_memo('o', kr_span(ed25519.b, sizeof(ed25519.b)), text, &known);
    if (!known && __real_kr_olm_account_sign(account, text, (struct kr_sig *)value) != 0)
        __builtin_trap();
    memcpy(ret_sig, value, sizeof(*ret_sig));
    return 0;
}

int __real_kr_olm_account_make_keys(struct kr_olm_account *account, const struct kr_random *random,
                                    size_t count, struct kr_key *ret_keys);
int __wrap_kr_olm_account_make_keys(struct kr_olm_account *account, const struct kr_random *random,
                                    size_t count, struct kr_key *ret_keys);
int __wrap_kr_olm_account_make_keys(struct kr_olm_account *account, const struct kr_random *random,
                                    size_t count, struct kr_key *ret_keys)
{
    for (size_t i = REAL_KEYS; i < count; i++)
        kr_random_fill(random, &ret_keys[i], sizeof(ret_keys[i]));
    return __real_kr_olm_account_make_keys(account, random, count < REAL_KEYS ? count : REAL_KEYS, ret_keys);
}
