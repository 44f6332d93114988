/* Errors: one list (err.def), negative values, 0 is success.
 *
 * A function that can fail returns an int: 0, or a KR_E_ value. Outputs are named ret_*, come last and are
 * untouched on failure. */
#ifndef KR_BASE_ERR_H
#define KR_BASE_ERR_H

#include <stdbool.h>

enum kr_err {
    KR_OK = 0,
#define KR_ERR(name, value, type, condition, app, text) name = (value),
#include "err.def"
#undef KR_ERR
};

/* The sentence of err.def for `err`; "ok" for 0, "unknown error" for a value that is not in the list. */
const char *kr_strerror(int err);

/* The short name of `err` (the application condition of a refusal, else the constant's name). */
const char *kr_errname(int err);

/* How a refusal is told to a peer. Errors of our own yield internal-server-error with an empty app. */
struct kr_err_stanza {
    const char *type;      /* "cancel", "modify", "auth" or "wait" (RFC 6120 8.3.2) */
    const char *condition; /* defined condition, urn:ietf:params:xml:ns:xmpp-stanzas */
    const char *app;       /* application condition in urn:keyroom:1:errors, or "" */
    const char *text;      /* a sentence for a human, or "" */
};
struct kr_err_stanza kr_err_stanza(int err);

/* The refusal whose application condition is `app`, or KR_E_INTERNAL: how a client reads a stanza error. */
int kr_err_from_app(const char *app);

/* True when err is a refusal that may be told to a peer. */
bool kr_err_is_refusal(int err);

#endif
