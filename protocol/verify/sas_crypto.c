#include "verify/sas_crypto.h"

#include <sodium.h>

#include "base/hash.h"
#include "base/limit.h"
#include "text/canonical.h"

struct kr_key kr_sas_public(const struct kr_secret *ephemeral)
{
    struct kr_key key;
    crypto_scalarmult_base(key.b, ephemeral->ptr);
    return key;
}

bool kr_sas_agree(const struct kr_secret *ephemeral, const struct kr_key *peer, struct kr_secret *ret_shared)
{
    struct kr_secret shared = KR_SECRET_NONE;
    kr_secret_alloc(&shared, crypto_scalarmult_BYTES);
    bool ok = crypto_scalarmult(shared.ptr, ephemeral->ptr, peer->b) == 0;
    if (ok)
        kr_secret_move(ret_shared, &shared);
    kr_secret_done(&shared);
    return ok;
}

struct kr_digest kr_sas_commitment(const struct kr_id *transaction, const struct kr_key *key)
{
    struct kr_buf b;
    kr_buf_init(&b, KR_TEXT_MAX);
    kr_text_begin(&b, "sas-commitment");
    kr_text_line_id(&b, "transaction", transaction);
    kr_text_line_key(&b, "key", key);
    struct kr_digest d = kr_sha256(kr_buf_span(&b));
    kr_buf_done(&b);
    return d;
}

struct kr_buf kr_sas_info(const struct kr_sas_subject *subject)
{
    const struct kr_sas_device *initiator = &subject->initiator, *responder = &subject->responder;
    struct kr_buf b;
    kr_buf_init(&b, KR_TEXT_MAX);
    kr_text_begin(&b, "sas-info");
    kr_text_line(&b, "room", subject->room);
    kr_text_line_id(&b, "instance", &subject->instance);
    kr_text_line_id(&b, "transaction", &subject->transaction);
    kr_text_line(&b, "initiator-owner", initiator->owner);
    kr_text_line_id(&b, "initiator-device", &initiator->id);
    kr_text_line_key(&b, "initiator-ed25519", &initiator->ed25519);
    kr_text_line_key(&b, "initiator-curve25519", &initiator->curve25519);
    kr_text_line_key(&b, "initiator-key", &subject->initiator_key);
    kr_text_line(&b, "responder-owner", responder->owner);
    kr_text_line_id(&b, "responder-device", &responder->id);
    kr_text_line_key(&b, "responder-ed25519", &responder->ed25519);
    kr_text_line_key(&b, "responder-curve25519", &responder->curve25519);
    kr_text_line_key(&b, "responder-key", &subject->responder_key);
    return b;
}

int kr_sas_derive(const struct kr_secret *shared, const struct kr_sas_subject *subject,
                  struct kr_sas_code *ret_code)
{
    struct kr_secret bytes = KR_SECRET_NONE;
    struct kr_buf info = kr_sas_info(subject);
    int err = info.err;
    if (!err)
        err =
            kr_hkdf(KR_HKDF_SHA256, shared, kr_span(NULL, 0), kr_buf_span(&info), KR_SAS_CODE_BYTES, &bytes);
    if (!err)
        *ret_code = kr_sas_code(bytes.ptr);
    kr_secret_done(&bytes);
    kr_buf_done(&info);
    return err;
}

struct kr_digest kr_sas_subject_digest(const struct kr_sas_subject *subject)
{
    struct kr_buf info = kr_sas_info(subject);
    struct kr_digest d = kr_sha256(kr_buf_span(&info));
    kr_buf_done(&info);
    return d;
}

struct kr_buf kr_sas_mac_info(const struct kr_digest *subject, const struct kr_sas_device *sender,
                              const struct kr_sas_device *receiver, const char *name)
{
    struct kr_buf b;
    kr_buf_init(&b, KR_TEXT_MAX);
    kr_text_begin(&b, "sas-mac-info");
    kr_text_line_digest(&b, "subject", subject);
    kr_text_line_id(&b, "sender", &sender->id);
    kr_text_line_id(&b, "receiver", &receiver->id);
    kr_text_line(&b, "name", name);
    return b;
}

/* HMAC over the base64 of the key, with a key of its own for each sender, receiver and name. Frees info. */
static int mac_of(const struct kr_secret *shared, struct kr_buf *info, const struct kr_key *key,
                  struct kr_digest *ret_mac)
{
    struct kr_secret mac_key = KR_SECRET_NONE;
    char text[KR_KEY_TEXT];
    kr_key_write(text, key);
    int err = info->err;
    if (!err)
        err = kr_hkdf(KR_HKDF_SHA256, shared, kr_span(NULL, 0), kr_buf_span(info), 32, &mac_key);
    if (!err)
        *ret_mac = kr_hmac_sha256(&mac_key, kr_span_str(text));
    kr_secret_done(&mac_key);
    kr_buf_done(info);
    return err;
}

int kr_sas_macs(const struct kr_secret *shared, const struct kr_sas_subject *subject, bool of_initiator,
                struct kr_digest *ret_ed25519, struct kr_digest *ret_curve25519)
{
    const struct kr_sas_device *sender = of_initiator ? &subject->initiator : &subject->responder;
    const struct kr_sas_device *receiver = of_initiator ? &subject->responder : &subject->initiator;
    struct kr_digest digest = kr_sas_subject_digest(subject), ed25519, curve25519;
    struct kr_buf info = kr_sas_mac_info(&digest, sender, receiver, "ed25519");
    int err = mac_of(shared, &info, &sender->ed25519, &ed25519);
    if (!err) {
        info = kr_sas_mac_info(&digest, sender, receiver, "curve25519");
        err = mac_of(shared, &info, &sender->curve25519, &curve25519);
    }
    if (err)
        return err;
    *ret_ed25519 = ed25519;
    *ret_curve25519 = curve25519;
    return 0;
}

bool kr_sas_mac_equal(const struct kr_digest *a, const struct kr_digest *b)
{
    return sodium_memcmp(a->b, b->b, sizeof(a->b)) == 0;
}
