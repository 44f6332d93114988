/* Proofs about RFC 6962 trees in the form of transparency-dev/merkle's test data: right ones that must hold
 * and wrong ones (wantErr) that must be refused. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "log/line.h"
#include "log/proof.h"
#include "vector.h"

struct proof {
    struct kr_digest *hashes;
    size_t count;
};

/* A hash of another length than 32 bytes is no mistake of the file: it is one of the things to be refused.
 * False then. */
static bool read_hash(struct vector *v, const json_t *value, const char *name, struct kr_digest *ret)
{
    const char *text = json_string_value(value);
    struct kr_buf b;
    kr_buf_init(&b, KR_LOG_HASH_LEN);
    bool is_base64 = text && kr_line_base64(kr_span_str(text), &b);
    vector_check(v, is_base64, name);
    bool whole = is_base64 && b.len == KR_LOG_HASH_LEN;
    if (whole)
        memcpy(ret->b, b.ptr, KR_LOG_HASH_LEN);
    kr_buf_done(&b);
    return whole;
}

static bool read_field(struct vector *v, const char *name, struct kr_digest *ret)
{
    return read_hash(v, json_object_get(v->json, name), name, ret);
}

static bool read_proof(struct vector *v, struct proof *ret)
{
    const json_t *list = json_object_get(v->json, "proof");
    vector_check(v, json_is_array(list) || json_is_null(list), "proof");
    bool whole = true;
    ret->count = json_is_array(list) ? json_array_size(list) : 0;
    ret->hashes = kr_calloc(ret->count + 1, sizeof(*ret->hashes));
    for (size_t i = 0; i < ret->count; i++)
        whole &= read_hash(v, json_array_get(list, i), "proof", &ret->hashes[i]);
    return whole;
}

static void expect(struct vector *v, bool held)
{
    const json_t *refuse = json_object_get(v->json, "wantErr");
    vector_check(v, json_is_boolean(refuse), "wantErr");
    vector_check(v, held != json_is_true(refuse), held ? "the proof that held" : "the refusal of the proof");
}

void vector_inclusion(struct vector *v)
{
    struct kr_digest root, leaf;
    struct proof p;
    uint64_t index = vector_u64(v, "leafIdx"), size = vector_u64(v, "treeSize");
    bool whole = read_proof(v, &p);
    whole &= read_field(v, "root", &root);
    whole &= read_field(v, "leafHash", &leaf);
    expect(v, whole && kr_inclusion_check(index, size, &leaf, p.hashes, p.count, &root) == KR_LOG_OK);
    free(p.hashes);
}

void vector_consistency(struct vector *v)
{
    struct kr_digest root1, root2;
    struct proof p;
    uint64_t size1 = vector_u64(v, "size1"), size2 = vector_u64(v, "size2");
    bool whole = read_proof(v, &p);
    whole &= read_field(v, "root1", &root1);
    whole &= read_field(v, "root2", &root2);
    expect(v, whole && kr_consistency_check(size1, size2, p.hashes, p.count, &root1, &root2) == KR_LOG_OK);
    free(p.hashes);
}
