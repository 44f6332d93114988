/* HTTP requests to others, without waiting for them: libcurl, polled in our loop through one descriptor. A
 * request ends with an answer or an error, within its time. Redirects are not followed; https is verified
 * with the system's certificates; proxies are those of the environment. */
#ifndef KR_IO_FETCH_H
#define KR_IO_FETCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct kr_fetch;

struct kr_fetch_answer { /* borrowed for the call */
    unsigned status;     /* of HTTP; 0: there was none, and error says why */
    const char *type;    /* content type; "" for none */
    struct kr_span body;
    const char *error;
};
typedef void kr_fetch_done(void *arg, const struct kr_fetch_answer *answer);

struct kr_fetch_request {
    const char *url;     /* http or https */
    struct kr_span body; /* copied; len 0: GET, else POST */
    size_t answer_max;   /* bytes; a longer answer is an error */
    unsigned timeout_ms; /* for all of it */
};

int kr_fetch_new(struct kr_fetch **ret_fetch); /* KR_E_IO */
void kr_fetch_free(struct kr_fetch *f);        /* what is under way ends without its callback; NULL is fine */

/* Begins one; `done` is called once, from kr_fetch_run. KR_E_IO: it cannot even begin; `done` is not called.
 */
int kr_fetch_start(struct kr_fetch *f, const struct kr_fetch_request *request, kr_fetch_done *done,
                   void *arg);

int kr_fetch_fd(const struct kr_fetch *f);               /* to wait for POLLIN; -1 for NULL */
uint64_t kr_fetch_due_mono_ms(const struct kr_fetch *f); /* run it then at the latest; UINT64_MAX: never */
void kr_fetch_run(struct kr_fetch *f);                   /* does what can be done without waiting */

/* One GET, waited for: for tools. Appends to *body up to its ceiling. KR_E_IO, and errmsg (256 bytes) says
 * why; KR_E_NOT_FOUND for 404. */
int kr_fetch_get(const char *url, unsigned timeout_ms, struct kr_buf *body, char *errmsg);

#endif
