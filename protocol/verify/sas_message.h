/* The messages of a verification (docs/protocol.md 12.2): canonical texts that two devices send each other
 * inside their Olm session. */
#ifndef KR_VERIFY_SAS_MESSAGE_H
#define KR_VERIFY_SAS_MESSAGE_H

#include "base/buf.h"
#include "base/id.h"
#include "base/span.h"

enum kr_sas_reason {
    KR_SAS_FINE = 0,
#define KR_SAS_REASON(name, word, text) name,
#include "verify/sas_reason.def"
#undef KR_SAS_REASON
};

/* The word on the wire and the sentence for people; NULL for KR_SAS_FINE. */
const char *kr_sas_reason_name(enum kr_sas_reason reason);
const char *kr_sas_reason_text(enum kr_sas_reason reason);

enum kr_sas_kind { KR_SAS_START, KR_SAS_ACCEPT, KR_SAS_KEY, KR_SAS_MAC, KR_SAS_DONE, KR_SAS_CANCEL };

struct kr_sas_message {
    enum kr_sas_kind kind;
    struct kr_id transaction; /* 16 random bytes of the initiator's */
    union {
        struct {
            struct kr_id initiator, responder; /* device ids */
        } start;
        struct kr_digest commitment; /* accept: to the responder's key */
        struct kr_key key;           /* ephemeral, X25519 */
        struct {
            struct kr_digest ed25519, curve25519; /* over the sender's device keys */
        } mac;
        enum kr_sas_reason reason; /* cancel */
    } u;
};

/* The text, which the caller frees with kr_buf_done. */
struct kr_buf kr_sas_message_text(const struct kr_sas_message *m);

/* KR_E_MALFORMED for whatever does not re-encode to itself. */
int kr_sas_message_read(struct kr_span text, struct kr_sas_message *ret_m);

#endif
