/* What arrives on the control socket. The first byte decides: requests as the handler sees them, each
 * "METHOD PATH\nBODY" and ended by a byte 0x1e; or the bytes of one connection, through libmicrohttpd. Every
 * request has one answer: JSON with a status that fits it (the numbers page: its text). */
#include "fuzz.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <jansson.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/limit.h"
#include "daemon/control.h"
#include "input.h"
#include "support/daemon.h"
#include "xml/ns.h"

enum { END = 0x1e, REQUESTS_MAX = 32 };

static const char config[] = "jid = keyroom.example.org\nmuc = conference.example.org\nport = 1\n"
                             "room = " KR_TEST_ROOM "\nregistered-domain = example.org\n";

/* --- a daemon with a room that has somebody in it --- */

static void presence(struct kr_daemon *d, const char *from, const char *jid, const char *code)
{
    struct kr_attr jid_attr = {.name = "jid", .value = jid},
                   affiliation = {.name = "affiliation", .value = "owner", .next = &jid_attr},
                   code_attr = {.name = "code", .value = code}, from_attr = {.name = "from", .value = from};
    struct kr_el status = {.name = "status", .ns = KR_NS_MUC_USER, .text = "", .attrs = &code_attr};
    struct kr_el item = {
        .name = "item", .ns = KR_NS_MUC_USER, .text = "", .attrs = &affiliation, .next = &status};
    struct kr_el x = {.name = "x", .ns = KR_NS_MUC_USER, .text = "", .child = &item};
    struct kr_el el = {
        .name = "presence", .ns = KR_NS_COMPONENT, .text = "", .attrs = &from_attr, .child = &x};
    struct kr_event e = {.kind = KR_EV_STANZA, .u.stanza = &el};
    FUZZ_MUST(kr_turn_event(&d->turn, &e) == 0);
}

static void set_up(struct kr_test_daemon *t)
{
    struct kr_event up = {.kind = KR_EV_LINK_UP};
    FUZZ_MUST(kr_test_daemon_init(t, config) == 0);
    FUZZ_MUST(kr_test_daemon_know_device(t) == 0);
    FUZZ_MUST(kr_turn_event(&t->d.turn, &up) == 0);
    presence(&t->d, KR_TEST_ROOM "/alice", "alice@example.org/1", "100");
    presence(&t->d, KR_TEST_ROOM "/keyroom", "keyroom.example.org", "110");
    FUZZ_MUST(kr_turn_end(&t->d.turn) == 0);
}

/* --- answers --- */

static void check_json(const struct kr_web_answer *a)
{
    json_error_t error;
    json_t *json = a->body ? json_loadb(a->body, a->len, JSON_REJECT_DUPLICATES, &error) : NULL;
    FUZZ_MUST(a->status == 200 || a->status == 400 || a->status == 404 || a->status == 405 ||
              a->status == 409 || a->status == 500);
    FUZZ_MUST(strcmp(a->type, "application/json") == 0 && json_is_object(json));
    FUZZ_MUST(!a->allow == (a->status != 405));
    if (a->status != 200) {
        FUZZ_MUST(json_string_length(json_object_get(json, "error")) > 0);
        FUZZ_MUST(json_string_length(json_object_get(json, "text")) > 0);
    }
    /* Only a store without backups fails here; and reads always succeed where they exist. */
    FUZZ_MUST(a->status != 500 ||
              strcmp(json_string_value(json_object_get(json, "error")), kr_errname(KR_E_IO)) == 0);
    json_decref(json);
}

static void check_read(struct kr_daemon *d, const struct kr_web_request *r, const struct kr_web_answer *a)
{
    struct kr_web_answer again = {0};
    if (strcmp(r->method, "GET") != 0) {
        FUZZ_MUST(a->status != 200 || strcmp(r->method, "POST") == 0);
        return;
    }
    FUZZ_MUST(a->status == 200 || a->status == 404 || a->status == 405);
    kr_control_handle(d, r, &again); /* reading changes nothing */
    FUZZ_MUST(again.status == a->status);
    free(again.body);
}

static void numbers(struct kr_daemon *d, const struct kr_web_request *r)
{
    struct kr_web_answer a = {0};
    kr_pages_handle(d, r, &a);
    FUZZ_MUST(a.body && a.len == strlen(a.body));
    FUZZ_MUST(a.status == 200 || a.status == 404 || a.status == 405);
    free(a.body);
}

/* --- the handler --- */

static char *cut(struct kr_span *from, char end)
{
    const uint8_t *at = from->len ? memchr(from->ptr, end, from->len) : NULL;
    size_t len = at ? (size_t)(at - from->ptr) : from->len;
    char *s = kr_calloc(1, len + 1);
    if (len)
        memcpy(s, from->ptr, len);
    *from = kr_span(from->ptr + len + (at ? 1 : 0), from->len - len - (at ? 1 : 0));
    return s;
}

static void ask(struct kr_daemon *d, struct kr_span text)
{
    struct kr_web_answer a = {0};
    char *method = cut(&text, ' '), *path = cut(&text, '\n');
    size_t len = text.len;
    char *body = kr_calloc(1, len + 1); /* ended by a NUL, as web.c gives it */
    if (len)
        memcpy(body, text.ptr, len);
    struct kr_web_request r = {.method = method, .path = path, .body = body, .body_len = len};
    kr_control_handle(d, &r, &a);
    FUZZ_MUST(!d->done);
    check_json(&a);
    check_read(d, &r, &a);
    numbers(d, &r);
    free(a.body);
    free(body);
    free(path);
    free(method);
}

static void requests(struct kr_daemon *d, struct kr_span all)
{
    for (int i = 0; all.len && i < REQUESTS_MAX; i++) {
        const uint8_t *end = memchr(all.ptr, END, all.len);
        size_t len = end ? (size_t)(end - all.ptr) : all.len;
        ask(d, kr_span(all.ptr, len));
        len += end ? 1 : 0;
        all = kr_span(all.ptr + len, all.len - len);
    }
}

/* --- the connection --- */

struct counted {
    struct kr_daemon *d;
    unsigned calls;
};

static void handle(void *arg, const struct kr_web_request *request, struct kr_web_answer *ret_answer)
{
    struct counted *c = arg;
    c->calls++;
    FUZZ_MUST(request->method && request->path && request->body);
    FUZZ_MUST(request->body_len <= KR_CONTROL_BODY_MAX && request->body[request->body_len] == '\0');
    kr_control_handle(c->d, request, ret_answer);
    check_json(ret_answer);
}

/* A listening socket without a name in any folder, and a connection to it. */
static void connected(int *ret_listen, int *ret_fd)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    socklen_t len = sizeof(sa_family_t); /* the kernel makes up an abstract name */
    int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    FUZZ_MUST(bind(server, (struct sockaddr *)&addr, len) == 0 && listen(server, 4) == 0);
    len = sizeof(addr);
    FUZZ_MUST(getsockname(server, (struct sockaddr *)&addr, &len) == 0);
    FUZZ_MUST(connect(client, (struct sockaddr *)&addr, len) == 0);
    *ret_listen = server;
    *ret_fd = client;
}

static void connection(struct kr_daemon *d, struct kr_span bytes)
{
    static char answer[1 << 16];
    struct counted c = {.d = d};
    struct kr_web *web = NULL;
    int server = -1, fd = -1;
    size_t sent = 0, len = 0, quiet = 0;
    connected(&server, &fd);
    FUZZ_MUST(kr_web_new(server, handle, &c, &web) == 0);
    while (quiet < 3) {
        ssize_t n = sent < bytes.len ? send(fd, bytes.ptr + sent, bytes.len - sent, MSG_NOSIGNAL) : 0;
        sent += n > 0 ? (size_t)n : bytes.len - sent;
        if (sent == bytes.len)
            shutdown(fd, SHUT_WR);
        kr_web_run(web);
        n = recv(fd, answer + len, sizeof(answer) - 1 - len, 0);
        len += n > 0 ? (size_t)n : 0;
        quiet = n > 0 ? 0 : quiet + 1;
        if (n == 0)
            break;
    }
    answer[len] = '\0';
    FUZZ_MUST(len == 0 || strncmp(answer, "HTTP/1.", 7) == 0);
    FUZZ_MUST(c.calls == 0 || len > 0);
    kr_web_free(web);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    struct kr_test_daemon t;
    bool raw = fuzz_bool(&in);
    set_up(&t);
    if (raw)
        connection(&t.d, kr_span(in.ptr, in.left));
    else
        requests(&t.d, kr_span(in.ptr, in.left));
    FUZZ_MUST(!t.d.done && !t.d.turn.failed);
    kr_test_daemon_done(&t);
    return 0;
}
