#include "message/read.h"

#include <string.h>

#include "base/base64.h"
#include "base/err.h"
#include "message/stanza.h"
#include "xml/ns.h"

void kr_read_fail(struct kr_read *r, int err)
{
    if (!r->err)
        r->err = err;
}

void kr_read_u64(struct kr_read *r, const struct kr_el *el, const char *name, uint64_t min, uint64_t max,
                 uint64_t *out)
{
    uint64_t v = 0;
    if (r->err)
        return;
    r->err = kr_el_attr_u64(el, name, max, &v);
    if (r->err)
        return;
    if (v < min)
        r->err = KR_E_MALFORMED;
    else
        *out = v;
}

void kr_read_id(struct kr_read *r, const struct kr_el *el, const char *name, struct kr_id *out)
{
    if (!r->err)
        r->err = kr_el_attr_id(el, name, out);
}

void kr_read_key(struct kr_read *r, const struct kr_el *el, const char *name, struct kr_key *out)
{
    if (!r->err)
        r->err = kr_el_attr_key(el, name, out);
}

void kr_read_digest(struct kr_read *r, const struct kr_el *el, const char *name, struct kr_digest *out)
{
    if (!r->err)
        r->err = kr_el_attr_digest(el, name, out);
}

void kr_read_confirm(struct kr_read *r, const struct kr_el *el, bool *has, struct kr_digest *out)
{
    *has = kr_el_attr(el, "confirm") != NULL;
    if (*has)
        kr_read_digest(r, el, "confirm", out);
}

void kr_read_sig(struct kr_read *r, const struct kr_el *el, const char *name, struct kr_sig *out)
{
    if (!r->err)
        r->err = kr_el_attr_sig(el, name, out);
}

void kr_read_bool(struct kr_read *r, const struct kr_el *el, const char *name, bool *out)
{
    if (!r->err)
        r->err = kr_el_attr_bool(el, name, out);
}

void kr_read_text(struct kr_read *r, const struct kr_el *el, const char *name, size_t max, bool may_be_empty,
                  const char **out)
{
    if (!r->err)
        r->err = kr_el_attr_text(el, name, max, may_be_empty, out);
}

void kr_read_room(struct kr_read *r, const struct kr_el *el, const char **out)
{
    const char *room = "";
    kr_read_text(r, el, "room", KR_JID_MAX, false, &room);
    if (r->err)
        return;
    if (!kr_jid_valid(room) || strchr(room, '/'))
        r->err = KR_E_MALFORMED;
    else
        *out = room;
}

void kr_read_tag(struct kr_read *r, const struct kr_el *el, struct kr_tag *out)
{
    const char *tag = kr_el_attr(el, "in");
    if (!tag)
        kr_read_fail(r, KR_E_MALFORMED);
    else if (!r->err)
        r->err = kr_tag_read(tag, out);
}

void kr_read_epoch(struct kr_read *r, const struct kr_el *el, const char *name, uint64_t *out)
{
    kr_read_u64(r, el, name, 1, KR_EPOCH_MAX, out);
}

void kr_read_round(struct kr_read *r, const struct kr_el *el, enum kr_round *out)
{
    const char *name = kr_el_attr(el, "round");
    *out = KR_ROUND_2;
    if (!name)
        return;
    for (enum kr_round round = KR_ROUND_1; name && round <= KR_ROUND_SUPPLEMENT; round++) {
        if (strcmp(name, kr_round_name(round)) == 0) {
            *out = round;
            return;
        }
    }
    kr_read_fail(r, KR_E_MALFORMED);
}

void kr_read_kind(struct kr_read *r, const struct kr_el *el, enum kr_epoch_kind *out)
{
    const char *kind = kr_el_attr(el, "kind");
    *out = KR_EPOCH_FRESH;
    if (kind && kr_epoch_kind_read(kind, out))
        kr_read_fail(r, KR_E_MALFORMED);
}

void kr_read_link(struct kr_read *r, const struct kr_el *el, struct kr_epoch_link *out)
{
    const char *source = "", *format = "";
    uint64_t suite = 0;
    kr_read_epoch(r, el, "epoch", &out->epoch);
    kr_read_kind(r, el, &out->kind);
    kr_read_text(r, el, "source", KR_NICK_MAX, false, &source);
    kr_read_text(r, el, "format", KR_NICK_MAX, false, &format);
    kr_read_u64(r, el, "suite", 0, UINT16_MAX, &suite);
    kr_read_digest(r, el, "roster", &out->roster);
    kr_read_digest(r, el, "policy", &out->policy);
    if (r->err)
        return;
    if (kr_source_read(kr_span_str(source), &out->source) ||
        kr_format_read(kr_span_str(format), &out->format) || !kr_suite_fits(out->format, suite))
        r->err = KR_E_MALFORMED;
    out->suite = (uint16_t)suite;
}

void kr_read_log(struct kr_read *r, const struct kr_el *el, bool signed_too, struct kr_log_claim *out)
{
    const char *s = kr_el_attr(el, "log");
    if (r->err || !s)
        return;
    uint64_t size = 0;
    size_t digits = strcspn(s, " ");
    bool good = digits > 0 && digits < 19 && *s != '0' && s[digits] == ' ';
    for (size_t i = 0; good && i < digits; i++) {
        good = s[i] >= '0' && s[i] <= '9';
        size = size * 10 + (uint64_t)(s[i] - '0');
    }
    struct kr_log_claim c = {.size = size};
    char root[KR_KEY_TEXT] = "";
    const char *rest = good ? s + digits + 1 : "";
    if (strlen(rest) >= sizeof(root) - 1)
        memcpy(root, rest, sizeof(root) - 1);
    good = good && kr_digest_read(root, &c.root) == 0;
    rest += good ? sizeof(root) - 1 : 0;
    good = good && (signed_too ? *rest == ' ' && kr_sig_read(rest + 1, &c.sig) == 0 : !*rest);
    if (good)
        *out = c;
    else
        kr_read_fail(r, KR_E_MALFORMED);
}

void kr_read_part(struct kr_read *r, const struct kr_el *el, uint32_t *part, uint32_t *of)
{
    uint64_t p = 1, n = 1;
    if (kr_el_attr(el, "part") || kr_el_attr(el, "of")) {
        kr_read_u64(r, el, "of", 1, KR_PARTS_MAX, &n);
        kr_read_u64(r, el, "part", 1, n, &p);
    }
    *part = (uint32_t)p;
    *of = (uint32_t)n;
}

/* One index at *s, which is moved behind it. */
static int read_index(const char **s, uint16_t *ret_index)
{
    const char *p = *s;
    unsigned v = 0;
    if (*p < '0' || *p > '9' || (p[0] == '0' && p[1] >= '0' && p[1] <= '9'))
        return KR_E_MALFORMED;
    for (; *p >= '0' && *p <= '9'; p++) {
        v = v * 10 + (unsigned)(*p - '0');
        if (v >= KR_OCCUPANTS_MAX)
            return KR_E_MALFORMED;
    }
    *s = p;
    *ret_index = (uint16_t)v;
    return 0;
}

void kr_read_list(struct kr_read *r, const struct kr_el *el, const char *name, const uint16_t **list,
                  size_t *count)
{
    const char *s = kr_el_attr(el, name);
    if (r->err || !s)
        return;
    size_t spaces = 0, n = 0;
    for (const char *p = s; *p; p++)
        spaces += *p == ' ';
    uint16_t *indices =
        spaces < KR_OCCUPANTS_MAX ? kr_arena_array(r->arena, spaces + 1, sizeof(*indices)) : NULL;
    if (!indices) {
        r->err = KR_E_TOO_LARGE;
        return;
    }
    for (;;) {
        if (read_index(&s, &indices[n]) || (n && indices[n] <= indices[n - 1]) || (*s && *s != ' ')) {
            r->err = KR_E_MALFORMED;
            return;
        }
        n++;
        if (!*s)
            break;
        s++;
    }
    *list = indices;
    *count = n;
}

void kr_read_bytes(struct kr_read *r, const struct kr_el *el, size_t min, size_t max, struct kr_span *out)
{
    if (r->err)
        return;
    struct kr_buf b;
    kr_buf_init(&b, max);
    r->err = kr_b64_decode(&b, el->text, el->text_len);
    if (!r->err && b.len < min)
        r->err = KR_E_MALFORMED;
    uint8_t *bytes = r->err ? NULL : kr_arena_alloc(r->arena, b.len);
    if (!r->err && !bytes)
        r->err = KR_E_TOO_LARGE;
    if (!r->err) {
        if (b.len)
            memcpy(bytes, b.ptr, b.len);
        *out = kr_span(bytes, b.len);
    }
    kr_buf_done(&b);
}

void kr_read_entries(struct kr_read *r, const struct kr_el *el, const struct kr_packed **entries,
                     size_t *count)
{
    struct kr_span bytes = kr_span(NULL, 0);
    kr_read_bytes(r, el, 0, KR_STANZA_MAX, &bytes);
    if (!r->err)
        r->err = kr_pack_read(bytes, r->arena, entries, count);
}

void kr_read_session(struct kr_read *r, const struct kr_el *el, uint8_t *type, struct kr_span *message)
{
    struct kr_span bytes = kr_span(NULL, 0);
    kr_read_bytes(r, el, 2, 1 + KR_CIPHERTEXT_MAX, &bytes);
    if (r->err)
        return;
    if (bytes.ptr[0] != KR_PACKED_PREKEY && bytes.ptr[0] != KR_PACKED_NORMAL) {
        r->err = KR_E_MALFORMED;
        return;
    }
    *type = bytes.ptr[0];
    *message = kr_span(bytes.ptr + 1, bytes.len - 1);
}

void kr_read_member(struct kr_read *r, const struct kr_el *el, struct kr_member_line *m)
{
    kr_read_text(r, el, "participant", KR_NICK_MAX, false, &m->participant);
    kr_read_text(r, el, "owner", KR_JID_MAX, true, &m->owner);
    kr_read_id(r, el, "device", &m->device);
    kr_read_key(r, el, "ed25519", &m->ed25519);
    kr_read_key(r, el, "curve25519", &m->curve25519);
    kr_read_id(r, el, "attach", &m->attach);
    kr_read_id(r, el, "nonce", &m->nonce);
    kr_read_sig(r, el, "sig", &m->sig);
    kr_read_bool(r, el, "new", &m->is_new);
}

const struct kr_el *kr_read_single(struct kr_read *r, const struct kr_el *el, const char *name)
{
    const struct kr_el *child = kr_el_child(el, name, KR_NS);
    if (child && kr_el_next(child, name, KR_NS))
        kr_read_fail(r, KR_E_MALFORMED);
    return r->err ? NULL : child;
}

void *kr_read_array(struct kr_read *r, const struct kr_el *el, const char *name, size_t max, int err_over,
                    size_t item_size, size_t *count)
{
    size_t n = 0;
    for (const struct kr_el *c = kr_el_child(el, name, KR_NS); c; c = kr_el_next(c, name, KR_NS))
        n++;
    if (n > max)
        kr_read_fail(r, err_over);
    void *items = r->err ? NULL : kr_arena_array(r->arena, n, item_size);
    if (!items)
        kr_read_fail(r, KR_E_TOO_LARGE);
    *count = r->err ? 0 : n;
    return items;
}
