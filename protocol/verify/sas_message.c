#include "verify/sas_message.h"

#include <string.h>

#include "base/err.h"
#include "base/limit.h"
#include "text/canonical.h"

static const char *const kinds[] = {"sas-start", "sas-accept", "sas-key",
                                    "sas-mac",   "sas-done",   "sas-cancel"};
static const char *const reason_names[] = {
    NULL,
#define KR_SAS_REASON(name, word, text) word,
#include "verify/sas_reason.def"
#undef KR_SAS_REASON
};
static const char *const reason_texts[] = {
    NULL,
#define KR_SAS_REASON(name, word, text) text,
#include "verify/sas_reason.def"
#undef KR_SAS_REASON
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

const char *kr_sas_reason_name(enum kr_sas_reason reason)
{
    return (unsigned)reason < COUNT(reason_names) ? reason_names[reason] : NULL;
}

const char *kr_sas_reason_text(enum kr_sas_reason reason)
{
    return (unsigned)reason < COUNT(reason_texts) ? reason_texts[reason] : NULL;
}

struct kr_buf kr_sas_message_text(const struct kr_sas_message *m)
{
    struct kr_buf b;
    kr_buf_init(&b, KR_TEXT_MAX);
    kr_text_begin(&b, kinds[m->kind]);
    kr_text_line_id(&b, "transaction", &m->transaction);
    switch (m->kind) {
    case KR_SAS_START:
        kr_text_line_id(&b, "initiator", &m->u.start.initiator);
        kr_text_line_id(&b, "responder", &m->u.start.responder);
        break;
    case KR_SAS_ACCEPT:
        kr_text_line_digest(&b, "commitment", &m->u.commitment);
        break;
    case KR_SAS_KEY:
        kr_text_line_key(&b, "key", &m->u.key);
        break;
    case KR_SAS_MAC:
        kr_text_line_digest(&b, "ed25519", &m->u.mac.ed25519);
        kr_text_line_digest(&b, "curve25519", &m->u.mac.curve25519);
        break;
    case KR_SAS_CANCEL:
        kr_text_line(&b, "reason", kr_sas_reason_name(m->u.reason));
        break;
    case KR_SAS_DONE:
        break;
    }
    return b;
}

static void read_reason(struct kr_text_reader *r, enum kr_sas_reason *ret_reason)
{
    struct kr_span word = kr_text_next(r, "reason");
    for (unsigned i = 1; i < COUNT(reason_names); i++) {
        if (word.len == strlen(reason_names[i]) && memcmp(word.ptr, reason_names[i], word.len) == 0) {
            *ret_reason = (enum kr_sas_reason)i;
            return;
        }
    }
    r->err = KR_E_MALFORMED;
}

static void read_body(struct kr_text_reader *r, struct kr_sas_message *m)
{
    switch (m->kind) {
    case KR_SAS_START:
        kr_text_next_id(r, "initiator", &m->u.start.initiator);
        kr_text_next_id(r, "responder", &m->u.start.responder);
        break;
    case KR_SAS_ACCEPT:
        kr_text_next_digest(r, "commitment", &m->u.commitment);
        break;
    case KR_SAS_KEY:
        kr_text_next_key(r, "key", &m->u.key);
        break;
    case KR_SAS_MAC:
        kr_text_next_digest(r, "ed25519", &m->u.mac.ed25519);
        kr_text_next_digest(r, "curve25519", &m->u.mac.curve25519);
        break;
    case KR_SAS_CANCEL:
        read_reason(r, &m->u.reason);
        break;
    case KR_SAS_DONE:
        break;
    }
}

int kr_sas_message_read(struct kr_span text, struct kr_sas_message *ret_m)
{
    for (unsigned kind = 0; kind < COUNT(kinds); kind++) {
        struct kr_text_reader r = kr_text_read(text, kinds[kind]);
        if (r.err)
            continue;
        struct kr_sas_message m = {.kind = (enum kr_sas_kind)kind};
        kr_text_next_id(&r, "transaction", &m.transaction);
        read_body(&r, &m);
        int err = kr_text_end(&r);
        if (!err)
            *ret_m = m;
        return err;
    }
    return KR_E_MALFORMED;
}
