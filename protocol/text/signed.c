#include "text/signed.h"

#include "base/hash.h"
#include "base/limit.h"
#include "text/canonical.h"

const char *kr_key_kind_name(enum kr_key_kind kind)
{
    return kind == KR_KEY_FALLBACK ? "fallback" : "one-time";
}

const char *kr_round_name(enum kr_round round)
{
    switch (round) {
    case KR_ROUND_1:
        return "1";
    case KR_ROUND_2:
        return "2";
    case KR_ROUND_SUPPLEMENT:
        return "supplement";
    }
    return "";
}

struct kr_buf kr_key_text(const struct kr_key_text *t)
{
    struct kr_buf b;
    kr_buf_init(&b, KR_TEXT_MAX);
    kr_text_begin(&b, "key");
    kr_text_line(&b, "kind", kr_key_kind_name(t->kind));
    kr_text_line_key(&b, "key", &t->key);
    kr_text_line_id(&b, "device", &t->device);
    kr_text_line_id(&b, "attach", &t->attach);
    return b;
}

struct kr_buf kr_attach_text(const struct kr_attach_text *t)
{
    struct kr_buf b;
    kr_buf_init(&b, KR_TEXT_MAX);
    kr_text_begin(&b, "attach");
    kr_text_line(&b, "room", t->room);
    kr_text_line_id(&b, "instance", &t->instance);
    kr_text_line(&b, "participant", t->participant);
    kr_text_line(&b, "owner", t->owner);
    kr_text_line_id(&b, "device", &t->device);
    kr_text_line_id(&b, "attach", &t->attach);
    kr_text_line_id(&b, "nonce", &t->nonce);
    return b;
}

struct kr_buf kr_sealed_text(const struct kr_sealed_text *t)
{
    struct kr_buf b;
    kr_buf_init(&b, KR_TEXT_MAX);
    kr_text_begin(&b, "sealed");
    kr_text_line(&b, "room", t->room);
    kr_text_line_id(&b, "instance", &t->instance);
    kr_text_line_u64(&b, "epoch", t->epoch);
    kr_text_line_digest(&b, "context", &t->context);
    kr_text_line_id(&b, "attach", &t->attach);
    kr_text_line(&b, "round", kr_round_name(t->round));
    kr_text_line_digest(&b, "recipients", &t->recipients);
    if (t->has_confirm)
        kr_text_line_digest(&b, "confirm", &t->confirm);
    return b;
}

struct kr_digest kr_recipients_digest(const struct kr_id *attaches, size_t count)
{
    struct kr_buf b;
    kr_buf_init(&b, SIZE_MAX);
    kr_buf_add_lp(&b, kr_span_str("keyroom:1:recipients"));
    for (size_t i = 0; i < count; i++)
        kr_buf_add_lp(&b, kr_span(attaches[i].b, sizeof(attaches[i].b)));
    struct kr_digest d = kr_sha256(kr_buf_span(&b));
    kr_buf_done(&b);
    return d;
}
