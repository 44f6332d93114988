/* Rosters: who an epoch is for (docs/protocol.md section 4). */
#ifndef KR_EPOCH_ROSTER_H
#define KR_EPOCH_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/span.h"

struct kr_roster_entry {
    char *participant; /* owned by the roster */
    char *owner;       /* owned; "" for a guest */
    struct kr_key ed25519, curve25519;
    struct kr_id attach;
    bool is_new;           /* a joiner (5.10); not part of the line; fixed once sealed */
    size_t joiners_before; /* joiners with a smaller index; set by kr_roster_seal */
    struct kr_buf line;    /* the roster line of 4.1; owned; set by kr_roster_seal */
};

struct kr_roster {
    struct kr_roster_entry *entries; /* in order of their lines once sealed; owned */
    size_t len, cap;
    size_t joiner_count;     /* set by kr_roster_seal */
    uint16_t *by_attach;     /* indices in order of their attach ids; owned; set by kr_roster_seal */
    struct kr_digest digest; /* 4.2; set by kr_roster_seal */
    bool sealed;
};

void kr_roster_init(struct kr_roster *r);
void kr_roster_done(struct kr_roster *r);
void kr_roster_copy(struct kr_roster *dst, const struct kr_roster *src); /* dst: initialised; replaced */

/* Strings are copied. Not on a sealed roster. */
void kr_roster_add(struct kr_roster *r, const char *participant, const char *owner,
                   const struct kr_key *ed25519, const struct kr_key *curve25519, const struct kr_id *attach,
                   bool is_new);

/* Makes the lines, sorts, computes the digest. KR_E_ROSTER_MISMATCH for a doubled attach id or participant,
 * KR_E_TOO_LARGE above 4096 lines; the roster is then unsealed and only good for kr_roster_done. */
int kr_roster_seal(struct kr_roster *r);

/* Index of an attach or participant, or -1. Logarithmic once sealed. */
int kr_roster_find(const struct kr_roster *r, const struct kr_id *attach);
int kr_roster_find_participant(const struct kr_roster *r, const char *participant);

/* The first 6 bytes of the digest: shows whether two that go on from one announce came to the same roster
 * (7.2). No proof of it; the context has the whole digest. */
struct kr_roster_check {
    uint8_t b[6];
};
struct kr_roster_check kr_roster_check(const struct kr_roster *r); /* sealed */

struct kr_span kr_roster_line(const struct kr_roster *r, size_t index);

#endif
