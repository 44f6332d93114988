#include "message/encode.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/limit.h"
#include "xml/ns.h"

void kr_write_start(struct kr_xml *x, const char *name, const char *room)
{
    kr_xml_start(x, name, KR_NS);
    kr_xml_attr(x, "room", room);
}

void kr_write_start_in(struct kr_xml *x, const char *name, const struct kr_tag *in)
{
    char text[KR_TAG_TEXT];
    kr_tag_write(text, in);
    kr_xml_start(x, name, KR_NS);
    kr_xml_attr(x, "in", text);
}

void kr_write_part(struct kr_xml *x, uint32_t part, uint32_t of)
{
    if (of <= 1)
        return;
    kr_xml_attr_u64(x, "part", part);
    kr_xml_attr_u64(x, "of", of);
}

void kr_write_round(struct kr_xml *x, enum kr_round round)
{
    if (round != KR_ROUND_2)
        kr_xml_attr(x, "round", kr_round_name(round));
}

void kr_write_list(struct kr_xml *x, const char *name, const uint16_t *list, size_t count)
{
    if (count == 0)
        return;
    struct kr_buf b;
    kr_buf_init(&b, KR_STANZA_MAX);
    for (size_t i = 0; i < count; i++) {
        if (i)
            kr_buf_add_u8(&b, ' ');
        kr_buf_add_dec(&b, list[i]);
    }
    char *text = kr_buf_take_str(&b);
    if (text)
        kr_xml_attr(x, name, text);
    else
        x->out.err = b.err;
    free(text);
    kr_buf_done(&b);
}

void kr_write_entries(struct kr_xml *x, const struct kr_packed *entries, size_t count)
{
    if (count == 0)
        return;
    struct kr_buf b;
    kr_buf_init(&b, x->out.max);
    for (size_t i = 0; i < count; i++)
        kr_pack_add(&b, &entries[i]);
    if (b.err)
        x->out.err = b.err;
    else
        kr_xml_b64(x, kr_buf_span(&b));
    kr_buf_done(&b);
}

void kr_write_session(struct kr_xml *x, uint8_t type, struct kr_span message)
{
    struct kr_buf b;
    kr_buf_init(&b, x->out.max);
    kr_buf_add_u8(&b, type);
    kr_buf_add(&b, message.ptr, message.len);
    if (b.err)
        x->out.err = b.err;
    else
        kr_xml_b64(x, kr_buf_span(&b));
    kr_buf_done(&b);
}

void kr_write_policy(struct kr_xml *x, struct kr_span text)
{
    kr_xml_start(x, "policy", NULL);
    kr_xml_b64(x, text);
    kr_xml_end(x);
}

void kr_write_log(struct kr_xml *x, const struct kr_log_claim *log, bool signed_too)
{
    char text[KR_LOG_CLAIM_TEXT], root[KR_KEY_TEXT], sig[KR_SIG_TEXT];
    kr_digest_write(root, &log->root);
    kr_sig_write(sig, &log->sig);
    (void)snprintf(text, sizeof(text), signed_too ? "%llu %s %s" : "%llu %s", (unsigned long long)log->size,
                   root, sig);
    kr_xml_attr(x, "log", text);
}

void kr_write_member(struct kr_xml *x, const struct kr_member_line *m)
{
    kr_xml_start(x, "member", NULL);
    kr_xml_attr(x, "participant", m->participant);
    kr_xml_attr(x, "owner", m->owner);
    kr_xml_attr_id(x, "device", &m->device);
    kr_xml_attr_key(x, "ed25519", &m->ed25519);
    kr_xml_attr_key(x, "curve25519", &m->curve25519);
    kr_xml_attr_id(x, "attach", &m->attach);
    kr_xml_attr_id(x, "nonce", &m->nonce);
    kr_xml_attr_sig(x, "sig", &m->sig);
    kr_xml_attr_bool(x, "new", m->is_new);
    kr_xml_end(x);
}
