#include "load/stock_message.h"

#include <string.h>

#include "base/err.h"

#define Q "&quot;"

static const char *const names[KR_STOCK_KINDS] = {[KR_STOCK_INIT] = "session-init",
                                                  [KR_STOCK_SESSION_ACK] = "session-ack",
                                                  [KR_STOCK_KEY_INFO] = "key-info",
                                                  [KR_STOCK_KEY_INFO_ACK] = "key-info-ack"};

void kr_stock_write(struct kr_buf *b, const char *room, const char *nick, const struct kr_stock_message *m)
{
    kr_buf_printf(b,
                  "<message to='%s/%s' type='chat'><json-message xmlns='http://jitsi.org/jitmeet'>{" Q
                  "type" Q ":" Q "olm" Q "," Q "olm" Q ":{" Q "data" Q ":{",
                  room, nick);
    if (m->kind == KR_STOCK_INIT) {
        kr_buf_printf(b, Q "idKey" Q ":" Q "%.43s" Q "," Q "otKey" Q ":" Q "%.43s" Q, m->id_key,
                      m->one_time_key);
    } else {
        kr_buf_printf(b, Q "ciphertext" Q ":{" Q "type" Q ":%u," Q "body" Q ":" Q, m->type);
        kr_buf_add(b, m->body, m->body_len);
        kr_buf_add_str(b, Q "}");
    }
    kr_buf_printf(b,
                  "," Q "uuid" Q ":" Q "%.36s" Q "}," Q "type" Q ":" Q "%s" Q "}}</json-message></message>",
                  m->uuid, names[m->kind]);
}

/* The value of a string member: from behind its opening quote to the closing one. */
static const char *member(const struct kr_piece *p, const char *name, size_t *ret_len)
{
    const char *at = kr_piece_find(p, NULL, name);
    at = at ? at + strlen(name) : NULL;
    const char *end = at ? kr_piece_find(p, at, Q) : NULL;
    if (!end)
        return NULL;
    *ret_len = (size_t)(end - at);
    return at;
}

/* The type stands last, so it is read from behind. */
static int read_kind(const struct kr_piece *p, enum kr_stock_kind *ret_kind)
{
    static const char tail[] = Q "}}";
    const char *end = kr_piece_find(p, NULL, "</json-message>");
    if (!end || (size_t)(end - p->ptr) < sizeof(tail) ||
        memcmp(end - sizeof(tail) + 1, tail, sizeof(tail) - 1) != 0)
        return KR_E_MALFORMED;
    end -= sizeof(tail) - 1;
    const char *word = end;
    while (word > p->ptr && word[-1] != ';')
        word--;
    for (size_t k = 0; k < KR_STOCK_KINDS; k++) {
        if (strlen(names[k]) == (size_t)(end - word) && memcmp(names[k], word, (size_t)(end - word)) == 0) {
            *ret_kind = (enum kr_stock_kind)k;
            return 0;
        }
    }
    return KR_E_MALFORMED;
}

int kr_stock_read(const struct kr_piece *p, struct kr_stock_message *ret_message)
{
    struct kr_stock_message m = {.type = 0};
    size_t uuid_len = 0, id_len = 43, one_time_len = 43;
    int err = read_kind(p, &m.kind);
    if (err)
        return err;
    m.uuid = member(p, Q "uuid" Q ":" Q, &uuid_len);
    if (m.kind == KR_STOCK_INIT) {
        m.id_key = member(p, Q "idKey" Q ":" Q, &id_len);
        m.one_time_key = member(p, Q "otKey" Q ":" Q, &one_time_len);
        if (!m.id_key || !m.one_time_key)
            return KR_E_MALFORMED;
    } else {
        m.body = member(p, Q "body" Q ":" Q, &m.body_len);
        const char *type = m.body ? m.body - strlen(Q "body" Q ":" Q) - 2 : NULL;
        if (!type || type < p->ptr || (*type != '0' && *type != '1'))
            return KR_E_MALFORMED;
        m.type = *type == '1';
    }
    if (!m.uuid || uuid_len != KR_STOCK_UUID || id_len != 43 || one_time_len != 43)
        return KR_E_MALFORMED;
    *ret_message = m;
    return 0;
}
