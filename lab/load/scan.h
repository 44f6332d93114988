/* Cuts what a server sends into stanzas, without building anything: the generator shares two cores with the
 * server that it measures. Takes what Prosody writes (no comments, CDATA or declarations but the first). */
#ifndef KR_LOAD_SCAN_H
#define KR_LOAD_SCAN_H

#include <stdbool.h>
#include <stddef.h>

struct kr_scan {
    char *buf; /* owned */
    size_t len, cap;
    size_t start;   /* of the piece being read */
    size_t pos;     /* everything before it has been looked at */
    unsigned depth; /* open elements, the stream's included */
};

enum kr_piece_kind { KR_PIECE_OPEN, KR_PIECE_STANZA, KR_PIECE_CLOSE };

/* A run of text, not NUL-terminated; valid until the scanner is touched again. */
struct kr_piece {
    enum kr_piece_kind kind;
    const char *ptr;
    size_t len;
};

void kr_scan_init(struct kr_scan *s);
void kr_scan_done(struct kr_scan *s);
void kr_scan_reset(struct kr_scan *s); /* a new stream begins */

/* Room for at least `want` more bytes; report what was put there with kr_scan_filled. */
char *kr_scan_room(struct kr_scan *s, size_t want);
void kr_scan_filled(struct kr_scan *s, size_t len);

/* 1: *ret_piece is the next piece. 0: more bytes are needed. KR_E_MALFORMED: this is no stream. */
int kr_scan_next(struct kr_scan *s, struct kr_piece *ret_piece);

/* --- looking into a piece without parsing it --- */

/* The stanza's name is `name`. */
bool kr_piece_is(const struct kr_piece *p, const char *name);
/* Value of an attribute of the outermost start tag, as it stands there (entities and all), or NULL. */
const char *kr_piece_attr(const struct kr_piece *p, const char *name, size_t *ret_len);
bool kr_piece_attr_is(const struct kr_piece *p, const char *name, const char *value);
/* Where `text` first stands in the piece at or behind `from` (NULL: its start), or NULL. */
const char *kr_piece_find(const struct kr_piece *p, const char *from, const char *text);

#endif
