/* What the process gives up at start, whoever started it. The unit file takes away more
 * (packaging/keyroomd.service). */
#ifndef KR_DAEMON_SANDBOX_H
#define KR_DAEMON_SANDBOX_H

#include "base/secret.h"

/* No core dumps, not dumpable (no ptrace by its own user), no new privileges, files for the owner only.
 * KR_E_IO. */
int kr_sandbox_enter(void);

/* Keeps a secret out of swap. KR_E_IO where RLIMIT_MEMLOCK does not allow it. */
int kr_sandbox_lock(const struct kr_secret *secret);

#endif
