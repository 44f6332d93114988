#include <string.h>

#include "base/hash.h"
#include "vector.h"

static void check_key(struct vector *v, struct kr_span salt, uint32_t iterations, const char *name)
{
    struct kr_span want = vector_hex(v, name);
    const char *text = vector_str(v, "passphrase");
    struct kr_secret passphrase = KR_SECRET_NONE, key = KR_SECRET_NONE;
    kr_secret_set(&passphrase, text, strlen(text));
    vector_check(v, kr_pbkdf2_sha256(&passphrase, salt, iterations, want.len, &key) == 0, name);
    vector_expect(v, kr_secret_span(&key), want, name);
    kr_secret_done(&passphrase);
    kr_secret_done(&key);
}

void vector_pbkdf2(struct vector *v)
{
    uint64_t iterations = vector_u64(v, "iterations");
    const char *salt = vector_str(v, "salt");
    vector_check(v, strcmp(vector_str(v, "hash"), "SHA-256") == 0, "hash");
    vector_check(v, iterations >= 1 && iterations <= 10000000, "iterations");
    vector_check(v, vector_hex(v, "key_128").len == 16, "key_128");
    vector_check(v, vector_hex(v, "key_256").len == 32, "key_256");
    if (v->why[0])
        return;
    check_key(v, kr_span_str(salt), (uint32_t)iterations, "key_128");
    check_key(v, kr_span_str(salt), (uint32_t)iterations, "key_256");
}
