/* Reading elements field by field with a sticky error, so that a decoder is straight-line code with one check
 * at the end. After an error every call does nothing. Internal to this folder. */
#ifndef KR_MESSAGE_READ_H
#define KR_MESSAGE_READ_H

#include "base/arena.h"
#include "base/limit.h"
#include "base/span.h"
#include "epoch/context.h"
#include "message/pack.h"
#include "message/request.h"
#include "text/signed.h"
#include "xml/el.h"

struct kr_read {
    struct kr_arena *arena; /* may be NULL where nothing is allocated */
    int err;                /* 0, or the first error */
};

void kr_read_fail(struct kr_read *r, int err); /* unless it failed before */

/* Attributes that must be there (kr_read_bool: may be missing). */
void kr_read_u64(struct kr_read *r, const struct kr_el *el, const char *name, uint64_t min, uint64_t max,
                 uint64_t *out);
void kr_read_id(struct kr_read *r, const struct kr_el *el, const char *name, struct kr_id *out);
void kr_read_key(struct kr_read *r, const struct kr_el *el, const char *name, struct kr_key *out);
void kr_read_digest(struct kr_read *r, const struct kr_el *el, const char *name, struct kr_digest *out);
/* One that may be missing; out is then untouched. */
void kr_read_confirm(struct kr_read *r, const struct kr_el *el, bool *has, struct kr_digest *out);
void kr_read_sig(struct kr_read *r, const struct kr_el *el, const char *name, struct kr_sig *out);
void kr_read_bool(struct kr_read *r, const struct kr_el *el, const char *name, bool *out);
void kr_read_text(struct kr_read *r, const struct kr_el *el, const char *name, size_t max, bool may_be_empty,
                  const char **out);
void kr_read_room(struct kr_read *r, const struct kr_el *el, const char **out);  /* a bare JID */
void kr_read_tag(struct kr_read *r, const struct kr_el *el, struct kr_tag *out); /* in */
void kr_read_epoch(struct kr_read *r, const struct kr_el *el, const char *name, uint64_t *out);
/* One that is missing is round 2. */
void kr_read_round(struct kr_read *r, const struct kr_el *el, enum kr_round *out);
/* One that is missing is fresh. */
void kr_read_kind(struct kr_read *r, const struct kr_el *el, enum kr_epoch_kind *out);
/* epoch kind source format suite policy roster: of a past link. */
void kr_read_link(struct kr_read *r, const struct kr_el *el, struct kr_epoch_link *out);

/* The attribute `log`, where a log stood: size and root, and a signature too if one is wanted. One that is
 * missing leaves *out as it is. */
void kr_read_log(struct kr_read *r, const struct kr_el *el, bool signed_too, struct kr_log_claim *out);

/* part and of: both or none, none being 1 of 1; 1 <= part <= of <= KR_PARTS_MAX. */
void kr_read_part(struct kr_read *r, const struct kr_el *el, uint32_t *part, uint32_t *of);
/* Strictly rising roster indices; a missing attribute is an empty list, an empty attribute an error. */
void kr_read_list(struct kr_read *r, const struct kr_el *el, const char *name, const uint16_t **list,
                  size_t *count);

/* The element's text, decoded from base64 into the arena: min to max bytes (KR_E_MALFORMED below,
 * KR_E_TOO_LARGE above). */
void kr_read_bytes(struct kr_read *r, const struct kr_el *el, size_t min, size_t max, struct kr_span *out);
void kr_read_entries(struct kr_read *r, const struct kr_el *el, const struct kr_packed **entries,
                     size_t *count);
/* 6.6: the type, of a pre-key or a normal message, then the message. */
void kr_read_session(struct kr_read *r, const struct kr_el *el, uint8_t *type, struct kr_span *message);

/* <member/> */
void kr_read_member(struct kr_read *r, const struct kr_el *el, struct kr_member_line *m);
/* The one child of that name in KR_NS, or NULL if there is none; two are an error. */
const struct kr_el *kr_read_single(struct kr_read *r, const struct kr_el *el, const char *name);
/* An array with room for one item per child of that name in KR_NS; err_over when there are more than max. */
void *kr_read_array(struct kr_read *r, const struct kr_el *el, const char *name, size_t max, int err_over,
                    size_t item_size, size_t *count);

#endif
