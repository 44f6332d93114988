/* For the decoders of payloads: what is decoded and encoded again must decode to the same text. */
#ifndef KR_FUZZ_RECODE_H
#define KR_FUZZ_RECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "xml/build.h"
#include "xml/el.h"

/* Decodes the element and encodes it into x; false if it is refused. */
typedef bool fuzz_recoder(const struct kr_el *el, struct kr_arena *arena, struct kr_xml *x);

/* The bytes as XML, parsed by expat, through `recode` twice. */
void fuzz_recode(const uint8_t *data, size_t size, fuzz_recoder *recode);

#endif
