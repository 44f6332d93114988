/* The service manager's protocol (sd_notify(3)); every call does nothing where there is none. */
#ifndef KR_DAEMON_NOTIFY_H
#define KR_DAEMON_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

void kr_notify_ready(void);
void kr_notify_reloading(void);
void kr_notify_stopping(void);
void kr_notify_status(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void kr_notify_alive(void);

/* Milliseconds between two kr_notify_alive; 0: nobody waits for them. */
uint64_t kr_notify_interval_ms(void);

/* True when stderr is the journal, so that lines carry "<N>" and no time. */
bool kr_notify_journal(void);

#endif
