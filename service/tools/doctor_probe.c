#include "doctor.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/buf.h"

enum { PATIENCE_S = 5, ANSWER_MAX = 4096 };

static int dial(const struct kr_doctor_config *c, int *ret_errno)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
    struct timeval patience = {.tv_sec = PATIENCE_S};
    int fd = -1;

    *ret_errno = EHOSTUNREACH;
    if (getaddrinfo(c->host, c->port, &hints, &list))
        return -1;
    for (const struct addrinfo *a = list; a && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, 0);
        if (fd < 0)
            continue;
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
        if (connect(fd, a->ai_addr, a->ai_addrlen)) {
            *ret_errno = errno;
            (void)close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(list);
    return fd;
}

static bool say(int fd, const char *text)
{
    return send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text);
}

/* Reads until one of the words has come, or nothing does. */
static const char *await(int fd, char answer[static ANSWER_MAX], const char *const *words, size_t count)
{
    size_t len = 0;

    for (;;) {
        ssize_t n = recv(fd, answer + len, ANSWER_MAX - 1 - len, 0);

        if (n <= 0 || len + (size_t)n >= ANSWER_MAX - 1)
            return NULL;
        len += (size_t)n;
        answer[len] = '\0';
        for (size_t i = 0; i < count; i++) {
            if (strstr(answer, words[i]))
                return words[i];
        }
    }
}

/* The stream's id: XEP-0114 hashes it with the secret. */
static bool stream_id(const char *answer, char *out, size_t max)
{
    const char *at = strstr(answer, " id=");
    size_t len;

    if (!at || (at[4] != '\'' && at[4] != '"'))
        return false;
    len = strcspn(at + 5, "'\"");
    if (len >= max)
        return false;
    memcpy(out, at + 5, len);
    out[len] = '\0';
    return true;
}

static bool handshake(const struct kr_doctor_config *c, const char *id, char *out, size_t max)
{
    char text[1024], secret[KR_DOCTOR_VALUE] = "";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    FILE *in = fopen(c->secret_file, "re");
    bool ok = in && fgets(secret, sizeof(secret), in);

    if (in)
        (void)fclose(in);
    secret[strcspn(secret, "\n")] = '\0';
    (void)snprintf(text, sizeof(text), "%s%s", id, secret);
    ok = ok && EVP_Digest(text, strlen(text), digest, &len, EVP_sha1(), NULL) == 1;
    size_t at = (size_t)snprintf(out, max, "<handshake>");
    for (unsigned i = 0; ok && i < len; i++)
        at += (size_t)snprintf(out + at, max - at, "%02x", digest[i]);
    (void)snprintf(out + at, max - at, "</handshake>");
    OPENSSL_cleanse(text, sizeof(text));
    OPENSSL_cleanse(secret, sizeof(secret));
    return ok;
}

static void judge(struct kr_finding *f, const struct kr_doctor_config *c, const char *word)
{
    if (!word)
        kr_found(f, "component", "see that port: it must be Prosody's for components, not for clients",
                 "%s:%s does not answer as XEP-0114 says", c->host, c->port);
    else if (strcmp(word, "<host-unknown") == 0)
        kr_found(f, "component",
                 "add a block `Component \"...\"` with that name and its component_secret to Prosody's "
                 "configuration",
                 "the server knows no component %s", c->jid);
    else if (strcmp(word, "<not-authorized") == 0)
        kr_found(f, "component",
                 "write the component_secret of the Component block into the secret-file, as one line, and "
                 "restart "
                 "keyroomd",
                 "the server does not take the secret for %s", c->jid);
    else if (strcmp(word, "<conflict") == 0)
        kr_found(f, "component", "stop the other one, or set component_conflict_resolve = \"kick_old\"",
                 "another keyroomd, or something else, is connected as %s", c->jid);
    else
        kr_found(f, "component", "start keyroomd, or look into its log: nothing stands in its way",
                 "the server would take %s now", c->jid);
}

void kr_doctor_probe(struct kr_finding *f, const struct kr_doctor_config *c)
{
    static const char *const opening[] = {"<host-unknown", "<stream:error", "id="};
    static const char *const verdicts[] = {"<host-unknown", "<not-authorized", "<conflict", "<handshake"};
    char answer[ANSWER_MAX] = "", line[2048], id[256];
    const char *word;
    int err = 0, fd = dial(c, &err);

    if (fd < 0) {
        kr_found(
            f, "component-port",
            "open it in Prosody: component_ports = { 5347 } and component_interfaces = { \"127.0.0.1\" } in "
            "the "
            "global section (docker-jitsi-meet ships it closed: GLOBAL_CONFIG), and let host and port of "
            "keyroom.conf name it",
            "nobody listens for components at %s:%s (%s)", c->host, c->port, strerror(err));
        return;
    }
    (void)snprintf(line, sizeof(line),
                   "<?xml version='1.0'?><stream:stream to='%s' xmlns='jabber:component:accept' "
                   "xmlns:stream='http://etherx.jabber.org/streams'>",
                   c->jid);
    word = say(fd, line) ? await(fd, answer, opening, 3) : NULL;
    if (word && strcmp(word, "id=") == 0 && !strstr(answer, "<host-unknown")) {
        word = stream_id(answer, id, sizeof(id)) && handshake(c, id, line, sizeof(line)) && say(fd, line)
                   ? await(fd, answer, verdicts, 4)
                   : NULL;
    } else if (word && strstr(answer, "<host-unknown")) {
        word = "<host-unknown";
    } else if (word) {
        word = await(fd, answer, verdicts, 1);
    }
    (void)say(fd, "</stream:stream>");
    (void)close(fd);
    judge(f, c, word);
}
