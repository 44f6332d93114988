#include "log/bundle.h"

#include "log/line.h"

#define HEADER "c2sp.org/tlog-proof@v1\n"

void kr_bundle_write(const struct kr_bundle *bundle, struct kr_buf *b)
{
    kr_buf_add_str(b, HEADER);
    if (bundle->extra.len) {
        kr_buf_add_str(b, "extra ");
        kr_line_add_base64(b, bundle->extra);
        kr_buf_add_str(b, "\n");
    }
    kr_buf_add_str(b, "index ");
    kr_buf_add_dec(b, bundle->index);
    kr_buf_add_str(b, "\n");
    for (size_t i = 0; i < bundle->proof.count; i++)
        kr_line_add_hash(b, &bundle->proof.hashes[i]);
    kr_buf_add_str(b, "\n");
    kr_buf_add(b, bundle->note.ptr, bundle->note.len);
}

/* The hashes up to and with the empty line. */
static enum kr_log_verdict read_hashes(struct kr_span *rest, struct kr_log_proof *proof)
{
    struct kr_span line;
    while (kr_line_next(rest, &line)) {
        if (line.len == 0)
            return KR_LOG_OK;
        if (proof->count == KR_PROOF_HASHES_MAX)
            return KR_LOG_BUNDLE_TOO_LONG;
        if (!kr_line_hash(line, &proof->hashes[proof->count]))
            return KR_LOG_BAD_HASH;
        proof->count++;
    }
    return KR_LOG_BUNDLE_CUT;
}

enum kr_log_verdict kr_bundle_read(struct kr_span bytes, struct kr_buf *extra, struct kr_bundle *ret_bundle)
{
    struct kr_bundle bundle = {.index = 0};
    struct kr_span line;
    kr_buf_clear(extra);
    if (bytes.len > KR_BUNDLE_MAX)
        return KR_LOG_BUNDLE_TOO_LONG;
    if (!kr_line_skip(&bytes, HEADER))
        return KR_LOG_BUNDLE_HEADER;
    if (!kr_line_next(&bytes, &line))
        return KR_LOG_BUNDLE_INDEX;
    if (kr_line_skip(&line, "extra ")) {
        if (line.len == 0 || line.len > KR_BUNDLE_EXTRA_MAX || !kr_line_base64(line, extra))
            return line.len > KR_BUNDLE_EXTRA_MAX ? KR_LOG_BUNDLE_TOO_LONG : KR_LOG_BUNDLE_EXTRA;
        bundle.extra = kr_buf_span(extra);
        if (!kr_line_next(&bytes, &line))
            return KR_LOG_BUNDLE_INDEX;
    }
    if (!kr_line_skip(&line, "index ") || !kr_line_decimal(line, &bundle.index))
        return KR_LOG_BUNDLE_INDEX;
    enum kr_log_verdict v = read_hashes(&bytes, &bundle.proof);
    if (v != KR_LOG_OK)
        return v;
    bundle.note = bytes;
    *ret_bundle = bundle;
    return KR_LOG_OK;
}

enum kr_log_verdict kr_bundle_check(const struct kr_bundle *bundle, const struct kr_digest *leaf,
                                    const struct kr_checkpoint_trust *trust, struct kr_checkpoint *ret_c)
{
    struct kr_checkpoint c;
    enum kr_log_verdict v = kr_checkpoint_open(bundle->note, trust, &c);
    if (v == KR_LOG_OK)
        v = kr_inclusion_check(bundle->index, c.size, leaf, bundle->proof.hashes, bundle->proof.count,
                               &c.root);
    if (v == KR_LOG_OK)
        *ret_c = c;
    return v;
}
