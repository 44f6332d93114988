/* One test case of a vector file: its fields by name, and the first thing found wrong with it.
 *
 * Fields that are missing or not of their form count as wrong and read as empty, so a check is straight-line
 * code. */
#ifndef KR_LAB_VECTOR_H
#define KR_LAB_VECTOR_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/secret.h"
#include "base/span.h"

struct vector {
    const json_t *json;
    struct kr_arena arena; /* holds what the fields decode to */
    char why[160];         /* what is wrong, or "" */
};

/* The bytes of a hex field; they live as long as the case. */
struct kr_span vector_hex(struct vector *v, const char *name);
void vector_secret(struct vector *v, const char *name, struct kr_secret *ret);
uint64_t vector_u64(struct vector *v, const char *name); /* a number, or a string of decimal digits */
const char *vector_str(struct vector *v, const char *name);
const json_t *vector_list(struct vector *v, const char *name);

/* Hex of one value that is not a field of its own. */
struct kr_span vector_hex_value(struct vector *v, const json_t *value, const char *name);

/* Notes "<what> is wrong" unless right; the first note stays. */
void vector_check(struct vector *v, bool right, const char *what);
void vector_expect(struct vector *v, struct kr_span got, struct kr_span want, const char *what);

/* The kinds. */
void vector_sframe_header(struct vector *v);
void vector_sframe_ctr_hmac(struct vector *v);
void vector_sframe(struct vector *v);
void vector_jframe_gcm(struct vector *v);
void vector_jframe_ratchet(struct vector *v);
void vector_jframe_ctr(struct vector *v);
void vector_jframe_ctr_signed(struct vector *v);
void vector_pbkdf2(struct vector *v);
void vector_inclusion(struct vector *v);
void vector_consistency(struct vector *v);

#endif
