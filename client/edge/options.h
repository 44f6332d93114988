/* The command line of keyroom-peer. */
#ifndef KR_EDGE_OPTIONS_H
#define KR_EDGE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "log/note_key.h"
#include "text/policy.h"

enum kr_sas_script {                   /* who says what the own person says in a verification */
                     KR_SCRIPT_PERSON, /* a person, by commands */
                     KR_SCRIPT_MATCH,  /* agrees, and says that the codes are the same: for tests */
                     KR_SCRIPT_MISMATCH,
                     KR_SCRIPT_DECLINE
};

struct kr_options { /* strings are argv's */
    const char *host, *jid, *password_file, *room, *nick, *service;
    const char *forward_host, *identity, *identity_key, *passphrase_file, *owner;
    const char *log_state;
    bool has_log_key;
    struct kr_note_key log_key;
    uint16_t port, forward_port; /* forward_port 0: no forwarder */
    bool plain, json, any_format;
    enum kr_authorise floor;
    enum kr_format format;
    unsigned sources; /* set of KR_SOURCE_BIT */
    bool lead, has_service_device;
    uint32_t attest_for_s; /* 0: says nothing of whom it verified */
    bool operator_may_verify;
    const char *verify; /* participant to verify as soon as it is a member; NULL: nobody */
    enum kr_sas_script sas_answer;
    bool room_code; /* shown with each announce */
    struct kr_id service_device;
    uint32_t frame_interval_ms, frame_len;
};

/* 0: run; otherwise what to exit with plus 1: help and version yield 1, misuse (said on stderr) 3. */
int kr_options_read(int argc, char **argv, struct kr_options *ret_options);

#endif
