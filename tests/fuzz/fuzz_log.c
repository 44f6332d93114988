/* Everything a log gives to others, from any bytes: what is read is written the same, and nothing is signed
 * by a key but what it did sign. */
#include "fuzz.h"

#include <string.h>

#include "base/cursor.h"
#include "log/bundle.h"
#include "log/tile.h"
#include "log/witness.h"

#define LOG_KEY     "kms.example.org/audit+703d2f73+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
#define WITNESS_KEY "witness.example.org+0ea12664+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X"

static bool is(const struct kr_buf *b, struct kr_span bytes)
{
    return !b->err && b->len == bytes.len && (bytes.len == 0 || memcmp(b->ptr, bytes.ptr, b->len) == 0);
}

static void keys(struct kr_span bytes, struct kr_buf *b)
{
    struct kr_note_key key;
    kr_buf_clear(b);
    if (kr_note_key_read(bytes, &key) != KR_LOG_OK)
        return;
    kr_note_key_add_text(b, &key);
    FUZZ_MUST(is(b, bytes));
}

static void checkpoints(struct kr_span bytes, const struct kr_checkpoint_trust *trust, struct kr_buf *b)
{
    struct kr_checkpoint c;
    kr_buf_clear(b);
    if (kr_checkpoint_read(bytes, &c) == KR_LOG_OK) {
        kr_checkpoint_text(&c, b);
        FUZZ_MUST(is(b, bytes));
    }
    if (kr_checkpoint_open(bytes, trust, &c) == KR_LOG_OK) /* the corpus has two that are signed */
        FUZZ_MUST(strcmp(c.origin, trust->log->name) == 0 && (c.size == 0 || c.size == 8));
}

static void bundles(struct kr_span bytes, const struct kr_checkpoint_trust *trust, struct kr_buf *b)
{
    struct kr_bundle bundle;
    struct kr_checkpoint c;
    struct kr_buf extra;
    const struct kr_digest none = {{0}};
    kr_buf_clear(b);
    kr_buf_init(&extra, KR_BUNDLE_EXTRA_MAX);
    if (kr_bundle_read(bytes, &extra, &bundle) == KR_LOG_OK) {
        kr_bundle_write(&bundle, b);
        FUZZ_MUST(is(b, bytes));
        FUZZ_MUST(kr_bundle_check(&bundle, &none, trust, &c) != KR_LOG_OK);
    }
    kr_buf_done(&extra);
}

static void witness(struct kr_span bytes, const struct kr_note_key *key, struct kr_buf *b)
{
    struct kr_witness_request r;
    uint64_t n;
    kr_buf_clear(b);
    if (kr_witness_request_read(bytes, &r) == KR_LOG_OK) {
        kr_witness_request_add(b, &r);
        FUZZ_MUST(is(b, bytes));
    }
    (void)kr_witness_size(bytes, &n);
    struct kr_span line;
    FUZZ_MUST(kr_witness_cosigned(bytes, kr_span_str("a text that nobody signed\n"), key, &n, &line) !=
              KR_LOG_OK);
}

static void tiles(struct kr_span bytes, struct kr_buf *b)
{
    struct kr_tile tile;
    struct kr_span entries[KR_TILE_WIDTH];
    char path[KR_TILE_PATH_MAX];
    if (kr_tile_path_read(bytes, &tile) == KR_LOG_OK) {
        kr_tile_path(&tile, path);
        FUZZ_MUST(strlen(path) == bytes.len && memcmp(path, bytes.ptr, bytes.len) == 0);
    }
    for (unsigned width = 1; width <= 8; width++) {
        kr_buf_clear(b);
        if (kr_tile_read_entries(bytes, width, entries) != KR_LOG_OK)
            continue;
        for (unsigned i = 0; i < width; i++)
            FUZZ_MUST(kr_tile_add_entry(b, entries[i]) == KR_LOG_OK);
        FUZZ_MUST(is(b, bytes));
    }
}

/* Two numbers, then hashes: a proof of that many leads to no root that does not follow from it. */
static void proofs(struct kr_span bytes)
{
    struct kr_cursor c = kr_cursor(bytes);
    uint64_t one = kr_cursor_u64(&c), two = kr_cursor_u64(&c);
    struct kr_digest hashes[KR_PROOF_HASHES_MAX + 8], root = {{7}}, other = {{8}};
    size_t count = 0;
    while (c.left >= KR_LOG_HASH_LEN && count < KR_PROOF_HASHES_MAX + 8)
        memcpy(hashes[count++].b, kr_cursor_bytes(&c, KR_LOG_HASH_LEN).ptr, KR_LOG_HASH_LEN);
    enum kr_log_verdict v = kr_inclusion_check(one, two, &other, hashes, count, &root);
    FUZZ_MUST(v != KR_LOG_OK && (v != KR_LOG_NOT_INCLUDED || one < two));
    FUZZ_MUST(kr_consistency_check(one, two, hashes, count, &root, &other) != KR_LOG_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kr_span bytes = kr_span(data, size);
    struct kr_note_key log_key, witness_key;
    struct kr_buf b;
    FUZZ_MUST(kr_note_key_read(kr_span_str(LOG_KEY), &log_key) == KR_LOG_OK);
    FUZZ_MUST(kr_note_key_read(kr_span_str(WITNESS_KEY), &witness_key) == KR_LOG_OK);
    const struct kr_checkpoint_trust trust = {&log_key, &witness_key, 1, 0};
    kr_buf_init(&b, size + 1);
    keys(bytes, &b);
    checkpoints(bytes, &trust, &b);
    bundles(bytes, &trust, &b);
    witness(bytes, &witness_key, &b);
    tiles(bytes, &b);
    proofs(bytes);
    kr_buf_done(&b);
    return 0;
}
