/* What control socket and metrics page share: a libmicrohttpd daemon without threads on a socket of ours,
 * polled in our loop through its epoll descriptor. */
#ifndef KR_DAEMON_WEB_H
#define KR_DAEMON_WEB_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct kr_web;

struct kr_web_request { /* strings borrowed for the call */
    const char *method;
    const char *path; /* percent-decoded */
    const char *body;
    size_t body_len;
};
struct kr_web_answer {
    unsigned status;
    const char *type; /* content type; a literal */
    char *body;       /* malloc'ed; taken over */
    size_t len;
    const char *allow; /* with 405: the methods; a literal or NULL */
    const char *cache; /* how long it may be kept, as HTTP says it; a literal; NULL: not at all */
};
/* Answers one whole request. */
typedef void kr_web_handler(void *arg, const struct kr_web_request *request,
                            struct kr_web_answer *ret_answer);

/* Takes over the listening fd, also on failure (KR_E_IO). */
int kr_web_new(int listen_fd, kr_web_handler *handler, void *arg, struct kr_web **ret_web);
void kr_web_free(struct kr_web *w); /* NULL is fine */

int kr_web_fd(const struct kr_web *w);          /* to wait for POLLIN; -1 for NULL */
uint64_t kr_web_due_ms(const struct kr_web *w); /* run it in so many ms at the latest; UINT64_MAX: never */
void kr_web_run(struct kr_web *w);              /* does what can be done without waiting; calls the handler */

#endif
