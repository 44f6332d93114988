#include <stdlib.h>

#include <jansson.h>

#include "base/err.h"
#include "stock/message.h"

/* Takes over the JSON. */
static int put(json_t *root, struct kr_buf *out)
{
    char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;
    json_decref(root);
    if (!text)
        return KR_E_MALFORMED;
    kr_buf_add_str(out, text);
    free(text);
    return out->err;
}

static json_t *sealed(const struct kr_stock_message *m, const struct kr_stock_parts *parts)
{
    return json_pack("{s:{s:i, s:s}, s:s}", "ciphertext", "type", m->is_prekey ? 0 : 1, "body", parts->body,
                     "uuid", m->uuid);
}

static json_t *data_of(const struct kr_stock_message *m, const struct kr_stock_parts *parts)
{
    char id_key[KR_KEY_TEXT], one_time[KR_KEY_TEXT];
    switch (m->type) {
    case KR_STOCK_TYPE_SESSION_INIT:
        kr_key_write(id_key, &m->id_key);
        kr_key_write(one_time, &m->one_time);
        return json_pack("{s:s, s:s, s:s}", "idKey", id_key, "otKey", one_time, "uuid", m->uuid);
    case KR_STOCK_TYPE_SESSION_ACK:
    case KR_STOCK_TYPE_KEY_INFO:
    case KR_STOCK_TYPE_KEY_INFO_ACK:
        return sealed(m, parts);
    case KR_STOCK_TYPE_ERROR:
        return json_pack("{s:s}", "error", m->error);
    case KR_STOCK_TYPE_SAS_START:
        return json_pack("{s:s}", "transactionId", m->uuid);
    case KR_STOCK_TYPE_SAS_ACCEPT:
        return json_pack("{s:s, s:s}", "commitment", parts->sas, "transactionId", m->uuid);
    case KR_STOCK_TYPE_SAS_KEY:
        return json_pack("{s:s, s:s}", "key", parts->sas, "transactionId", m->uuid);
    case KR_STOCK_TYPE_SAS_MAC:
        return json_pack("{s:s, s:{s:s}, s:s}", "keys", parts->sas, "mac", parts->mac_id, parts->mac,
                         "transactionId", m->uuid);
    case KR_STOCK_TYPE_NONE:
    case KR_STOCK_TYPE_OTHER:
    case KR_STOCK_TYPES:
        break;
    }
    return NULL;
}

int kr_stock_json(const struct kr_stock_message *m, const struct kr_stock_parts *parts, struct kr_buf *out)
{
    json_t *data = data_of(m, parts);
    if (!data)
        return KR_E_MALFORMED;
    return put(json_pack("{s:s, s:{s:o, s:s}}", "type", "olm", "olm", "data", data, "type",
                         kr_stock_type_name(m->type)),
               out);
}

int kr_stock_page_event(const char *event, const char *participant, const char *text, struct kr_buf *out)
{
    return put(json_pack("{s:s, s:s, s:s*, s:s}", "type", "keyroom", "event", event, "participant",
                         participant, "text", text),
               out);
}
