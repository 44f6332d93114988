/* What encoders of requests and events share. Internal to this folder. */
#ifndef KR_MESSAGE_ENCODE_H
#define KR_MESSAGE_ENCODE_H

#include "message/pack.h"
#include "message/request.h"
#include "text/signed.h"
#include "xml/build.h"

void kr_write_start(struct kr_xml *x, const char *name, const char *room); /* in KR_NS */
/* The same of what names its instance by tag alone, attribute `in`. */
void kr_write_start_in(struct kr_xml *x, const char *name, const struct kr_tag *in);
void kr_write_part(struct kr_xml *x, uint32_t part, uint32_t of); /* nothing for 1 of 1 */
void kr_write_round(struct kr_xml *x, enum kr_round round);       /* nothing for round 2 */
void kr_write_list(struct kr_xml *x, const char *name, const uint16_t *list,
                   size_t count); /* nothing for none */
void kr_write_entries(struct kr_xml *x, const struct kr_packed *entries, size_t count);
void kr_write_session(struct kr_xml *x, uint8_t type, struct kr_span message);        /* 6.6 */
void kr_write_log(struct kr_xml *x, const struct kr_log_claim *log, bool signed_too); /* attribute `log` */
void kr_write_member(struct kr_xml *x, const struct kr_member_line *m);               /* <member/> */
void kr_write_policy(struct kr_xml *x, struct kr_span text);                          /* <policy/> */

#endif
