/* What a stock participant seals and opens: its present key under an Olm session. Real, or only of the right
 * size: then a session knows no more than which kind of message is due. */
#ifndef KR_LOAD_STOCK_CIPHER_H
#define KR_LOAD_STOCK_CIPHER_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/random.h"

struct kr_stock_device;  /* an account, and the key in use */
struct kr_stock_session; /* with one peer */

struct kr_stock_device *kr_stock_device_new(const struct kr_random *random,
                                            bool real); /* NULL: libolm refuses */
void kr_stock_device_free(struct kr_stock_device *d);
const char *kr_stock_id_key(const struct kr_stock_device *d); /* Curve25519, 43 characters */
void kr_stock_one_time(struct kr_stock_device *d, char out[static KR_KEY_TEXT]);

/* From session-init's keys (43 characters each, not NUL-terminated). NULL: libolm refuses. */
struct kr_stock_session *kr_stock_outbound(struct kr_stock_device *d, const char *id_key,
                                           const char *one_time);
/* From session-ack's body, which brings the peer's key number *ret_key (0: it has none yet). NULL: libolm
 * refuses. */
struct kr_stock_session *kr_stock_inbound(struct kr_stock_device *d, const struct kr_stock_device *peer,
                                          unsigned peer_key, const char *body, size_t len, unsigned *ret_key);
/* A sized one that has been in use. */
struct kr_stock_session *kr_stock_session_steady(void);
void kr_stock_session_free(struct kr_stock_session *s);

/* Appends the base64 of our key number `key` (0: none yet), sealed. */
int kr_stock_seal(struct kr_stock_session *s, const struct kr_stock_device *d, unsigned key,
                  unsigned *ret_type, struct kr_buf *out);
/* Opens it and compares with what the peer's key is: KR_E_CANNOT_OPEN if it is another one, of an older
 * number, or nothing that opens. */
int kr_stock_open(struct kr_stock_session *s, const struct kr_stock_device *peer, unsigned peer_key,
                  unsigned type, const char *body, size_t len, unsigned *ret_key);

#endif
