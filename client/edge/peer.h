/* Joins the parts: the client's core, its stream, the forwarder, commands on standard input. */
#ifndef KR_EDGE_PEER_H
#define KR_EDGE_PEER_H

#include "options.h"

/* Runs until quit. Returns the exit status: 0 after quit, 1 when it cannot go on (said on stderr). */
int kr_peer_main(const struct kr_options *options);

#endif
