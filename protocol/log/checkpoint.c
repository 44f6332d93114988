#include "log/checkpoint.h"

#include <string.h>

#include "base/hash.h"
#include "log/line.h"

void kr_checkpoint_text(const struct kr_checkpoint *c, struct kr_buf *b)
{
    kr_buf_add_str(b, c->origin);
    kr_buf_add_str(b, "\n");
    kr_buf_add_dec(b, c->size);
    kr_buf_add_str(b, "\n");
    kr_line_add_hash(b, &c->root);
}

enum kr_log_verdict kr_checkpoint_read(struct kr_span text, struct kr_checkpoint *ret_c)
{
    struct kr_checkpoint c = {.size = 0};
    struct kr_span origin, size, root;
    if (!kr_line_next(&text, &origin) || !kr_line_next(&text, &size) || !kr_line_next(&text, &root))
        return KR_LOG_CHECKPOINT_CUT;
    if (!kr_note_name_fits(origin))
        return KR_LOG_WRONG_ORIGIN;
    if (!kr_line_decimal(size, &c.size))
        return KR_LOG_CHECKPOINT_SIZE;
    if (!kr_line_hash(root, &c.root))
        return KR_LOG_CHECKPOINT_ROOT;
    if (text.len)
        return KR_LOG_CHECKPOINT_EXTRA;
    struct kr_digest empty = kr_merkle_root(NULL, 0);
    if (c.size == 0 && !kr_digest_equal(&c.root, &empty))
        return KR_LOG_CHECKPOINT_EMPTY;
    memcpy(c.origin, origin.ptr, origin.len);
    *ret_c = c;
    return KR_LOG_OK;
}

static bool types_fit(const struct kr_checkpoint_trust *trust)
{
    bool fit = trust->log->type == KR_NOTE_ED25519 && trust->witness_count <= KR_WITNESSES_MAX;
    for (size_t i = 0; fit && i < trust->witness_count; i++)
        fit = trust->witnesses[i].type == KR_NOTE_COSIGNATURE;
    return fit;
}

enum kr_log_verdict kr_checkpoint_open(struct kr_span note, const struct kr_checkpoint_trust *trust,
                                       struct kr_checkpoint *ret_c)
{
    struct kr_note_known known[1 + KR_WITNESSES_MAX] = {{.key = trust->log}};
    struct kr_checkpoint c;
    struct kr_span text;
    if (!types_fit(trust))
        return KR_LOG_KEY_TYPE;
    for (size_t i = 0; i < trust->witness_count; i++)
        known[1 + i].key = &trust->witnesses[i];
    enum kr_log_verdict v = kr_note_open(note, known, 1 + trust->witness_count, &text);
    if (v != KR_LOG_OK)
        return v;
    if (!known[0].signed_it)
        return KR_LOG_UNSIGNED;
    size_t witnesses = 0;
    for (size_t i = 0; i < trust->witness_count; i++)
        witnesses += known[1 + i].signed_it;
    if (witnesses < trust->quorum)
        return KR_LOG_UNWITNESSED;
    v = kr_checkpoint_read(text, &c);
    if (v == KR_LOG_OK && strcmp(c.origin, trust->log->name) != 0)
        v = KR_LOG_WRONG_ORIGIN;
    if (v == KR_LOG_OK)
        *ret_c = c;
    return v;
}

enum kr_log_verdict kr_checkpoint_follows(const struct kr_checkpoint *from, const struct kr_checkpoint *to,
                                          const struct kr_digest *hashes, size_t count)
{
    if (strcmp(from->origin, to->origin) != 0)
        return KR_LOG_WRONG_ORIGIN;
    if (from->size == 0)
        return count ? KR_LOG_PROOF_LONG : KR_LOG_OK;
    return kr_consistency_check(from->size, to->size, hashes, count, &from->root, &to->root);
}
