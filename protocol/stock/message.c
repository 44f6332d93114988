#include "stock/message.h"

#include <string.h>

#include <jansson.h>

#include "base/err.h"
#include "base/utf8.h"

static const char *const type_names[KR_STOCK_TYPES] = {
    [KR_STOCK_TYPE_NONE] = "",
    [KR_STOCK_TYPE_SESSION_INIT] = "session-init",
    [KR_STOCK_TYPE_SESSION_ACK] = "session-ack",
    [KR_STOCK_TYPE_KEY_INFO] = "key-info",
    [KR_STOCK_TYPE_KEY_INFO_ACK] = "key-info-ack",
    [KR_STOCK_TYPE_ERROR] = "error",
    [KR_STOCK_TYPE_SAS_START] = "sas-start",
    [KR_STOCK_TYPE_SAS_ACCEPT] = "sas-accept",
    [KR_STOCK_TYPE_SAS_KEY] = "sas-key",
    [KR_STOCK_TYPE_SAS_MAC] = "sas-mac",
    [KR_STOCK_TYPE_OTHER] = "",
};

/* What stands in olm.data of each type. */
static const char *const fields[KR_STOCK_TYPES][4] = {
    [KR_STOCK_TYPE_SESSION_INIT] = {"idKey", "otKey", "uuid", "signature"},
    [KR_STOCK_TYPE_SESSION_ACK] = {"ciphertext", "uuid", "signature"},
    [KR_STOCK_TYPE_KEY_INFO] = {"ciphertext", "uuid"},
    [KR_STOCK_TYPE_KEY_INFO_ACK] = {"ciphertext", "uuid"},
    [KR_STOCK_TYPE_ERROR] = {"error"},
    [KR_STOCK_TYPE_SAS_START] = {"transactionId"},
    [KR_STOCK_TYPE_SAS_ACCEPT] = {"commitment", "transactionId"},
    [KR_STOCK_TYPE_SAS_KEY] = {"key", "transactionId"},
    [KR_STOCK_TYPE_SAS_MAC] = {"keys", "mac", "transactionId"},
};

const char *kr_stock_type_name(enum kr_stock_type type)
{
    return type_names[type];
}

static enum kr_stock_type type_of(const char *name)
{
    for (enum kr_stock_type t = KR_STOCK_TYPE_SESSION_INIT; t < KR_STOCK_TYPE_OTHER; t++) {
        if (strcmp(type_names[t], name) == 0)
            return t;
    }
    return KR_STOCK_TYPE_OTHER;
}

/* Text of one to max - 1 plain bytes. */
static bool text(const json_t *object, const char *name, char *out, size_t max)
{
    const json_t *value = json_object_get(object, name);
    const char *s = json_string_value(value);
    if (!s || !*s || json_string_length(value) != strlen(s) || !kr_utf8_plain(s, max - 1))
        return false;
    memcpy(out, s, strlen(s) + 1);
    return true;
}

static bool is_text(const json_t *object, const char *name)
{
    const char *s = json_string_value(json_object_get(object, name));
    return s && *s;
}

static bool key(const json_t *object, const char *name, struct kr_key *ret_key)
{
    const json_t *value = json_object_get(object, name);
    const char *s = json_string_value(value);
    return s && json_string_length(value) == strlen(s) && kr_key_read(s, ret_key) == 0;
}

/* {"type": 0 or 1, "body": base64} */
static bool ciphertext(const json_t *data, struct kr_stock_message *m)
{
    const json_t *c = json_object_get(data, "ciphertext"), *type = json_object_get(c, "type");
    if (!json_is_integer(type) || !is_text(c, "body"))
        return false;
    json_int_t v = json_integer_value(type);
    m->is_prekey = v == 0;
    return v == 0 || v == 1;
}

static void error_text(const json_t *data, struct kr_stock_message *m)
{
    const char *s = json_string_value(json_object_get(data, "error"));
    size_t len = 0;
    for (; s && *s && len < sizeof(m->error) - 1; s++) {
        if ((unsigned char)*s >= 0x20 && (unsigned char)*s < 0x7f)
            m->error[len++] = *s;
    }
    m->error[len] = '\0';
}

static bool known_field(enum kr_stock_type type, const char *name)
{
    for (size_t i = 0; i < sizeof(fields[0]) / sizeof(fields[0][0]); i++) {
        if (fields[type][i] && strcmp(fields[type][i], name) == 0)
            return true;
    }
    return false;
}

static void name_unknown(json_t *data, struct kr_stock_message *m)
{
    const char *name;
    json_t *value;
    json_object_foreach(data, name, value)
    {
        if (known_field(m->type, name))
            continue;
        memcpy(m->unknown, "?", 2);
        if (*name && kr_utf8_plain(name, sizeof(m->unknown) - 1))
            memcpy(m->unknown, name, strlen(name) + 1);
        return;
    }
}

static bool read_data(json_t *data, struct kr_stock_message *m)
{
    m->has_signature = json_object_get(data, "signature") != NULL;
    switch (m->type) {
    case KR_STOCK_TYPE_SESSION_INIT:
        return text(data, "uuid", m->uuid, sizeof(m->uuid)) && key(data, "idKey", &m->id_key) &&
               key(data, "otKey", &m->one_time);
    case KR_STOCK_TYPE_SESSION_ACK:
    case KR_STOCK_TYPE_KEY_INFO:
    case KR_STOCK_TYPE_KEY_INFO_ACK:
        return text(data, "uuid", m->uuid, sizeof(m->uuid)) && ciphertext(data, m);
    case KR_STOCK_TYPE_SAS_START:
        return text(data, "transactionId", m->uuid, sizeof(m->uuid));
    case KR_STOCK_TYPE_SAS_ACCEPT:
        return text(data, "transactionId", m->uuid, sizeof(m->uuid)) && is_text(data, "commitment");
    case KR_STOCK_TYPE_SAS_KEY:
        return text(data, "transactionId", m->uuid, sizeof(m->uuid)) && is_text(data, "key");
    case KR_STOCK_TYPE_SAS_MAC:
        return text(data, "transactionId", m->uuid, sizeof(m->uuid)) && is_text(data, "keys") &&
               json_is_object(json_object_get(data, "mac"));
    case KR_STOCK_TYPE_ERROR:
        error_text(data, m);
        return true;
    case KR_STOCK_TYPE_NONE:
    case KR_STOCK_TYPE_OTHER:
    case KR_STOCK_TYPES:
        break;
    }
    return true;
}

static int read_olm(json_t *root, struct kr_stock_message *m)
{
    json_t *olm = json_object_get(root, "olm"), *data = json_object_get(olm, "data");
    if (!json_is_object(olm) || !text(olm, "type", m->type_name, sizeof(m->type_name)))
        return KR_E_MALFORMED;
    m->type = type_of(m->type_name);
    if (m->type == KR_STOCK_TYPE_OTHER)
        return 0;
    if (!json_is_object(data) || !read_data(data, m))
        return KR_E_MALFORMED;
    name_unknown(data, m);
    return 0;
}

int kr_stock_parse(struct kr_span json, struct kr_stock_message *ret_m)
{
    *ret_m = (struct kr_stock_message){.type = KR_STOCK_TYPE_NONE};
    if (json.len > KR_STOCK_JSON_MAX)
        return KR_E_TOO_LARGE;
    /* A doubled name would be one thing to us and another to the client. */
    json_t *root = json_loadb((const char *)json.ptr, json.len, JSON_REJECT_DUPLICATES, NULL);
    const char *type = json_string_value(json_object_get(root, "type"));
    int err = 0;
    if (!json_is_object(root))
        err = KR_E_MALFORMED;
    else if (type && strcmp(type, "olm") == 0)
        err = read_olm(root, ret_m);
    json_decref(root);
    return err;
}
