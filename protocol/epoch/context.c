#include "epoch/context.h"

#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"

const char *kr_epoch_kind_name(enum kr_epoch_kind kind)
{
    return kind == KR_EPOCH_RATCHET ? "ratchet" : "fresh";
}

int kr_epoch_kind_read(const char *name, enum kr_epoch_kind *ret_kind)
{
    if (strcmp(name, "fresh") == 0)
        *ret_kind = KR_EPOCH_FRESH;
    else if (strcmp(name, "ratchet") == 0)
        *ret_kind = KR_EPOCH_RATCHET;
    else
        return KR_E_MALFORMED;
    return 0;
}

static void add_lp_digest(struct kr_buf *b, const struct kr_digest *d)
{
    kr_buf_add_lp(b, d ? kr_span(d->b, sizeof(d->b)) : kr_span(NULL, 0));
}

struct kr_digest kr_context(const char *room, const struct kr_id *instance, const struct kr_digest *prev,
                            const struct kr_epoch_link *link)
{
    struct kr_buf b;
    kr_buf_init(&b, SIZE_MAX);
    kr_buf_add_lp(&b, kr_span_str("keyroom:1:epoch"));
    kr_buf_add_lp(&b, kr_span_str(room));
    kr_buf_add_lp(&b, kr_span(instance->b, sizeof(instance->b)));
    kr_buf_add_u32(&b, 8);
    kr_buf_add_u64(&b, link->epoch);
    add_lp_digest(&b, prev);
    kr_buf_add_lp(&b, kr_span_str(kr_epoch_kind_name(link->kind)));
    kr_buf_add_lp(&b, kr_span_str(kr_source_name(link->source)));
    kr_buf_add_lp(&b, kr_source_is_led(link->source) ? kr_span(link->leader.b, sizeof(link->leader.b))
                                                     : kr_span(NULL, 0));
    kr_buf_add_lp(&b, kr_span_str(kr_format_name(link->format)));
    kr_buf_add_u32(&b, 2);
    kr_buf_add_u16(&b, link->suite);
    add_lp_digest(&b, &link->policy);
    add_lp_digest(&b, &link->roster);
    if (link->log_size) {
        kr_buf_add_lp(&b, kr_span_str(link->log_origin));
        kr_buf_add_lp(&b, kr_span(link->log_key, sizeof(link->log_key)));
        kr_buf_add_u32(&b, 8);
        kr_buf_add_u64(&b, link->log_size);
        add_lp_digest(&b, &link->log_root);
    } else {
        for (int i = 0; i < 4; i++)
            kr_buf_add_lp(&b, kr_span(NULL, 0));
    }
    struct kr_digest d = kr_sha256(kr_buf_span(&b));
    kr_buf_done(&b);
    return d;
}
