/* The command line of keyroom-peer. */
#ifndef KR_EDGE_OPTIONS_H
#define KR_EDGE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "text/policy.h"

struct kr_options { /* strings are argv's */
    const char *host, *jid, *password_file, *room, *nick, *service;
    const char *forward_host, *identity, *identity_key;
    uint16_t port, forward_port; /* forward_port 0: no forwarder */
    bool plain, json, any_format;
    enum kr_authorise floor;
    enum kr_format format;
    uint32_t frame_interval_ms, frame_len;
};

/* 0: run; otherwise what to exit with plus 1: help and version yield 1, misuse (said on stderr) 3. */
int kr_options_read(int argc, char **argv, struct kr_options *ret_options);

#endif
