/* tests/vectors/log.json, made from docs/protocol.md section 11 by another program: the same inputs must give
 * the same bytes here, and what it made must be read and hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>
#include <sodium.h>

#include "base/hash.h"
#include "log/bundle.h"
#include "log/line.h"
#include "log/tile.h"
#include "log/witness.h"
#include "test_log/nodes.h"

static json_t *root;
static struct nodes small, wide;
static struct kr_note_signer log_signer, witness;

static const char *str(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));
    if (!s)
        fail_msg("no string %s", name);
    return s;
}

static uint64_t num(const json_t *o, const char *name)
{
    const json_t *value = json_object_get(o, name);
    assert_true(json_is_integer(value));
    return (uint64_t)json_integer_value(value);
}

static json_t *list(const json_t *o, const char *name)
{
    json_t *value = json_object_get(o, name);
    assert_true(json_is_array(value) && json_array_size(value) > 0);
    return value;
}

static struct kr_buf hex(const json_t *o, const char *name)
{
    const char *s = str(o, name);
    struct kr_buf b;
    kr_buf_init(&b, KR_NOTE_MAX);
    for (size_t i = 0; s[i]; i += 2) {
        uint8_t byte = 0;
        assert_int_equal(sodium_hex2bin(&byte, 1, s + i, 2, NULL, NULL, NULL), 0);
        kr_buf_add_u8(&b, byte);
    }
    return b;
}

static struct kr_digest hash_of(const json_t *value)
{
    struct kr_digest d = {{0}};
    assert_true(json_is_string(value));
    assert_true(kr_line_hash(kr_span_str(json_string_value(value)), &d));
    return d;
}

static struct kr_digest hash(const json_t *o, const char *name)
{
    return hash_of(json_object_get(o, name));
}

static struct kr_log_proof proof(const json_t *o)
{
    struct kr_log_proof p = {.count = 0};
    json_t *value, *hashes = json_object_get(o, "proof");
    size_t i;
    assert_true(json_is_array(hashes) && json_array_size(hashes) <= KR_PROOF_HASHES_MAX);
    json_array_foreach(hashes, i, value)
    {
        p.hashes[p.count++] = hash_of(value);
    }
    return p;
}

static void assert_digest(const struct kr_digest *got, const struct kr_digest *want)
{
    assert_memory_equal(got->b, want->b, sizeof(want->b));
}

static void assert_proof(const struct kr_log_proof *got, const struct kr_log_proof *want)
{
    assert_int_equal(got->count, want->count);
    assert_memory_equal(got->hashes, want->hashes, want->count * sizeof(want->hashes[0]));
}

static void assert_text(struct kr_buf *b, const char *want)
{
    assert_int_equal(b->err, 0);
    assert_int_equal(b->len, strlen(want));
    assert_memory_equal(b->ptr, want, b->len);
    kr_buf_clear(b);
}

static void make_signer(const json_t *o, struct kr_note_signer *ret)
{
    struct kr_buf seed = hex(o, "seed");
    struct kr_secret secret = KR_SECRET_NONE;
    kr_secret_set(&secret, seed.ptr, seed.len);
    assert_int_equal(kr_note_signer_init((enum kr_note_type)num(o, "type"), str(o, "name"), &secret, ret),
                     KR_LOG_OK);
    kr_secret_done(&secret);
    kr_buf_done(&seed);
}

static void test_keys(void **state)
{
    (void)state;
    const struct kr_note_signer *signers[] = {&log_signer, &witness};
    for (size_t i = 0; i < 2; i++) {
        const json_t *o = json_array_get(list(root, "keys"), i);
        struct kr_buf b;
        kr_buf_init(&b, KR_NOTE_MAX);
        kr_note_key_add_text(&b, &signers[i]->key);
        assert_text(&b, str(o, "vkey"));
        kr_buf_done(&b);
    }
}

static void test_tree(void **state)
{
    (void)state;
    size_t i;
    json_t *o;
    json_array_foreach(list(root, "leaves"), i, o)
    {
        struct kr_digest want = hash(o, "hash");
        assert_digest(&small.level[0][i], &want);
    }
    assert_int_equal(json_array_size(list(root, "roots")), 9);
    for (i = 0; i < 9; i++) {
        struct kr_digest got = kr_merkle_root(small.level[0], i);
        struct kr_digest want = hash_of(json_array_get(list(root, "roots"), i));
        assert_digest(&got, &want);
    }
    struct kr_digest got = kr_log_tree_root(&wide.tree), want = hash(json_object_get(root, "wide"), "root");
    assert_digest(&got, &want);
}

static void check_proofs(const json_t *of, struct nodes *n)
{
    const struct kr_log_nodes reader = nodes_reader(n);
    struct kr_log_proof made;
    size_t i;
    json_t *o;
    json_array_foreach(list(of, "inclusions"), i, o)
    {
        struct kr_log_proof p = proof(o);
        struct kr_digest leaf = hash(o, "leaf"), top = hash(o, "root");
        uint64_t index = num(o, "index"), size = num(o, "size");
        assert_int_equal(kr_inclusion_check(index, size, &leaf, p.hashes, p.count, &top), KR_LOG_OK);
        assert_int_equal(kr_inclusion_make(&reader, index, size, &made), KR_LOG_OK);
        assert_proof(&made, &p);
    }
    json_array_foreach(list(of, "consistencies"), i, o)
    {
        struct kr_log_proof p = proof(o);
        struct kr_digest from_root = hash(o, "from_root"), to_root = hash(o, "to_root");
        uint64_t from = num(o, "from"), to = num(o, "to");
        assert_int_equal(kr_consistency_check(from, to, p.hashes, p.count, &from_root, &to_root), KR_LOG_OK);
        assert_int_equal(kr_consistency_make(&reader, from, to, &made), KR_LOG_OK);
        assert_proof(&made, &p);
    }
}

static void test_proofs(void **state)
{
    (void)state;
    check_proofs(root, &small);
    check_proofs(json_object_get(root, "wide"), &wide);
}

static void test_tiles(void **state)
{
    (void)state;
    const json_t *of = json_object_get(root, "wide");
    const struct kr_log_nodes reader = nodes_reader(&wide);
    char path[KR_TILE_PATH_MAX];
    size_t i;
    json_t *o;
    json_array_foreach(list(of, "tiles"), i, o)
    {
        struct kr_tile tile = {.level = (unsigned)num(o, "level"), .index = num(o, "index")};
        struct kr_buf b;
        kr_buf_init(&b, (size_t)KR_TILE_WIDTH * KR_LOG_HASH_LEN);
        tile.width = kr_tile_width(num(of, "size"), tile.level, tile.index);
        assert_int_equal(tile.width, num(o, "width"));
        kr_tile_path(&tile, path);
        assert_string_equal(path, str(o, "path"));
        assert_int_equal(kr_tile_add_hashes(&reader, num(of, "size"), &tile, &b), KR_LOG_OK);
        struct kr_digest got = kr_sha256(kr_buf_span(&b)), want = hash(o, "sha256");
        assert_digest(&got, &want);
        kr_buf_done(&b);
    }
    json_array_foreach(list(root, "paths"), i, o)
    {
        struct kr_tile tile;
        assert_int_equal(kr_tile_path_read(kr_span_str(str(o, "path")), &tile), KR_LOG_OK);
        assert_true(tile.entries && tile.width == KR_TILE_WIDTH && tile.index == num(o, "index"));
        kr_tile_path(&tile, path);
        assert_string_equal(path, str(o, "path"));
    }
}

static void test_entries(void **state)
{
    (void)state;
    struct kr_buf want = hex(root, "entries"), got;
    struct kr_span entries[KR_TILE_WIDTH];
    kr_buf_init(&got, KR_NOTE_MAX);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(kr_tile_add_entry(&got, example_leaf(i)), KR_LOG_OK);
    assert_int_equal(got.len, want.len);
    assert_memory_equal(got.ptr, want.ptr, want.len);
    assert_int_equal(kr_tile_read_entries(kr_buf_span(&want), 8, entries), KR_LOG_OK);
    for (size_t i = 0; i < 8; i++) {
        struct kr_digest d = kr_leaf_hash(entries[i]);
        assert_digest(&d, &small.level[0][i]);
    }
    kr_buf_done(&want);
    kr_buf_done(&got);
}

static void test_checkpoints(void **state)
{
    (void)state;
    const struct kr_checkpoint_trust trust = {&log_signer.key, &witness.key, 1, 1};
    size_t i;
    json_t *o;
    json_array_foreach(list(root, "checkpoints"), i, o)
    {
        struct kr_checkpoint c = {.size = num(o, "size"), .root = hash(o, "root")}, again;
        struct kr_buf b, text;
        memcpy(c.origin, log_signer.key.name, sizeof(c.origin));
        kr_buf_init(&b, KR_NOTE_MAX);
        kr_buf_init(&text, KR_NOTE_MAX);
        kr_checkpoint_text(&c, &text);
        kr_note_write(&log_signer, kr_buf_span(&text), &b);
        kr_note_sign(&witness, kr_buf_span(&text), num(o, "time"), &b);
        assert_text(&b, str(o, "note"));
        kr_cosignature_text(&b, num(o, "time"), kr_buf_span(&text));
        assert_text(&b, str(o, "cosigned"));
        assert_text(&text, str(o, "text"));
        assert_int_equal(kr_checkpoint_open(kr_span_str(str(o, "note")), &trust, &again), KR_LOG_OK);
        assert_int_equal(again.size, c.size);
        assert_digest(&again.root, &c.root);
        kr_buf_done(&b);
        kr_buf_done(&text);
    }
}

static void test_bundles(void **state)
{
    (void)state;
    const struct kr_checkpoint_trust trust = {&log_signer.key, &witness.key, 1, 1};
    size_t i;
    json_t *o;
    json_array_foreach(list(root, "bundles"), i, o)
    {
        struct kr_bundle bundle;
        struct kr_checkpoint c;
        struct kr_buf extra, b;
        kr_buf_init(&extra, KR_BUNDLE_EXTRA_MAX);
        kr_buf_init(&b, KR_BUNDLE_MAX);
        assert_int_equal(kr_bundle_read(kr_span_str(str(o, "text")), &extra, &bundle), KR_LOG_OK);
        assert_int_equal(bundle.index, num(o, "index"));
        kr_line_add_base64(&b, bundle.extra);
        assert_text(&b, str(o, "extra"));
        assert_int_equal(kr_bundle_check(&bundle, &small.level[0][bundle.index], &trust, &c), KR_LOG_OK);
        assert_int_equal(c.size, num(o, "size"));
        kr_bundle_write(&bundle, &b);
        assert_text(&b, str(o, "text"));
        kr_buf_done(&extra);
        kr_buf_done(&b);
    }
}

static void test_request(void **state)
{
    (void)state;
    const struct kr_log_nodes reader = nodes_reader(&small);
    struct kr_witness_request r = {.old = 3};
    struct kr_buf b;
    kr_buf_init(&b, KR_NOTE_MAX);
    r.note = kr_span_str(str(json_array_get(list(root, "checkpoints"), 1), "note"));
    assert_int_equal(kr_consistency_make(&reader, 3, 8, &r.proof), KR_LOG_OK);
    kr_witness_request_add(&b, &r);
    assert_text(&b, str(root, "request"));
    kr_buf_done(&b);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_keys),    cmocka_unit_test(test_tree),
                                       cmocka_unit_test(test_proofs),  cmocka_unit_test(test_tiles),
                                       cmocka_unit_test(test_entries), cmocka_unit_test(test_checkpoints),
                                       cmocka_unit_test(test_bundles), cmocka_unit_test(test_request)};
    root = argc == 2 ? json_load_file(argv[1], JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (!root)
        return 2;
    make_signer(json_array_get(json_object_get(root, "keys"), 0), &log_signer);
    make_signer(json_array_get(json_object_get(root, "keys"), 1), &witness);
    nodes_init(&small);
    nodes_init(&wide);
    for (size_t i = 0; i < 8; i++)
        nodes_append(&small, example_leaf(i));
    nodes_append_many(&wide, NODES_MAX);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    nodes_done(&small);
    nodes_done(&wide);
    kr_note_signer_done(&log_signer);
    kr_note_signer_done(&witness);
    json_decref(root);
    return failed;
}
