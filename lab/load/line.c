#include "load/line.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "xml/ns.h"

enum { READ_LEN = 65536, OUT_MAX = 1 << 30 };

/* What is awaited in each stage of a login. */
enum { HELLO, SUCCESS, HELLO_AGAIN, BOUND, HANDSHAKE, DONE };

static void break_line(struct kr_line *line, const char *why)
{
    line->broken = true;
    line->up = false;
    line->why = why;
}

static void open_stream(struct kr_line *line)
{
    struct kr_buf b;
    kr_buf_init(&b, 1024);
    kr_buf_printf(
        &b, "<?xml version='1.0'?><stream:stream to='%s'%s xmlns='%s' xmlns:stream='" KR_NS_STREAMS "'>",
        line->config->domain, line->config->secret ? "" : " version='1.0'",
        line->config->secret ? KR_NS_COMPONENT : KR_NS_CLIENT);
    kr_scan_reset(&line->in);
    kr_line_queue(line, (const char *)b.ptr, b.len, true);
    kr_buf_done(&b);
}

int kr_line_open(struct kr_line *line, const struct kr_line_config *config)
{
    int on = 1;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(config->port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    line->config = config;
    line->stage = HELLO;
    kr_scan_init(&line->in);
    kr_buf_init(&line->out, OUT_MAX);
    line->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (line->fd < 0)
        return KR_E_IO;
    if (setsockopt(line->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 ||
        (connect(line->fd, (const struct sockaddr *)&to, sizeof(to)) != 0 && errno != EINPROGRESS)) {
        kr_line_close(line);
        return KR_E_IO;
    }
    open_stream(line);
    return 0;
}

void kr_line_close(struct kr_line *line)
{
    if (line->config && line->fd >= 0)
        close(line->fd);
    line->fd = -1;
    free(line->jid);
    line->jid = NULL;
    kr_scan_done(&line->in);
    kr_buf_done(&line->out);
    line->config = NULL;
}

void kr_line_queue(struct kr_line *line, const char *xml, size_t len, bool raw)
{
    kr_buf_add(&line->out, xml, len);
    line->counts.stanzas_out += !raw;
    if (line->out.err)
        break_line(line, "more is queued than can be");
}

void kr_line_flush(struct kr_line *line)
{
    while (!line->broken && line->written < line->out.len) {
        ssize_t n =
            send(line->fd, line->out.ptr + line->written, line->out.len - line->written, MSG_NOSIGNAL);
        if (n > 0) {
            line->written += (size_t)n;
            line->counts.bytes_out += (uint64_t)n;
        } else if (errno == EAGAIN || errno == ENOTCONN) {
            return;
        } else if (errno != EINTR) {
            break_line(line, "the server is gone (write)");
        }
    }
    kr_buf_clear(&line->out);
    line->written = 0;
}

/* --- login --- */

static void say(struct kr_line *line, const char *xml)
{
    kr_line_queue(line, xml, strlen(xml), true);
}

static void shake_hands(struct kr_line *line, const struct kr_piece *hello)
{
    size_t id_len;
    const char *id = kr_piece_attr(hello, "id", &id_len);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_len = 0;
    struct kr_buf b;
    kr_buf_init(&b, 4096);
    kr_buf_add(&b, id ? id : "", id ? id_len : 0);
    kr_buf_add_str(&b, line->config->secret);
    if (EVP_Digest(b.ptr, b.len, digest, &digest_len, EVP_sha1(), NULL) != 1)
        break_line(line, "no SHA-1");
    kr_buf_clear(&b);
    kr_buf_add_str(&b, "<handshake>");
    for (unsigned i = 0; i < digest_len; i++)
        kr_buf_printf(&b, "%02x", digest[i]);
    kr_buf_add_str(&b, "</handshake>");
    kr_line_queue(line, (const char *)b.ptr, b.len, true);
    kr_buf_done(&b);
    line->stage = HANDSHAKE;
}

static void bound(struct kr_line *line, const struct kr_piece *p)
{
    const char *jid = kr_piece_find(p, NULL, "<jid>");
    const char *end = jid ? kr_piece_find(p, jid, "</jid>") : NULL;
    if (!end) {
        break_line(line, "the server gave no JID");
        return;
    }
    jid += strlen("<jid>");
    line->jid = kr_calloc((size_t)(end - jid) + 1, 1);
    memcpy(line->jid, jid, (size_t)(end - jid));
    line->stage = DONE;
    line->up = true;
}

static void log_in(struct kr_line *line, const struct kr_piece *p)
{
    if (p->kind == KR_PIECE_OPEN) {
        if (line->config->secret)
            shake_hands(line, p);
        return;
    }
    if (line->stage == HELLO && kr_piece_is(p, "stream:features")) {
        say(line, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>");
        line->stage = SUCCESS;
    } else if (line->stage == SUCCESS && kr_piece_is(p, "success")) {
        open_stream(line);
        line->stage = HELLO_AGAIN;
    } else if (line->stage == HELLO_AGAIN && kr_piece_is(p, "stream:features")) {
        say(line, "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
        line->stage = BOUND;
    } else if (line->stage == BOUND && kr_piece_is(p, "iq")) {
        bound(line, p);
    } else if (line->stage == HANDSHAKE && kr_piece_is(p, "handshake")) {
        line->stage = DONE;
        line->up = true;
    } else {
        break_line(line, "the server refuses the login");
    }
}

static void handle(struct kr_line *line, const struct kr_piece *p)
{
    if (p->kind == KR_PIECE_CLOSE || kr_piece_is(p, "stream:error")) {
        break_line(line, "the server ended the stream");
    } else if (!line->up) {
        log_in(line, p);
    } else if (p->kind == KR_PIECE_STANZA) {
        line->counts.stanzas_in++;
        line->stanza(line, p);
    }
}

/* As keyroomd's link does (io/link_strophe.c): the floor is to differ from it in nothing but the work. */
static void acknowledge_now(const struct kr_line *line)
{
    int on = 1;
    if (line->config->secret)
        setsockopt(line->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
}

void kr_line_readable(struct kr_line *line)
{
    while (!line->broken) {
        char *room = kr_scan_room(&line->in, READ_LEN);
        ssize_t n = recv(line->fd, room, READ_LEN, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            break_line(line, "the server is gone (read)");
            return;
        }
        acknowledge_now(line);
        kr_scan_filled(&line->in, (size_t)n);
        line->counts.bytes_in += (uint64_t)n;
        struct kr_piece piece;
        int got;
        while (!line->broken && (got = kr_scan_next(&line->in, &piece)) > 0)
            handle(line, &piece);
        if (!line->broken && got < 0)
            break_line(line, "what the server sends is no stream");
        if (n < READ_LEN) /* the socket is empty: spares the call that says so */
            return;
    }
}

void kr_counts_add(struct kr_counts *sum, const struct kr_counts *c)
{
    sum->stanzas_in += c->stanzas_in;
    sum->stanzas_out += c->stanzas_out;
    sum->bytes_in += c->bytes_in;
    sum->bytes_out += c->bytes_out;
}
