#include "vector.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

void vector_check(struct vector *v, bool right, const char *what)
{
    if (!right && !v->why[0])
        snprintf(v->why, sizeof(v->why), "%s is wrong", what);
}

void vector_expect(struct vector *v, struct kr_span got, struct kr_span want, const char *what)
{
    vector_check(v, got.len == want.len && (got.len == 0 || memcmp(got.ptr, want.ptr, got.len) == 0), what);
}

struct kr_span vector_hex_value(struct vector *v, const json_t *value, const char *name)
{
    const char *text = json_string_value(value);
    size_t text_len = text ? json_string_length(value) : 0;
    size_t len = 0;
    uint8_t *bytes = kr_arena_alloc(&v->arena, text_len / 2 + 1);
    bool ok = text && bytes && text_len % 2 == 0 &&
              sodium_hex2bin(bytes, text_len / 2, text, text_len, NULL, &len, NULL) == 0;
    vector_check(v, ok, name);
    return kr_span(bytes, ok ? len : 0);
}

struct kr_span vector_hex(struct vector *v, const char *name)
{
    return vector_hex_value(v, json_object_get(v->json, name), name);
}

void vector_secret(struct vector *v, const char *name, struct kr_secret *ret)
{
    struct kr_span bytes = vector_hex(v, name);
    kr_secret_set(ret, bytes.ptr, bytes.len);
}

uint64_t vector_u64(struct vector *v, const char *name)
{
    const json_t *value = json_object_get(v->json, name);
    if (json_is_integer(value) && json_integer_value(value) >= 0)
        return (uint64_t)json_integer_value(value);
    const char *text = json_string_value(value);
    uint64_t n = 0;
    bool ok = text && text[0];
    for (const char *p = text; ok && *p; p++) {
        unsigned digit = (unsigned char)*p - (unsigned)'0';
        ok = digit <= 9 && n <= (UINT64_MAX - digit) / 10;
        n = n * 10 + digit;
    }
    vector_check(v, ok, name);
    return ok ? n : 0;
}

const char *vector_str(struct vector *v, const char *name)
{
    const char *text = json_string_value(json_object_get(v->json, name));
    vector_check(v, text != NULL, name);
    return text ? text : "";
}

const json_t *vector_list(struct vector *v, const char *name)
{
    const json_t *list = json_object_get(v->json, name);
    vector_check(v, json_is_array(list), name);
    return list;
}
