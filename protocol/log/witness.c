#include "log/witness.h"

#include "log/line.h"

void kr_witness_request_add(struct kr_buf *b, const struct kr_witness_request *r)
{
    kr_buf_add_str(b, "old ");
    kr_buf_add_dec(b, r->old);
    kr_buf_add_str(b, "\n");
    for (size_t i = 0; i < r->proof.count; i++)
        kr_line_add_hash(b, &r->proof.hashes[i]);
    kr_buf_add_str(b, "\n");
    kr_buf_add(b, r->note.ptr, r->note.len);
}

enum kr_log_verdict kr_witness_request_read(struct kr_span body, struct kr_witness_request *ret_r)
{
    struct kr_witness_request r = {.old = 0};
    struct kr_span line;
    if (!kr_line_next(&body, &line) || !kr_line_skip(&line, "old ") || !kr_line_decimal(line, &r.old))
        return KR_LOG_REQUEST_FORM;
    for (;;) {
        if (!kr_line_next(&body, &line))
            return KR_LOG_REQUEST_FORM;
        if (line.len == 0)
            break;
        if (r.proof.count == KR_WITNESS_HASHES_MAX)
            return KR_LOG_PROOF_LONG;
        if (!kr_line_hash(line, &r.proof.hashes[r.proof.count]))
            return KR_LOG_BAD_HASH;
        r.proof.count++;
    }
    r.note = body;
    *ret_r = r;
    return KR_LOG_OK;
}

enum kr_log_verdict kr_witness_size(struct kr_span body, uint64_t *ret_size)
{
    struct kr_span line;
    uint64_t size;
    if (!kr_line_next(&body, &line) || body.len || !kr_line_decimal(line, &size))
        return KR_LOG_REQUEST_FORM;
    *ret_size = size;
    return KR_LOG_OK;
}

enum kr_log_verdict kr_witness_cosigned(struct kr_span body, struct kr_span text,
                                        const struct kr_note_key *witness, uint64_t *ret_time_s,
                                        struct kr_span *ret_line)
{
    struct kr_note_known known = {.key = witness};
    if (body.len > KR_NOTE_MAX)
        return KR_LOG_NOTE_TOO_LONG;
    if (witness->type != KR_NOTE_COSIGNATURE)
        return KR_LOG_KEY_TYPE;
    enum kr_log_verdict v = kr_note_check_lines(text, body, &known, 1);
    if (v == KR_LOG_OK) {
        *ret_time_s = known.time_s;
        *ret_line = known.line;
    }
    return v;
}
