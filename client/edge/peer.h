/* keyroom-peer: a headless participant. Internal to this folder. */
#ifndef KR_PEER_H
#define KR_PEER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/secret.h"
#include "client/client.h"

struct peer_options {
    const char *host, *domain, *jid, *password_file, *room, *nick, *service, *forwarder;
    const char *identity, *identity_key;
    uint16_t port;
    uint32_t frame_interval_ms, frame_size;
    enum kr_authorise floor;
    bool any_format, json, plain;
    enum kr_format format;
};
/* Exits itself for --help, --version and misuse. */
void peer_options_read(int argc, char **argv, struct peer_options *ret);

/* --- the connection to what plays the SFU --- */
struct forward;
struct forward *forward_new(const char *host_port, const char *nick);
void forward_free(struct forward *f);
int forward_poll(const struct forward *f, short *ret_events, uint64_t *ret_due_ms);
typedef void forward_frame(void *arg, const char *sender, struct kr_span frame);
void forward_run(struct forward *f, uint64_t now_ms, forward_frame *cb, void *arg);
void forward_send(struct forward *f, const char *nick, struct kr_span frame);

/* --- what was sealed, received, opened and refused --- */
struct tally {
    json_t *sealed, *received, *opened, *refused, *first;
};
void tally_init(struct tally *t);
void tally_done(struct tally *t);
void tally_key(char out[static 40], const struct kr_id *instance, uint64_t epoch);
void tally_sealed(struct tally *t, const char *key);
void tally_received(struct tally *t, const char *sender, const char *key);
/* True for the first of that sender and epoch. */
bool tally_opened(struct tally *t, const char *sender, const char *key);
void tally_refused(struct tally *t, const char *sender, const char *key, const char *why);

/* --- output --- */
void print_event(const struct peer_options *o, const char *event, json_t *fields); /* steals fields */
void print_report(const struct peer_options *o, const struct kr_report *r);
void print_frames(const struct peer_options *o, const struct tally *t);

#endif
