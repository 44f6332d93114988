#include "audit_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/id.h"
#include "io/seal.h"

struct name {
    char commitment[KR_KEY_TEXT];
    char *text;
};

struct kr_names {
    struct name *names;
    size_t count, cap, closed;
};

static int by_commitment(const void *a, const void *b)
{
    return memcmp(a, b, KR_KEY_TEXT);
}

/* As the store seals it (docs/storage.md, sealing). */
static void add(struct kr_names *n, const struct kr_secret *seal_key, sqlite3_stmt *s)
{
    struct kr_secret key = KR_SECRET_NONE;
    struct kr_id instance;
    const char *subject = (const char *)sqlite3_column_text(s, 1),
               *value = subject ? strchr(subject, ':') : NULL;
    if (!value || sqlite3_column_bytes(s, 0) != (int)sizeof(instance.b))
        return;
    memcpy(instance.b, sqlite3_column_blob(s, 0), sizeof(instance.b));
    char id[KR_ID_TEXT];
    kr_id_write(id, &instance);
    struct kr_buf purpose;
    kr_buf_init(&purpose, 8192);
    kr_buf_printf(&purpose, "opening:%s:%s", id, subject);
    char *text = kr_buf_take_str(&purpose);
    struct kr_span sealed = kr_span(sqlite3_column_blob(s, 2), (size_t)sqlite3_column_bytes(s, 2));
    if (text && kr_unseal(seal_key, text, sealed, &key) == 0) {
        kr_grow((void **)&n->names, &n->cap, n->count, sizeof(*n->names));
        struct kr_digest d = kr_hmac_sha256(&key, kr_span_str(value + 1));
        kr_digest_write(n->names[n->count].commitment, &d);
        n->names[n->count++].text = kr_strdup(value + 1);
    } else {
        n->closed++;
    }
    kr_secret_done(&key);
    free(text);
}

struct kr_names *kr_names_load(const struct kr_audit *a, sqlite3 *db)
{
    struct kr_names *n = kr_calloc(1, sizeof(*n));
    struct kr_secret key = KR_SECRET_NONE;
    char why[256] = "";
    if (!a->seal_key)
        return n;
    if (kr_seal_key_read(a->seal_key, why, &key)) {
        (void)kr_audit_complain("%s", why);
        kr_names_free(n);
        return NULL;
    }
    int err = 0;
    sqlite3_stmt *s = kr_audit_prepare(db, "SELECT instance, subject, sealed FROM opening", &err);
    while (s && kr_audit_next(s, &err))
        add(n, &key, s);
    sqlite3_finalize(s);
    kr_secret_done(&key);
    if (err) {
        kr_names_free(n);
        return NULL;
    }
    if (n->count)
        qsort(n->names, n->count, sizeof(*n->names), by_commitment);
    return n;
}

void kr_names_free(struct kr_names *n)
{
    for (size_t i = 0; n && i < n->count; i++)
        free(n->names[i].text);
    if (n)
        free(n->names);
    free(n);
}

size_t kr_names_closed(const struct kr_names *n)
{
    return n->closed;
}

const char *kr_names_find(const struct kr_names *n, struct kr_span commitment)
{
    struct name key = {.text = NULL};
    if (commitment.len != sizeof(key.commitment) - 1 || !n->count)
        return NULL;
    memcpy(key.commitment, commitment.ptr, commitment.len);
    const struct name *found = bsearch(&key, n->names, n->count, sizeof(*n->names), by_commitment);
    return found ? found->text : NULL;
}

void kr_audit_time(uint64_t ms, char out[static 32])
{
    time_t s = (time_t)(ms / 1000);
    struct tm tm;
    gmtime_r(&s, &tm);
    strftime(out, 32, "%Y-%m-%d %H:%M:%S", &tm);
}

static bool is_commitment(struct kr_span name)
{
    static const char *const names[] = {"room",   "participant", "owner", "device",   "actor",
                                        "roster", "policy",      "jid",   "verifier", "by"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (strlen(names[i]) == name.len && memcmp(names[i], name.ptr, name.len) == 0)
            return true;
    }
    return false;
}

void kr_audit_value(const struct kr_names *names, const struct kr_log_line *l, char out[static 4200])
{
    bool hidden = is_commitment(l->name) && l->value.len == KR_KEY_TEXT - 1; /* `by` may be the operator */
    const char *name = hidden ? kr_names_find(names, l->value) : NULL;
    if (name)
        (void)snprintf(out, KR_AUDIT_VALUE_MAX, "%s", name);
    else if (hidden)
        (void)snprintf(out, KR_AUDIT_VALUE_MAX, "(%.*s…)", l->value.len < 8 ? (int)l->value.len : 8,
                       (const char *)l->value.ptr);
    else
        (void)snprintf(out, KR_AUDIT_VALUE_MAX, "%.*s", (int)l->value.len, (const char *)l->value.ptr);
}
