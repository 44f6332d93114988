#include "daemon/web.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/limit.h"

enum { CONNECTIONS_MAX = 32, TIMEOUT_S = 10 };

struct kr_web {
    struct MHD_Daemon *mhd;
    int epoll_fd;
    kr_web_handler *handler;
    void *arg;
};

struct request { /* libmicrohttpd's con_cls: the body as it comes in */
    char *body;
    size_t len;
    bool too_large;
};

static enum MHD_Result send_answer(struct MHD_Connection *connection, struct kr_web_answer *a)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(a->len, a->body, MHD_RESPMEM_MUST_FREE);
    enum MHD_Result rc;

    if (!response) {
        free(a->body);
        return MHD_NO;
    }
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, a->type);
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, a->cache ? a->cache : "no-store");
    if (a->allow)
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, a->allow);
    rc = MHD_queue_response(connection, a->status, response);
    MHD_destroy_response(response);
    return rc;
}

static void take_upload(struct request *r, const char *data, size_t len)
{
    char *body;

    if (r->too_large || len > (size_t)KR_CONTROL_BODY_MAX - r->len) {
        r->too_large = true;
        return;
    }
    body = kr_malloc(r->len + len + 1);
    if (r->len)
        memcpy(body, r->body, r->len);
    memcpy(body + r->len, data, len);
    free(r->body);
    r->body = body;
    r->len += len;
    body[r->len] = '\0';
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_len, void **con_cls)
{
    static const char too_large[] = "{\"error\":\"too-large\",\"text\":\"the request is too large\"}\n";
    struct kr_web *w = arg;
    struct request *r = *con_cls;
    struct kr_web_answer answer = {.status = MHD_HTTP_INTERNAL_SERVER_ERROR, .type = "text/plain"};

    (void)version;
    if (!r) {
        *con_cls = kr_calloc(1, sizeof(*r));
        return MHD_YES;
    }
    if (*upload_len) {
        take_upload(r, upload, *upload_len);
        *upload_len = 0;
        return MHD_YES;
    }
    if (r->too_large)
        answer = (struct kr_web_answer){.status = MHD_HTTP_CONTENT_TOO_LARGE,
                                        .type = "application/json",
                                        .body = kr_strdup(too_large),
                                        .len = sizeof(too_large) - 1};
    else
        w->handler(w->arg,
                   &(struct kr_web_request){
                       .method = method, .path = url, .body = r->body ? r->body : "", .body_len = r->len},
                   &answer);
    return send_answer(connection, &answer);
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **con_cls,
                         enum MHD_RequestTerminationCode code)
{
    struct request *r = *con_cls;

    (void)arg;
    (void)connection;
    (void)code;
    if (r)
        free(r->body);
    free(r);
    *con_cls = NULL;
}

int kr_web_new(int listen_fd, kr_web_handler *handler, void *arg, struct kr_web **ret_web)
{
    struct kr_web *w = kr_calloc(1, sizeof(*w));
    const union MHD_DaemonInfo *info = NULL;

    w->handler = handler;
    w->arg = arg;
    w->mhd = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, w, MHD_OPTION_LISTEN_SOCKET,
                              listen_fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
                              MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_S, MHD_OPTION_NOTIFY_COMPLETED,
                              on_completed, NULL, MHD_OPTION_END);
    if (!w->mhd)
        (void)close(listen_fd);
    else
        info = MHD_get_daemon_info(w->mhd, MHD_DAEMON_INFO_EPOLL_FD);
    if (!info) {
        kr_web_free(w);
        return KR_E_IO;
    }
    w->epoll_fd = info->epoll_fd;
    *ret_web = w;
    return 0;
}

void kr_web_free(struct kr_web *w)
{
    if (!w)
        return;
    if (w->mhd)
        MHD_stop_daemon(w->mhd);
    free(w);
}

int kr_web_fd(const struct kr_web *w)
{
    return w ? w->epoll_fd : -1;
}

uint64_t kr_web_due_ms(const struct kr_web *w)
{
    MHD_UNSIGNED_LONG_LONG ms;

    return w && MHD_get_timeout(w->mhd, &ms) == MHD_YES ? (uint64_t)ms : UINT64_MAX;
}

void kr_web_run(struct kr_web *w)
{
    if (w)
        (void)MHD_run(w->mhd);
}
