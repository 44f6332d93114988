/* How the core speaks: answers to requests, and events to clients. */
#ifndef KR_CORE_TELL_H
#define KR_CORE_TELL_H

#include "core/state.h"
#include "xml/build.h"

void kr_asker_set(struct kr_asker *a, const struct kr_el *iq); /* copies; iq has a sender */
void kr_asker_done(struct kr_asker *a);

/* A refusal is answered, counted, logged (per actor, reason and minute) and traced. room may be NULL or that
 * of another life: only its name counts. */
void kr_refuse(struct kr_core *core, const struct kr_asker *asker, const char *room, const char *request,
               int err);

void kr_answer_empty(struct kr_core *core, const struct kr_asker *asker);
/* Opens the result IQ in x; the caller writes the payload and calls kr_answer_end. */
void kr_answer_start(struct kr_core *core, const struct kr_asker *asker, struct kr_xml *x);
void kr_answer_end(struct kr_core *core, const struct kr_asker *asker, struct kr_xml *x);

/* One event to one full JID. */
void kr_tell(struct kr_core *core, const char *to, const struct kr_notice *n);
/* The payload alone, to be told to several: the caller frees it. NULL if it is over the ceiling of a stanza.
 */
char *kr_tell_payload(const struct kr_notice *n);
void kr_tell_raw(struct kr_core *core, const char *to, const char *payload); /* NULL payload: nothing */

#endif
