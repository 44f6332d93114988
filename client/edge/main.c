#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cursor.h"
#include "base/err.h"
#include "base/limit.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/link.h"
#include "io/log.h"
#include "io/loop.h"
#include "io/random.h"
#include "io/seal.h"
#include "peer.h"

struct peer {
    struct peer_options o;
    struct kr_random random;
    struct kr_secret password;
    struct kr_client *client;
    struct kr_link *link;
    struct forward *forward;
    struct tally tally;
    uint64_t due_ms, frame_ms;
    bool muted, quit, failed;
    char line[256];
    size_t line_len;
};

static void step(struct peer *p, enum kr_client_event_kind kind, const char *jid, const struct kr_el *el)
{
    struct kr_client_event e = {.kind = kind, .now_ms = kr_mono_ms(), .jid = jid, .stanza = el};
    struct kr_client_output out;
    kr_client_output_init(&out);
    kr_client_step(p->client, &e, &out);
    for (size_t i = 0; i < out.stanza_count; i++)
        kr_link_send(p->link, out.stanzas[i], strlen(out.stanzas[i]));
    for (size_t i = 0; i < out.report_count; i++)
        print_report(&p->o, &out.reports[i]);
    p->due_ms = out.deadline_ms;
    kr_client_output_clear(&out);
}

static void on_up(void *arg)
{
    struct peer *p = arg;
    print_event(&p->o, "up", json_pack("{ss}", "jid", kr_link_jid(p->link)));
    step(p, KR_CLIENT_UP, kr_link_jid(p->link), NULL);
}

static void on_down(void *arg, enum kr_link_down why, const char *detail)
{
    struct peer *p = arg;
    print_event(&p->o, "down", json_pack("{ss}", "why", detail ? detail : ""));
    step(p, KR_CLIENT_DOWN, NULL, NULL);
    if (why == KR_DOWN_AUTH)
        p->quit = p->failed = true;
}

static void on_stanza(void *arg, const struct kr_el *el)
{
    step(arg, KR_CLIENT_STANZA, NULL, el);
}

static void on_oversize(void *arg, const char *name, const char *from, const char *id, const char *type)
{
    struct peer *p = arg;
    (void)from;
    (void)id;
    (void)type;
    print_event(&p->o, "refused", json_pack("{ssss}", "what", name, "why", kr_errname(KR_E_TOO_LARGE)));
}

static void start_link(struct peer *p)
{
    struct kr_link_config config = {.host = p->o.host,
                                    .port = p->o.port,
                                    .jid = p->o.jid ? p->o.jid : p->o.domain,
                                    .password = &p->password,
                                    .plain = p->o.plain,
                                    .backoff_min_ms = 200,
                                    .backoff_max_ms = 5000,
                                    .reconnect = true};
    struct kr_link_callbacks cb = {p, on_up, on_down, on_stanza, on_oversize};
    if (kr_link_new(&config, &cb, &p->random, &p->link)) {
        kr_log(KR_LOG_ERROR, "link -> failed (libstrophe does not start)");
        exit(1);
    }
    kr_link_start(p->link);
}

/* A synthetic frame says of itself whose it is, in which epoch, and the how-manieth. */
static void send_frame(struct peer *p)
{
    struct kr_client_view v = kr_client_look(p->client);
    if (!p->forward || p->muted || !v.may_send)
        return;
    struct kr_buf plain, frame;
    kr_buf_init(&plain, KR_FRAME_MAX);
    kr_buf_init(&frame, KR_FRAME_MAX);
    kr_buf_add_lp(&plain, kr_span_str(p->o.nick));
    kr_buf_add(&plain, v.instance.b, sizeof(v.instance.b));
    kr_buf_add_u64(&plain, v.epoch);
    kr_buf_add_u64(&plain, v.counter);
    while (plain.len < p->o.frame_size)
        kr_buf_add_u8(&plain, 0);
    if (kr_client_seal_frame(p->client, kr_buf_span(&plain), &frame) == 0) {
        char key[40];
        tally_key(key, &v.instance, v.epoch);
        tally_sealed(&p->tally, key);
        forward_send(p->forward, p->o.nick, kr_buf_span(&frame));
    }
    kr_buf_done(&plain);
    kr_buf_done(&frame);
}

static void on_frame(void *arg, const char *sender, struct kr_span frame)
{
    struct peer *p = arg;
    struct kr_buf plain;
    uint64_t epoch = 0;
    char key[40];
    kr_buf_init(&plain, KR_FRAME_MAX);
    int err = kr_client_open_frame(p->client, sender, frame, &plain, &epoch);
    struct kr_cursor c = kr_cursor(kr_buf_span(&plain));
    kr_cursor_bytes(&c, kr_cursor_u32(&c));
    struct kr_span id = kr_cursor_bytes(&c, 16);
    struct kr_id instance;
    uint64_t said = kr_cursor_u64(&c);
    if (!err && c.failed)
        err = KR_E_BAD_FRAME;
    if (err) {
        tally_key(key, NULL, epoch);
        tally_received(&p->tally, sender, key);
        tally_refused(&p->tally, sender, key, kr_errname(err));
    } else {
        memcpy(instance.b, id.ptr, sizeof(instance.b));
        tally_key(key, &instance, said);
        tally_received(&p->tally, sender, key);
        if (tally_opened(&p->tally, sender, key))
            print_event(&p->o, "first-frame", json_pack("{sssI}", "from", sender, "epoch", (json_int_t)said));
    }
    kr_buf_done(&plain);
}

static void print_status(struct peer *p)
{
    struct kr_client_view v = kr_client_look(p->client);
    print_event(&p->o, "status",
                json_pack("{sbsbsbsbsbsIsIsIsI}", "joined", v.joined, "member", v.member, "mismatched",
                          v.mismatched, "exposed", v.exposed, "sending", v.may_send, "epoch",
                          (json_int_t)v.epoch, "newest", (json_int_t)v.newest, "held", (json_int_t)v.held,
                          "missing", (json_int_t)v.missing));
}

static void command(struct peer *p, const char *what)
{
    if (strcmp(what, "leave") == 0)
        step(p, KR_CLIENT_LEAVE, NULL, NULL);
    else if (strcmp(what, "join") == 0)
        step(p, KR_CLIENT_JOIN, NULL, NULL);
    else if (strcmp(what, "detach") == 0)
        step(p, KR_CLIENT_DETACH, NULL, NULL);
    else if (strcmp(what, "mute") == 0 || strcmp(what, "unmute") == 0)
        p->muted = what[0] == 'm';
    else if (strcmp(what, "frames") == 0)
        print_frames(&p->o, &p->tally);
    else if (strcmp(what, "status") == 0)
        print_status(p);
    else if (strcmp(what, "drop-link") == 0) {
        kr_link_free(p->link);
        on_down(p, KR_DOWN_NETWORK, "dropped on command");
        start_link(p);
    } else if (strcmp(what, "quit") == 0)
        p->quit = true;
    else if (what[0])
        kr_log(KR_LOG_WARN, "command -> ignored (unknown)");
}

static void read_commands(struct peer *p)
{
    char chunk[256];
    ssize_t n = read(STDIN_FILENO, chunk, sizeof(chunk));
    if (n <= 0)
        p->quit = true;
    for (ssize_t i = 0; i < n; i++) {
        if (chunk[i] == '\n') {
            p->line[p->line_len] = '\0';
            p->line_len = 0;
            command(p, p->line);
        } else if (p->line_len < sizeof(p->line) - 1) {
            p->line[p->line_len++] = chunk[i];
        }
    }
}

static void die(const char *what, const char *why)
{
    kr_logf(KR_LOG_ERROR, "%s -> failed (%s)", what, why);
    exit(1);
}

/* The device of the identity file, made at the first start; without a file one for this run. */
static struct kr_olm_account *load_account(struct peer *p)
{
    struct kr_olm_account *account = NULL;
    struct kr_secret key = KR_SECRET_NONE, sealed = KR_SECRET_NONE, pickle = KR_SECRET_NONE;
    char why[256] = "libolm refuses";
    if (p->o.identity && kr_seal_key_read(p->o.identity_key, why, &key))
        die("identity key", why);
    if (p->o.identity && access(p->o.identity, F_OK) == 0) {
        if (kr_file_read_secret(p->o.identity, KR_STANZA_MAX, 1, why, &sealed) ||
            kr_unseal(&key, "keyroom-peer identity", kr_secret_span(&sealed), &pickle) ||
            kr_olm_account_unpickle(&pickle, &key, &account))
            die("identity", "unreadable, or sealed under another key");
    } else {
        struct kr_buf out;
        kr_buf_init(&out, KR_STANZA_MAX);
        if (kr_olm_account_new(&p->random, &account))
            die("identity", why);
        if (p->o.identity) {
            if (kr_olm_account_pickle(account, &key, &pickle))
                die("identity", why);
            kr_seal(&key, &p->random, "keyroom-peer identity", &pickle, &out);
            if (kr_file_write_private(p->o.identity, kr_buf_span(&out), why))
                die("identity", why);
        }
        kr_buf_done(&out);
    }
    kr_secret_done(&key);
    kr_secret_done(&sealed);
    kr_secret_done(&pickle);
    return account;
}

static void wait_and_run(struct peer *p, int signals)
{
    struct pollfd fds[4] = {
        {.fd = STDIN_FILENO, .events = POLLIN}, {.fd = signals, .events = POLLIN}, {.fd = -1}, {.fd = -1}};
    uint64_t due = p->due_ms, other = UINT64_MAX;
    fds[2].fd = kr_link_poll(p->link, &fds[2].events, &other);
    due = other < due ? other : due;
    if (p->forward) {
        fds[3].fd = forward_poll(p->forward, &fds[3].events, &other);
        due = other < due ? other : due;
        due = p->frame_ms < due ? p->frame_ms : due;
    }
    if (kr_loop_wait(fds, 4, due))
        die("loop", "poll failed");
    if (fds[1].revents)
        p->quit = kr_loop_next_signal(signals) != 0;
    if (fds[0].revents && !p->quit)
        read_commands(p);
    uint64_t now = kr_mono_ms();
    kr_link_run(p->link, now);
    if (p->due_ms <= now)
        step(p, KR_CLIENT_TIME, NULL, NULL);
    if (p->forward) {
        if (p->frame_ms <= now) {
            send_frame(p);
            p->frame_ms = now + p->o.frame_interval_ms;
        }
        forward_run(p->forward, now, on_frame, p);
    }
}

/* Says goodbye: what is queued goes out, for at most a second. */
static void goodbye(struct peer *p)
{
    print_frames(&p->o, &p->tally);
    step(p, KR_CLIENT_LEAVE, NULL, NULL);
    uint64_t until = kr_mono_ms() + 1000;
    while (kr_link_is_up(p->link) && kr_link_queue_len(p->link) && kr_mono_ms() < until) {
        struct pollfd fd = {.fd = -1};
        uint64_t due;
        fd.fd = kr_link_poll(p->link, &fd.events, &due);
        kr_loop_wait(&fd, 1, kr_mono_ms() + 20);
        kr_link_run(p->link, kr_mono_ms());
    }
}

int main(int argc, char **argv)
{
    struct peer p = {.due_ms = UINT64_MAX};
    char why[256];
    int signals;
    peer_options_read(argc, argv, &p.o);
    kr_log_setup(KR_LOG_WARN, 0);
    if (kr_random_init() || kr_loop_signals(&signals))
        die("start", "no generator or no signals");
    p.random = kr_random_system();
    if (p.o.password_file && kr_file_read_line_secret(p.o.password_file, 4096, why, &p.password))
        die("password", why);
    if (p.o.forwarder && !(p.forward = forward_new(p.o.forwarder, p.o.nick)))
        die("forwarder", "not of the form HOST:PORT");
    tally_init(&p.tally);
    struct kr_client_config config = {.room = p.o.room,
                                      .nick = p.o.nick,
                                      .service = p.o.service,
                                      .floor = p.o.floor,
                                      .any_format = p.o.any_format,
                                      .format = p.o.format,
                                      .keep = true,
                                      .random = p.random,
                                      .account = load_account(&p)};
    p.client = kr_client_new(&config);
    start_link(&p);
    step(&p, KR_CLIENT_JOIN, NULL, NULL);
    while (!p.quit)
        wait_and_run(&p, signals);
    goodbye(&p);
    kr_link_free(p.link);
    forward_free(p.forward);
    kr_client_free(p.client);
    tally_done(&p.tally);
    kr_secret_done(&p.password);
    return p.failed ? 1 : 0;
}
