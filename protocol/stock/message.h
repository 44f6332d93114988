/* The messages with which unmodified Jitsi Meet clients exchange keys: JSON in a json-message element of a
 * MUC private message. The source is lib-jitsi-meet's OlmAdapter and SAS code of August 2026, and the change
 * of September 2026 as far as it is known (docs/jitsi.md, "what is not known").
 *
 * Read and judged, never rewritten: what a message has beyond this is none of our business and is only named.
 */
#ifndef KR_STOCK_MESSAGE_H
#define KR_STOCK_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/span.h"

enum kr_stock_type {
    KR_STOCK_TYPE_NONE, /* JSON that is no key exchange: somebody else's json-message */
    KR_STOCK_TYPE_SESSION_INIT,
    KR_STOCK_TYPE_SESSION_ACK,
    KR_STOCK_TYPE_KEY_INFO,
    KR_STOCK_TYPE_KEY_INFO_ACK,
    KR_STOCK_TYPE_ERROR,
    KR_STOCK_TYPE_SAS_START,
    KR_STOCK_TYPE_SAS_ACCEPT,
    KR_STOCK_TYPE_SAS_KEY,
    KR_STOCK_TYPE_SAS_MAC,
    KR_STOCK_TYPE_OTHER, /* key exchange of a type that we do not know */
    KR_STOCK_TYPES
};

enum {
    KR_STOCK_JSON_MAX = 16384, /* bytes; those of stock clients have less than 1,000 */
    KR_STOCK_NAME = 65,        /* of a uuid, a transaction, a type or a field, with terminator */
    KR_STOCK_ERROR = 201       /* of an error's text, with terminator; longer ones are cut */
};

struct kr_stock_message {
    enum kr_stock_type type;
    char type_name[KR_STOCK_NAME];
    char uuid[KR_STOCK_NAME];       /* of the request; of SAS messages the transaction */
    struct kr_key id_key, one_time; /* SESSION_INIT: both Curve25519 */
    bool has_signature;             /* SESSION_INIT, SESSION_ACK: of clients since September 2026 */
    bool is_prekey;                 /* of the ciphertext: Olm's type 0 */
    char error[KR_STOCK_ERROR];     /* ERROR: its text, without control characters */
    char unknown[KR_STOCK_NAME];    /* the first field of it that is not known; "" if all are */
};

/* KR_E_MALFORMED: not JSON, a name doubled, or a known type without what it must have. KR_E_TOO_LARGE: beyond
 * KR_STOCK_JSON_MAX. The text is what the client parses: after JavaScript's unescape(). */
int kr_stock_parse(struct kr_span json, struct kr_stock_message *ret_m);

/* "session-init" and so on; "" for NONE and OTHER. */
const char *kr_stock_type_name(enum kr_stock_type type);

/* Appends the JSON of a message that carries no ciphertext of its own: body (base64) is put where one
 * belongs, and the commitment, key or MACs of SAS messages in the given strings. Unused ones are NULL. */
struct kr_stock_parts {
    const char *body;         /* ciphertext */
    const char *sas;          /* sas-accept: commitment, sas-key: key, sas-mac: keys */
    const char *mac_id, *mac; /* sas-mac */
};
int kr_stock_json(const struct kr_stock_message *m, const struct kr_stock_parts *parts, struct kr_buf *out);

/* Appends what a page gets as nonParticipantMessageReceived: {"type":"keyroom","event":...,"text":...} and,
 * if not NULL, "participant". */
int kr_stock_page_event(const char *event, const char *participant, const char *text, struct kr_buf *out);

#endif
