#include "message/encode.h"

#include <stdlib.h>

#include "base/limit.h"
#include "xml/ns.h"

void kr_write_start(struct kr_xml *x, const char *name, const char *room)
{
    kr_xml_start(x, name, KR_NS);
    kr_xml_attr(x, "room", room);
}

void kr_write_part(struct kr_xml *x, uint32_t part, uint32_t of)
{
    if (of <= 1)
        return;
    kr_xml_attr_u64(x, "part", part);
    kr_xml_attr_u64(x, "of", of);
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

void kr_write_prekey(struct kr_xml *x, struct kr_span message)
{
    struct kr_buf b;
    kr_buf_init(&b, x->out.max);
    kr_buf_add_u8(&b, KR_PACKED_PREKEY);
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
