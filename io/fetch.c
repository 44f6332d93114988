#include "io/fetch.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "io/clock.h"

enum { EVENTS = 16, ERRMSG_LEN = 256 };

struct fetch_one {
    CURL *easy;
    struct curl_slist *headers;
    struct kr_buf answer;
    char why[CURL_ERROR_SIZE];
    kr_fetch_done *done;
    void *arg;
    struct fetch_one *next;
};

struct kr_fetch {
    CURLM *multi;
    int epoll_fd;
    uint64_t due; /* monotonic; UINT64_MAX: never */
    struct fetch_one *all;
};

/* --- one request --- */

static void one_free(struct fetch_one *o)
{
    if (o->easy)
        curl_easy_cleanup(o->easy);
    curl_slist_free_all(o->headers);
    kr_buf_done(&o->answer);
    free(o);
}

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
    struct fetch_one *o = arg;
    kr_buf_add(&o->answer, bytes, size * count);
    return o->answer.err ? 0 : size * count; /* 0 ends it with an error */
}

static bool set_up(struct fetch_one *o, const struct kr_fetch_request *r)
{
    CURL *c = o->easy = curl_easy_init();
    if (!c)
        return false;
    bool ok = curl_easy_setopt(c, CURLOPT_URL, r->url) == CURLE_OK &&
              curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
              curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
              curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)r->timeout_ms) == CURLE_OK &&
              curl_easy_setopt(c, CURLOPT_ERRORBUFFER, o->why) == CURLE_OK &&
              curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
              curl_easy_setopt(c, CURLOPT_WRITEDATA, o) == CURLE_OK &&
              curl_easy_setopt(c, CURLOPT_PRIVATE, o) == CURLE_OK;
    if (!ok || !r->body.len)
        return ok;
    o->headers = curl_slist_append(NULL, "Content-Type: text/plain; charset=utf-8");
    return o->headers && curl_easy_setopt(c, CURLOPT_HTTPHEADER, o->headers) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)r->body.len) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_COPYPOSTFIELDS, r->body.ptr) == CURLE_OK;
}

static struct fetch_one *one_new(const struct kr_fetch_request *r)
{
    struct fetch_one *o = kr_calloc(1, sizeof(*o));
    kr_buf_init(&o->answer, r->answer_max);
    if (set_up(o, r))
        return o;
    one_free(o);
    return NULL;
}

static struct kr_fetch_answer answer_of(struct fetch_one *o, CURLcode rc)
{
    long status = 0;
    char *type = NULL;
    struct kr_fetch_answer a = {.type = ""};
    if (rc != CURLE_OK) {
        a.error = o->answer.err ? "the answer is too long" : o->why[0] ? o->why : curl_easy_strerror(rc);
        return a;
    }
    curl_easy_getinfo(o->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(o->easy, CURLINFO_CONTENT_TYPE, &type);
    a.status = (unsigned)status;
    a.type = type ? type : "";
    a.body = kr_buf_span(&o->answer);
    return a;
}

/* --- many, in the loop --- */

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
    struct kr_fetch *f = arg;
    struct epoll_event ev = {.data.fd = fd};
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(f->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
        return 0;
    }
    ev.events = (what & CURL_POLL_IN ? EPOLLIN : 0U) | (what & CURL_POLL_OUT ? EPOLLOUT : 0U);
    if (epoll_ctl(f->epoll_fd, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &ev) != 0)
        return -1;
    curl_multi_assign(f->multi, fd, f);
    return 0;
}

static int on_timer(CURLM *multi, long ms, void *arg)
{
    struct kr_fetch *f = arg;
    (void)multi;
    f->due = ms < 0 ? UINT64_MAX : kr_mono_ms() + (uint64_t)ms;
    return 0;
}

static bool multi_set_up(struct kr_fetch *f)
{
    return f->multi && f->epoll_fd >= 0 &&
           curl_multi_setopt(f->multi, CURLMOPT_SOCKETFUNCTION, on_socket) == CURLM_OK &&
           curl_multi_setopt(f->multi, CURLMOPT_SOCKETDATA, f) == CURLM_OK &&
           curl_multi_setopt(f->multi, CURLMOPT_TIMERFUNCTION, on_timer) == CURLM_OK &&
           curl_multi_setopt(f->multi, CURLMOPT_TIMERDATA, f) == CURLM_OK;
}

int kr_fetch_new(struct kr_fetch **ret_fetch)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return KR_E_IO;
    struct kr_fetch *f = kr_calloc(1, sizeof(*f));
    f->multi = curl_multi_init();
    f->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    f->due = UINT64_MAX;
    if (!multi_set_up(f)) {
        kr_fetch_free(f);
        return KR_E_IO;
    }
    *ret_fetch = f;
    return 0;
}

static void unlink_one(struct kr_fetch *f, struct fetch_one *o)
{
    struct fetch_one **at = &f->all;
    while (*at != o)
        at = &(*at)->next;
    *at = o->next;
    curl_multi_remove_handle(f->multi, o->easy);
}

void kr_fetch_free(struct kr_fetch *f)
{
    if (!f)
        return;
    while (f->all) {
        struct fetch_one *o = f->all;
        unlink_one(f, o);
        one_free(o);
    }
    if (f->multi)
        curl_multi_cleanup(f->multi);
    if (f->epoll_fd >= 0)
        close(f->epoll_fd);
    free(f);
    curl_global_cleanup();
}

int kr_fetch_start(struct kr_fetch *f, const struct kr_fetch_request *request, kr_fetch_done *done, void *arg)
{
    struct fetch_one *o = one_new(request);
    if (!o)
        return KR_E_IO;
    o->done = done;
    o->arg = arg;
    if (curl_multi_add_handle(f->multi, o->easy) != CURLM_OK) {
        one_free(o);
        return KR_E_IO;
    }
    o->next = f->all;
    f->all = o;
    return 0;
}

int kr_fetch_fd(const struct kr_fetch *f)
{
    return f ? f->epoll_fd : -1;
}

uint64_t kr_fetch_due_mono_ms(const struct kr_fetch *f)
{
    return f ? f->due : UINT64_MAX;
}

static void tell_done(struct kr_fetch *f)
{
    int left;
    CURLMsg *m;
    while ((m = curl_multi_info_read(f->multi, &left))) {
        char *private = NULL;
        CURLcode rc = m->data.result;
        if (m->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &private);
        struct fetch_one *o = (void *)private;
        unlink_one(f, o);
        struct kr_fetch_answer a = answer_of(o, rc);
        o->done(o->arg, &a); /* may start another */
        one_free(o);
    }
}

void kr_fetch_run(struct kr_fetch *f)
{
    struct epoll_event ready[EVENTS];
    int running;
    if (!f)
        return;
    int n = epoll_wait(f->epoll_fd, ready, EVENTS, 0);
    for (int i = 0; i < n; i++) {
        int what = (ready[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                   (ready[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                   (ready[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
        curl_multi_socket_action(f->multi, ready[i].data.fd, what, &running);
    }
    if (f->due <= kr_mono_ms()) {
        f->due = UINT64_MAX; /* it is set again if there is more to wait for */
        curl_multi_socket_action(f->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    tell_done(f);
}

/* --- one, waited for --- */

int kr_fetch_get(const char *url, unsigned timeout_ms, struct kr_buf *body, char *errmsg)
{
    struct kr_fetch_request r = {.url = url, .answer_max = body->max - body->len, .timeout_ms = timeout_ms};
    struct fetch_one *o = one_new(&r);
    int err = KR_E_IO;
    if (!o) {
        snprintf(errmsg, ERRMSG_LEN, "%.200s: cannot be asked for", url);
        return err;
    }
    struct kr_fetch_answer a = answer_of(o, curl_easy_perform(o->easy));
    if (a.status == 200) {
        kr_buf_add(body, a.body.ptr, a.body.len);
        err = body->err;
    } else if (a.status) {
        snprintf(errmsg, ERRMSG_LEN, "%.160s: HTTP status %u", url, a.status);
        err = a.status == 404 ? KR_E_NOT_FOUND : KR_E_IO;
    } else {
        snprintf(errmsg, ERRMSG_LEN, "%.120s: %.120s", url, a.error);
    }
    one_free(o);
    return err;
}
