/* A parsed XML element as plain data: what the codec reads. It knows no parser and no transport; io makes it
 * from libstrophe, tests from expat. Everything in a tree lives in one arena and dies with it. */
#ifndef KR_XML_EL_H
#define KR_XML_EL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/id.h"

struct kr_attr {
    const char *name; /* with its prefix, if it had one: "xml:lang" */
    const char *value;
    struct kr_attr *next;
};

struct kr_el {
    const char *name;      /* local name */
    const char *ns;        /* "" if none; never NULL */
    const char *text;      /* all direct text, concatenated; "" if none; never NULL */
    size_t text_len;       /* bytes */
    struct kr_attr *attrs; /* in document order */
    struct kr_el *child;   /* first child element */
    struct kr_el *next;    /* next sibling */
};

/* --- reading --- */

/* Value of an attribute, or NULL. */
const char *kr_el_attr(const struct kr_el *el, const char *name);

/* First child of that name and namespace, or NULL. `after`, if not NULL, is the child to search behind. */
const struct kr_el *kr_el_child(const struct kr_el *el, const char *name, const char *ns);
const struct kr_el *kr_el_next(const struct kr_el *after, const char *name, const char *ns);
bool kr_el_is(const struct kr_el *el, const char *name, const char *ns);

/* Typed attributes: 0, or KR_E_MALFORMED when missing or not of the form (KR_E_BAD_BASE64 for keys). */
int kr_el_attr_u64(const struct kr_el *el, const char *name, uint64_t max,
                   uint64_t *ret_v); /* decimal, no sign, no leading zero */
int kr_el_attr_id(const struct kr_el *el, const char *name, struct kr_id *ret_id);
int kr_el_attr_key(const struct kr_el *el, const char *name, struct kr_key *ret_key);
int kr_el_attr_digest(const struct kr_el *el, const char *name, struct kr_digest *ret_digest);
int kr_el_attr_sig(const struct kr_el *el, const char *name, struct kr_sig *ret_sig);
/* Plain UTF-8 (base/utf8.h), 1 to max bytes (0 allowed when may_be_empty). */
int kr_el_attr_text(const struct kr_el *el, const char *name, size_t max, bool may_be_empty,
                    const char **ret_text);
/* "true", "1", "false", "0"; missing yields false. */
int kr_el_attr_bool(const struct kr_el *el, const char *name, bool *ret_b);

/* --- making, for parsers --- */

/* Counts against the limits of base/limit.h while a tree is made. */
struct kr_el_maker {
    struct kr_arena *arena; /* the caller's */
    size_t elements;
};

/* KR_E_TOO_LARGE when a limit is reached; the half-made tree is then to be dropped. Strings are copied. depth
 * is that of the new element, 0 for the stanza. parent may be NULL. */
int kr_el_make(struct kr_el_maker *m, struct kr_el *parent, struct kr_el **last_child, unsigned depth,
               const char *name, const char *ns, struct kr_el **ret_el);
int kr_el_add_attr(struct kr_el_maker *m, struct kr_el *el, const char *name, const char *value);
int kr_el_set_text(struct kr_el_maker *m, struct kr_el *el, const char *text, size_t len);

#endif
