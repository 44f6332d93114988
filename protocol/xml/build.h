/* Writes one XML element tree as text, bounded, with a sticky error. The nesting of calls is the nesting of
 * the output; everything that varies is escaped here and nowhere else. Values are well-formed UTF-8: what
 * came from XML or passed base/utf8.h is. */
#ifndef KR_XML_BUILD_H
#define KR_XML_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/limit.h"

struct kr_xml {
    struct kr_buf out;
    const char *stack[KR_XML_DEPTH_MAX]; /* names of open elements: literals, borrowed */
    unsigned depth;
    bool in_tag; /* the start tag is not closed yet: attributes may follow */
};

void kr_xml_init(struct kr_xml *x, size_t max); /* max: bytes of text */
void kr_xml_done(struct kr_xml *x);

/* name must be a literal and outlive the builder. ns NULL inherits. */
void kr_xml_start(struct kr_xml *x, const char *name, const char *ns);
void kr_xml_end(struct kr_xml *x);

void kr_xml_attr(struct kr_xml *x, const char *name, const char *value); /* a NULL value writes nothing */
void kr_xml_attr_u64(struct kr_xml *x, const char *name, uint64_t v);
void kr_xml_attr_id(struct kr_xml *x, const char *name, const struct kr_id *id);
void kr_xml_attr_key(struct kr_xml *x, const char *name, const struct kr_key *key);
void kr_xml_attr_digest(struct kr_xml *x, const char *name, const struct kr_digest *d);
void kr_xml_attr_sig(struct kr_xml *x, const char *name, const struct kr_sig *sig);
void kr_xml_attr_bool(struct kr_xml *x, const char *name, bool v); /* false writes nothing */

void kr_xml_text(struct kr_xml *x, const char *text);
void kr_xml_b64(struct kr_xml *x, struct kr_span bytes); /* unpadded base64 as text */

/* Bytes written so far: for splitting before KR_SPLIT_LEN. */
size_t kr_xml_len(const struct kr_xml *x);

/* Closes nothing: every element must be ended. The text is the caller's to free; NULL (and the builder
 * emptied) if the ceiling was hit, an element is open, or a value held a character that XML cannot carry. */
char *kr_xml_take(struct kr_xml *x);

#endif
