/* The service's own participant (docs/protocol.md 5.15): for each room that the core names, the core of a
 * client, on one device. It hears what the core tells it (core/output.h, kr_own_note) and asks as any client
 * does; what it asks enters the core as KR_EV_OWN. Nothing of this passes the server.
 *
 * Pure: time and randomness are given. Its Olm state lives in memory alone; the account is what the caller
 * keeps. */
#ifndef KR_OWN_PARTICIPANT_H
#define KR_OWN_PARTICIPANT_H

#include <stdint.h>

#include "base/random.h"
#include "core/output.h"
#include "olm/olm.h"
#include "xml/el.h"

struct kr_participant;

struct kr_participant_config {
    const char *service; /* the service's JID; copied */
    struct kr_random random;
    struct kr_olm_account *account; /* the device; becomes the participant's */
};
/* KR_E_CRYPTO. */
int kr_participant_new(const struct kr_participant_config *config, struct kr_participant **ret_participant);
void kr_participant_free(struct kr_participant *p); /* wipes; NULL is fine */

struct kr_id kr_participant_device(const struct kr_participant *p);

/* Puts the note by until it runs; takes what is in it. */
void kr_participant_take(struct kr_participant *p, struct kr_own_note *note);

struct kr_participant_hooks {
    void *arg;
    void (*ask)(void *arg, const struct kr_el *iq); /* a request, to be stepped now; may lead to more notes */
    void (*warn)(void *arg, const char *room, const char *what, const char *why); /* for the operator */
};
/* Handles all notes so far, and what is due. */
void kr_participant_run(struct kr_participant *p, uint64_t now_ms, const struct kr_participant_hooks *hooks);

/* When it wants to run, monotonic: 0 with a note put by; UINT64_MAX: not by itself. */
uint64_t kr_participant_due(const struct kr_participant *p);

#endif
