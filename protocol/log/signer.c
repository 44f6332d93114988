#include "log/signer.h"

#include <sodium.h>

#include "log/note.h"

enum kr_log_verdict kr_note_signer_init(enum kr_note_type type, const char *name,
                                        const struct kr_secret *seed, struct kr_note_signer *ret_signer)
{
    struct kr_key public;
    struct kr_note_signer s = {.secret = KR_SECRET_NONE};
    if (seed->len != KR_NOTE_SEED_LEN)
        return KR_LOG_KEY_FORM;
    kr_secret_alloc(&s.secret, crypto_sign_SECRETKEYBYTES);
    crypto_sign_seed_keypair(public.b, s.secret.ptr, seed->ptr);
    enum kr_log_verdict v = kr_note_key_init(type, name, &public, &s.key);
    if (v == KR_LOG_OK)
        *ret_signer = s;
    else
        kr_note_signer_done(&s);
    return v;
}

void kr_note_signer_done(struct kr_note_signer *s)
{
    kr_secret_done(&s->secret);
}

struct kr_sig kr_note_sign_text(const struct kr_note_signer *s, struct kr_span text)
{
    struct kr_sig sig;
    crypto_sign_detached(sig.b, NULL, text.ptr, text.len, s->secret.ptr);
    return sig;
}

void kr_note_sign(const struct kr_note_signer *s, struct kr_span text, uint64_t time_s, struct kr_buf *b)
{
    struct kr_sig sig;
    struct kr_buf message, bytes;
    bool timed = s->key.type == KR_NOTE_COSIGNATURE;
    kr_buf_init(&message, text.len + 64);
    kr_buf_init(&bytes, sizeof(uint64_t) + sizeof(sig.b));
    if (timed) {
        kr_cosignature_text(&message, time_s, text);
        kr_buf_add_u64(&bytes, time_s);
    } else {
        kr_buf_add(&message, text.ptr, text.len);
    }
    sig = kr_note_sign_text(s, kr_buf_span(&message));
    kr_buf_add(&bytes, sig.b, sizeof(sig.b));
    kr_note_add_line(b, &s->key, kr_buf_span(&bytes));
    kr_buf_done(&message);
    kr_buf_done(&bytes);
}

void kr_note_write(const struct kr_note_signer *s, struct kr_span text, struct kr_buf *b)
{
    kr_buf_add(b, text.ptr, text.len);
    kr_buf_add_str(b, "\n");
    kr_note_sign(s, text, 0, b);
}
