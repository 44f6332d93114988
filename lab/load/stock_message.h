/* Stock Jitsi's messages about keys: JSON in a MUC private message, quotes escaped as its XML writer does. */
#ifndef KR_LOAD_STOCK_MESSAGE_H
#define KR_LOAD_STOCK_MESSAGE_H

#include "base/buf.h"
#include "load/scan.h"

enum kr_stock_kind {
    KR_STOCK_INIT,
    KR_STOCK_SESSION_ACK,
    KR_STOCK_KEY_INFO,
    KR_STOCK_KEY_INFO_ACK,
    KR_STOCK_KINDS
};

enum { KR_STOCK_UUID = 36 };

struct kr_stock_message {
    enum kr_stock_kind kind;
    const char *uuid; /* KR_STOCK_UUID characters; not NUL-terminated when read */
    /* session-init */
    const char *id_key, *one_time_key; /* 43 characters each */
    /* the others */
    unsigned type; /* Olm's: 0 or 1 */
    const char *body;
    size_t body_len; /* unpadded base64 */
};

/* Appends the stanza. `to`: the full JID in the room. */
void kr_stock_write(struct kr_buf *b, const char *room, const char *nick, const struct kr_stock_message *m);

/* KR_E_MALFORMED: not one of these four. Pointers are into the piece. */
int kr_stock_read(const struct kr_piece *p, struct kr_stock_message *ret_message);

#endif
