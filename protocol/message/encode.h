/* What encoders of requests and events share. Internal to this folder. */
#ifndef KR_MESSAGE_ENCODE_H
#define KR_MESSAGE_ENCODE_H

#include "message/pack.h"
#include "xml/build.h"

void kr_write_start(struct kr_xml *x, const char *name, const char *room); /* in KR_NS */
void kr_write_part(struct kr_xml *x, uint32_t part, uint32_t of);          /* nothing for 1 of 1 */
void kr_write_list(struct kr_xml *x, const char *name, const uint16_t *list,
                   size_t count); /* nothing for none */
void kr_write_entries(struct kr_xml *x, const struct kr_packed *entries, size_t count);
void kr_write_prekey(struct kr_xml *x, struct kr_span message);
void kr_write_policy(struct kr_xml *x, struct kr_span text); /* <policy/> */

#endif
