#include "log/rset.h"

#include "base/buf.h"
#include "base/hash.h"

struct kr_digest kr_log_rset(const struct kr_digest *sorted, size_t count)
{
    struct kr_buf b;
    kr_buf_init(&b, SIZE_MAX);
    kr_buf_add_lp(&b, kr_span_str("keyroom:1:rset"));
    for (size_t i = 0; i < count; i++)
        kr_buf_add_lp(&b, kr_span(sorted[i].b, sizeof(sorted[i].b)));
    struct kr_digest d = kr_sha256(kr_buf_span(&b));
    kr_buf_done(&b);
    return d;
}
