#include "tally.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cursor.h"

/* The counters are JSON objects from the start: they are small, and it is what is printed in the end. */
struct kr_tally {
    const char *nick;
    json_t *sealed, *received, *opened, *refused;
};

enum { KEY_TEXT = 40 };

struct kr_tally *kr_tally_new(const char *nick)
{
    struct kr_tally *t = kr_calloc(1, sizeof(*t));
    *t = (struct kr_tally){nick, json_object(), json_object(), json_object(), json_object()};
    return t;
}

void kr_tally_free(struct kr_tally *t)
{
    if (!t)
        return;
    json_decref(t->sealed);
    json_decref(t->received);
    json_decref(t->opened);
    json_decref(t->refused);
    free(t);
}

static void write_key(char out[static KEY_TEXT], const struct kr_id *instance, uint64_t epoch)
{
    char id[KR_ID_TEXT] = "?";
    if (instance)
        kr_id_write(id, instance);
    snprintf(out, KEY_TEXT, "%.8s/%" PRIu64, id, epoch);
}

static json_t *object_in(json_t *parent, const char *key)
{
    json_t *child = json_object_get(parent, key);
    if (!child) {
        child = json_object();
        json_object_set_new(parent, key, child);
    }
    return child;
}

/* Adds one and gives the new count. */
static json_int_t count(json_t *object, const char *key)
{
    json_int_t n = json_integer_value(json_object_get(object, key)) + 1;
    json_object_set_new(object, key, json_integer(n));
    return n;
}

void kr_tally_make(struct kr_tally *t, const struct kr_id *instance, uint64_t epoch, size_t len,
                   struct kr_buf *out)
{
    char key[KEY_TEXT];
    size_t start = out->len;
    write_key(key, instance, epoch);
    kr_buf_add_lp(out, kr_span_str(t->nick));
    kr_buf_add(out, instance->b, sizeof(instance->b));
    kr_buf_add_u64(out, epoch);
    kr_buf_add_u64(out, (uint64_t)json_integer_value(json_object_get(t->sealed, key)));
    while (!out->err && out->len - start < len)
        kr_buf_add_u8(out, 0x5a);
}

void kr_tally_sealed(struct kr_tally *t, const struct kr_id *instance, uint64_t epoch)
{
    char key[KEY_TEXT];
    write_key(key, instance, epoch);
    count(t->sealed, key);
}

bool kr_tally_opened(struct kr_tally *t, const char *sender, uint64_t epoch, struct kr_span plain,
                     bool *ret_first)
{
    struct kr_cursor c = kr_cursor(plain);
    struct kr_span name = kr_cursor_bytes(&c, kr_cursor_u32(&c));
    struct kr_span id = kr_cursor_bytes(&c, 16);
    uint64_t said = kr_cursor_u64(&c);
    (void)kr_cursor_u64(&c);
    if (c.failed || said != epoch || name.len != strlen(sender) || memcmp(name.ptr, sender, name.len) != 0)
        return false;
    struct kr_id instance;
    char key[KEY_TEXT];
    memcpy(instance.b, id.ptr, sizeof(instance.b));
    write_key(key, &instance, epoch);
    count(object_in(t->received, sender), key);
    *ret_first = count(object_in(t->opened, sender), key) == 1;
    return true;
}

void kr_tally_refused(struct kr_tally *t, const char *sender, uint64_t epoch, const char *reason)
{
    char key[KEY_TEXT];
    write_key(key, NULL, epoch);
    count(object_in(t->received, sender), key);
    count(object_in(object_in(t->refused, sender), key), reason);
}

json_t *kr_tally_json(const struct kr_tally *t)
{
    return json_pack("{s:O,s:O,s:O,s:O}", "sealed", t->sealed, "received", t->received, "opened", t->opened,
                     "refused", t->refused);
}
