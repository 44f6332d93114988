#include "epoch/schedule.h"

#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/limit.h"

enum { SECRET_LEN = 32, TAG_LEN = KR_SEALED_LEN - SECRET_LEN };

void kr_secret_fresh(const struct kr_random *random, struct kr_secret *ret_secret)
{
    kr_secret_alloc(ret_secret, SECRET_LEN);
    kr_random_fill(random, ret_secret->ptr, SECRET_LEN);
}

static void add_context(struct kr_buf *b, const char *label, const struct kr_digest *context)
{
    kr_buf_init(b, SIZE_MAX);
    kr_buf_add_lp(b, kr_span_str(label));
    kr_buf_add_lp(b, kr_span(context->b, sizeof(context->b)));
}

int kr_secret_ratchet(const struct kr_secret *parent, const struct kr_digest *context,
                      struct kr_secret *ret_secret)
{
    struct kr_buf info;
    add_context(&info, "keyroom:1:ratchet", context);
    int err = kr_hkdf(KR_HKDF_SHA256, parent, kr_span(NULL, 0), kr_buf_span(&info), SECRET_LEN, ret_secret);
    kr_buf_done(&info);
    return err;
}

int kr_base_key(const struct kr_secret *secret, const struct kr_digest *context, struct kr_span sender_line,
                struct kr_secret *ret_base_key)
{
    struct kr_buf info;
    add_context(&info, "keyroom:1:base", context);
    kr_buf_add_lp(&info, sender_line);
    int err = kr_hkdf(KR_HKDF_SHA256, secret, kr_span(NULL, 0), kr_buf_span(&info), SECRET_LEN, ret_base_key);
    kr_buf_done(&info);
    return err;
}

struct kr_digest kr_confirm(const struct kr_digest *context, const struct kr_secret *secret)
{
    struct kr_buf b;
    add_context(&b, "keyroom:1:confirm", context);
    kr_buf_add_lp(&b, kr_secret_span(secret));
    struct kr_digest d = kr_sha256(kr_buf_span(&b));
    kr_wipe(b.ptr, b.len);
    kr_buf_done(&b);
    return d;
}

int kr_passphrase_key(const struct kr_secret *passphrase, const char *room, const struct kr_id *instance,
                      struct kr_secret *ret_key)
{
    struct kr_buf salt;
    kr_buf_init(&salt, SIZE_MAX);
    kr_buf_add_lp(&salt, kr_span_str("keyroom:1:passphrase"));
    kr_buf_add_lp(&salt, kr_span_str(room));
    kr_buf_add_lp(&salt, kr_span(instance->b, sizeof(instance->b)));
    int err = kr_pbkdf2_sha256(passphrase, kr_buf_span(&salt), KR_PASSPHRASE_ITERATIONS, SECRET_LEN, ret_key);
    kr_buf_done(&salt);
    return err;
}

int kr_passphrase_secret(const struct kr_secret *key, const struct kr_digest *context,
                         struct kr_secret *ret_secret)
{
    struct kr_buf info;
    add_context(&info, "keyroom:1:passphrase", context);
    int err = kr_hkdf(KR_HKDF_SHA256, key, kr_span(NULL, 0), kr_buf_span(&info), SECRET_LEN, ret_secret);
    kr_buf_done(&info);
    return err;
}

/* The tag is the first TAG_LEN bytes of this. It is made of what all members know: no secret. */
static struct kr_digest seal_digest(const struct kr_digest *context, struct kr_span sender_line,
                                    struct kr_span recipient_line)
{
    struct kr_buf b;
    add_context(&b, "keyroom:1:seal", context);
    kr_buf_add_lp(&b, sender_line);
    kr_buf_add_lp(&b, recipient_line);
    struct kr_digest d = kr_sha256(kr_buf_span(&b));
    kr_buf_done(&b);
    return d;
}

void kr_sealed_plain(const struct kr_secret *secret, const struct kr_digest *context,
                     struct kr_span sender_line, struct kr_span recipient_line, struct kr_secret *ret_plain)
{
    assert(secret->len == SECRET_LEN);
    struct kr_digest d = seal_digest(context, sender_line, recipient_line);
    struct kr_secret plain = KR_SECRET_NONE;
    kr_secret_alloc(&plain, KR_SEALED_LEN);
    memcpy(plain.ptr, secret->ptr, SECRET_LEN);
    memcpy(plain.ptr + SECRET_LEN, d.b, TAG_LEN);
    kr_secret_move(ret_plain, &plain);
}

int kr_sealed_open(const struct kr_secret *plain, const struct kr_digest *context, struct kr_span sender_line,
                   struct kr_span recipient_line, struct kr_secret *ret_secret)
{
    if (plain->len != KR_SEALED_LEN)
        return KR_E_CANNOT_OPEN;
    struct kr_digest d = seal_digest(context, sender_line, recipient_line);
    unsigned char difference = 0;
    for (size_t i = 0; i < TAG_LEN; i++)
        difference |= (unsigned char)(plain->ptr[SECRET_LEN + i] ^ d.b[i]);
    if (difference)
        return KR_E_CONTEXT_MISMATCH;
    struct kr_secret secret = KR_SECRET_NONE;
    kr_secret_set(&secret, plain->ptr, SECRET_LEN);
    kr_secret_move(ret_secret, &secret);
    return 0;
}
