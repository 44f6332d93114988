/* What the server and the service have used: CPU time, memory, and bytes on the link between them. */
#ifndef KR_LOAD_USAGE_H
#define KR_LOAD_USAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* CPU time of all threads of a process, with the scheduler's own resolution (/proc/PID/task/N/schedstat). 0
 * if it cannot be read. */
uint64_t kr_usage_cpu_ns(pid_t pid);

/* Largest resident size in bytes since start, or since kr_usage_reset_peak (which needs to be root, as a
 * process that keeps secrets is not dumpable): false if that is not allowed. */
uint64_t kr_usage_peak(pid_t pid);
bool kr_usage_reset_peak(pid_t pid);
uint64_t kr_usage_resident(pid_t pid); /* now */

/* What keyroomd says on its metrics page, at 127.0.0.1, that Olm has cost for its own device so far. False if
 * it does not answer. */
bool kr_usage_olm(uint16_t port, uint64_t *ret_ns);

/* TCP payload of the established connections to `port`, both directions, as the kernel counts it at the end
 * that connected. False if there is none. */
bool kr_usage_link(uint16_t port, uint64_t *ret_bytes);

#endif
