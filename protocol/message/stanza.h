/* The stanzas around our payloads, and JIDs (RFC 6120, RFC 7622). */
#ifndef KR_MESSAGE_STANZA_H
#define KR_MESSAGE_STANZA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "xml/build.h"
#include "xml/el.h"

/* Opens <iq/> or <message/>; the caller writes the payload and calls kr_xml_end. Any argument but x may be
 * NULL. */
void kr_iq_start(struct kr_xml *x, const char *type, const char *from, const char *to, const char *id);
void kr_message_start(struct kr_xml *x, const char *type, const char *from, const char *to);

/* A whole error reply to `stanza` for `err` (docs/protocol.md 9.1), addresses swapped. `extra`, if not NULL,
 * is added to the text behind ": ". The result is the caller's to free; NULL if the stanza is itself of type
 * error or result (never answered), or has no sender. */
char *kr_error_reply(const struct kr_el *stanza, int err, const char *extra);
/* An empty IQ result. NULL as above. */
char *kr_empty_result(const struct kr_el *iq);

/* The error of a received stanza of type='error': ours by application condition, else KR_E_INTERNAL. */
int kr_error_read(const struct kr_el *stanza);
/* The defined condition's name of a received error ("" if none). */
const char *kr_error_condition(const struct kr_el *stanza);

/* --- JIDs: syntactic only. Servers have prepared them; comparison is bytewise. --- */
/* True for [local@]domain[/resource] with non-empty parts within the limits and plain UTF-8. */
bool kr_jid_valid(const char *jid);
const char *kr_jid_resource(const char *jid);               /* behind the first '/', or "" */
char *kr_jid_bare(struct kr_arena *arena, const char *jid); /* NULL when the arena is full */
const char *kr_jid_domain(struct kr_arena *arena, const char *jid);
bool kr_jid_same_bare(const char *a, const char *b);

/* Glob with * and ? over bytes: how configuration names JIDs and rooms. Linear time in the text per star. */
bool kr_glob_match(const char *glob, const char *text);

#endif
