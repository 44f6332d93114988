#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/limit.h"
#include "base/utf8.h"
#include "client/client.h"
#include "forward.h"
#include "identity.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/link.h"
#include "io/log.h"
#include "io/loop.h"
#include "io/random.h"
#include "log_file.h"
#include "room_code.h"
#include "script.h"
#include "show.h"
#include "tally.h"

enum { BACKOFF_MIN_MS = 100, BACKOFF_MAX_MS = 2000, COMMAND_MAX = 1200, GOODBYE_MS = 1500 };

struct peer {
    const struct kr_options *options;
    struct kr_random random;
    struct kr_secret password;
    struct kr_show show;
    struct kr_client *client;
    struct kr_link *link;
    struct kr_forward *forward;
    struct kr_tally *tally;
    uint64_t client_due_ms, frame_due_ms;
    struct kr_script script;
    struct kr_room_code_job *room_code; /* NULL: none is being computed */
    bool room_code_again;               /* the roster has changed since it began */
    bool muted, quitting, failed, closing;
    char command[COMMAND_MAX];
    size_t command_len;
    bool input_over;
};

/* --- the room code --- */

static void start_room_code(struct peer *p)
{
    struct kr_client_view v = kr_client_look(p->client);
    if (p->room_code)
        p->room_code_again = true;
    else if (v.newest)
        p->room_code = kr_room_code_start(&v.roster, v.members);
}

static void finish_room_code(struct peer *p)
{
    struct kr_room_code_shown code = kr_room_code_finish(p->room_code);
    char line[120];
    p->room_code = NULL;
    snprintf(line, sizeof(line), "room code of %zu devices: %s", code.devices, code.text);
    kr_show(&p->show, "room-code",
            json_pack("{s:s,s:I}", "code", code.text, "devices", (json_int_t)code.devices), line);
    if (p->room_code_again) {
        p->room_code_again = false;
        start_room_code(p);
    }
}

/* --- the core --- */

static void report(struct peer *p, const struct kr_report *r)
{
    const char *file = p->options->log_state;
    kr_show_report(&p->show, r);
    if (r->kind == KR_REPORT_LOG && file && kr_log_file_write(file, &r->log_key, &r->log))
        fprintf(stderr, "keyroom-peer: %s: cannot be written\n", file);
}

/* The operator's key, and what was kept of this log. KR_E_ values for a file that cannot be used. */
static int read_log(const struct kr_options *o, struct kr_client_config *config, struct kr_note_key *kept)
{
    bool known = false;
    struct kr_log_claim seen = {.size = 0};
    int err = o->log_state ? kr_log_file_read(o->log_state, kept, &seen, &known) : 0;
    if (err)
        return err;
    config->log_key_given = o->has_log_key;
    config->log_key = o->has_log_key ? &o->log_key : known ? kept : NULL;
    if (known && (!o->has_log_key ||
                  (strcmp(kept->name, o->log_key.name) == 0 && kr_key_equal(&kept->key, &o->log_key.key))))
        config->log_seen = seen;
    return 0;
}

static void step(struct peer *p, struct kr_client_event event)
{
    struct kr_client_output out;
    kr_client_output_init(&out);
    event.now_ms = kr_mono_ms();
    event.wall_ms = kr_wall_ms();
    kr_client_step(p->client, &event, &out);
    p->client_due_ms = out.deadline_ms;
    bool announced = false;
    for (size_t i = 0; i < out.report_count; i++) {
        report(p, &out.reports[i]);
        kr_script_hear(&p->script, &out.reports[i]);
        announced |= out.reports[i].kind == KR_REPORT_ANNOUNCE;
    }
    for (size_t i = 0; i < out.stanza_count && p->link; i++)
        kr_link_send(p->link, out.stanzas[i], strlen(out.stanzas[i]));
    kr_client_output_clear(&out);
    if (announced && p->options->room_code)
        start_room_code(p);
    if (kr_script_next(&p->script, &event))
        step(p, event);
}

static void simple_step(struct peer *p, enum kr_client_event_kind kind)
{
    step(p, (struct kr_client_event){.kind = kind});
}

/* --- the stream --- */

static void on_up(void *arg)
{
    struct peer *p = arg;
    const char *jid = kr_link_jid(p->link);
    kr_show(&p->show, "up", json_pack("{s:s}", "jid", jid), "connected");
    step(p, (struct kr_client_event){.kind = KR_CLIENT_UP, .jid = jid});
}

static void on_down(void *arg, enum kr_link_down why, const char *detail)
{
    struct peer *p = arg;
    char line[300];
    snprintf(line, sizeof(line), "connection lost (%s)", detail);
    kr_show(&p->show, "down", json_pack("{s:s}", "why", detail), line);
    simple_step(p, KR_CLIENT_DOWN);
    if (why == KR_DOWN_AUTH) {
        fprintf(stderr, "keyroom-peer: the server refuses the login (%s)\n", detail);
        p->failed = true;
    }
    if (p->closing)
        p->quitting = true;
}

static void on_stanza(void *arg, const struct kr_el *el)
{
    step(arg, (struct kr_client_event){.kind = KR_CLIENT_STANZA, .stanza = el});
}

static void on_oversize(void *arg, const char *name, const char *from, const char *id, const char *type)
{
    struct peer *p = arg;
    (void)from, (void)id, (void)type;
    kr_show(&p->show, "refused", json_pack("{s:s,s:s}", "what", name, "why", kr_errname(KR_E_TOO_LARGE)),
            "refused a stanza (too-large)");
}

static int open_link(struct peer *p)
{
    const struct kr_link_config config = {.host = p->options->host,
                                          .port = p->options->port,
                                          .jid = p->options->jid,
                                          .password = kr_secret_is_set(&p->password) ? &p->password : NULL,
                                          .plain = p->options->plain,
                                          .backoff_min_ms = BACKOFF_MIN_MS,
                                          .backoff_max_ms = BACKOFF_MAX_MS,
                                          .reconnect = true};
    const struct kr_link_callbacks cb = {p, on_up, on_down, on_stanza, on_oversize};
    int err = kr_link_new(&config, &cb, &p->random, &p->link);
    if (!err)
        kr_link_start(p->link);
    return err;
}

/* As if the network had gone: no goodbye, a new connection at once. */
static void drop_link(struct peer *p)
{
    kr_link_free(p->link);
    p->link = NULL;
    kr_show(&p->show, "down", json_pack("{s:s}", "why", "dropped"), "connection dropped on purpose");
    simple_step(p, KR_CLIENT_DOWN);
    if (open_link(p) != 0)
        p->failed = true;
}

/* --- frames --- */

static void on_frame(void *arg, const char *sender, struct kr_span frame)
{
    struct peer *p = arg;
    struct kr_buf plain;
    uint64_t epoch = 0;
    bool first = false;
    kr_buf_init(&plain, 1 << 20);
    int err = kr_client_open_frame(p->client, sender, frame, &plain, &epoch);
    if (!err && !kr_tally_opened(p->tally, sender, epoch, kr_buf_span(&plain), &first))
        err = KR_E_WRONG_SENDER;
    if (err)
        kr_tally_refused(p->tally, sender, epoch, kr_errname(err));
    if (first) {
        char line[400];
        snprintf(line, sizeof(line), "hears %s in epoch %" PRIu64, sender, epoch);
        kr_show(&p->show, "first-frame", json_pack("{s:s,s:I}", "from", sender, "epoch", (json_int_t)epoch),
                line);
    }
    kr_buf_done(&plain);
}

static void send_frame(struct peer *p)
{
    struct kr_client_view v = kr_client_look(p->client);
    if (p->muted || p->closing || !p->forward || !kr_forward_ready(p->forward) || !v.may_send)
        return;
    struct kr_buf plain, frame;
    kr_buf_init(&plain, 1 << 20);
    kr_buf_init(&frame, 1 << 20);
    kr_tally_make(p->tally, &v.instance, v.epoch, p->options->frame_len, &plain);
    if (!plain.err && kr_client_seal_frame(p->client, kr_buf_span(&plain), &frame) == 0) {
        kr_forward_send(p->forward, kr_buf_span(&frame));
        kr_tally_sealed(p->tally, &v.instance, v.epoch);
    }
    kr_buf_done(&plain);
    kr_buf_done(&frame);
}

static void frames_when_due(struct peer *p)
{
    uint64_t now = kr_mono_ms();
    if (now < p->frame_due_ms)
        return;
    send_frame(p);
    p->frame_due_ms += p->options->frame_interval_ms;
    if (p->frame_due_ms <= now) /* we were held up: no burst */
        p->frame_due_ms = now + p->options->frame_interval_ms;
}

/* --- commands --- */

static void show_status(struct peer *p)
{
    struct kr_client_view v = kr_client_look(p->client);
    char line[200];
    snprintf(line, sizeof(line), "%s, %s, sends in epoch %" PRIu64 ", newest %" PRIu64 ", misses %zu",
             v.joined ? "in the room" : "not in the room",
             v.member    ? "member"
             : v.waiting ? "waiting"
                         : "not attached",
             v.may_send ? v.epoch : 0, v.newest, v.missing);
    kr_show(&p->show, "status",
            json_pack("{s:b,s:b,s:b,s:b,s:b,s:b,s:I,s:I,s:I,s:I}", "joined", v.joined, "member", v.member,
                      "waiting", v.waiting, "mismatched", v.mismatched, "exposed", v.exposed, "may_send",
                      v.may_send, "epoch", (json_int_t)v.epoch, "newest", (json_int_t)v.newest, "held",
                      (json_int_t)v.held, "missing", (json_int_t)v.missing),
            line);
}

static void quit(struct peer *p)
{
    if (p->closing)
        return;
    p->closing = true;
    if (p->forward)
        kr_forward_flush(p->forward, GOODBYE_MS);
    kr_show_frames(&p->show, kr_tally_json(p->tally));
    simple_step(p, KR_CLIENT_LEAVE);
    if (p->link && kr_link_is_up(p->link))
        kr_link_close(p->link);
    else
        p->quitting = true;
}

static void run_command(struct peer *p, const char *command)
{
    struct kr_client_event event;
    if (strcmp(command, "leave") == 0) {
        p->muted = true;
        simple_step(p, KR_CLIENT_LEAVE);
    } else if (strcmp(command, "join") == 0) {
        p->muted = false;
        simple_step(p, KR_CLIENT_JOIN);
    } else if (strcmp(command, "detach") == 0)
        simple_step(p, KR_CLIENT_DETACH);
    else if (strcmp(command, "mute") == 0)
        p->muted = true;
    else if (strcmp(command, "unmute") == 0)
        p->muted = false;
    else if (strcmp(command, "frames") == 0)
        kr_show_frames(&p->show, kr_tally_json(p->tally));
    else if (strcmp(command, "status") == 0)
        show_status(p);
    else if (strcmp(command, "drop-link") == 0)
        drop_link(p);
    else if (strcmp(command, "room-code") == 0)
        start_room_code(p);
    else if (strcmp(command, "quit") == 0)
        quit(p);
    else if (kr_script_command(command, &event))
        step(p, event);
    else if (*command)
        fprintf(stderr, "keyroom-peer: no such command: leave, join, detach, mute, unmute, frames, status, "
                        "drop-link, room-code, verify NICK, match NICK, mismatch NICK, decline NICK, "
                        "distrust NICK, quit\n");
}

static void read_commands(struct peer *p)
{
    char bytes[COMMAND_MAX];
    ssize_t n;
    while ((n = read(STDIN_FILENO, bytes, sizeof(bytes))) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            if (bytes[i] == '\n') {
                p->command[p->command_len] = '\0';
                p->command_len = 0;
                run_command(p, p->command);
            } else if (p->command_len < sizeof(p->command) - 1) {
                p->command[p->command_len++] = bytes[i];
            }
        }
    }
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        p->input_over = true;
        quit(p);
    }
}

/* --- the loop --- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void run_once(struct peer *p, int signal_fd)
{
    uint64_t due = earlier(p->client_due_ms, p->forward && !p->closing ? p->frame_due_ms : UINT64_MAX),
             part_due;
    struct pollfd fds[5] = {{.fd = signal_fd, .events = POLLIN},
                            {.fd = p->input_over ? -1 : STDIN_FILENO, .events = POLLIN},
                            {.fd = -1},
                            {.fd = -1},
                            {.fd = kr_room_code_fd(p->room_code), .events = POLLIN}};
    fds[2].fd = kr_link_poll(p->link, &fds[2].events, &part_due);
    due = earlier(due, part_due);
    if (p->forward) {
        fds[3].fd = kr_forward_poll(p->forward, &fds[3].events, &part_due);
        due = earlier(due, part_due);
    }
    if (kr_loop_wait(fds, 5, due) != 0)
        p->failed = true;
    if (kr_loop_next_signal(signal_fd))
        quit(p);
    kr_link_run(p->link, kr_mono_ms());
    if (kr_mono_ms() >= p->client_due_ms)
        simple_step(p, KR_CLIENT_TIME);
    if (p->forward) {
        /* Received before sent: what arrived is opened with the keys of its time. */
        kr_forward_run(p->forward, kr_mono_ms());
        frames_when_due(p);
    }
    if (p->room_code && fds[4].revents)
        finish_room_code(p);
    if (!p->input_over && fds[1].revents)
        read_commands(p);
}

static int read_passphrase(const char *path, char *errmsg, struct kr_secret *ret_passphrase)
{
    struct kr_secret line = KR_SECRET_NONE, text = KR_SECRET_NONE;
    int err = kr_file_read_line_secret(path, KR_PASSPHRASE_MAX, errmsg, &line);
    if (err)
        return err;
    kr_secret_alloc(&text, line.len + 1); /* terminated */
    memcpy(text.ptr, line.ptr, line.len);
    if (strlen((const char *)text.ptr) == line.len && kr_utf8_plain((const char *)text.ptr, line.len)) {
        kr_secret_move(ret_passphrase, &line);
    } else {
        err = KR_E_CONFIG;
        snprintf(errmsg, 256, "%s: must hold UTF-8 text without control characters", path);
    }
    kr_secret_done(&line);
    kr_secret_done(&text);
    return err;
}

static int start(struct peer *p, int *ret_signal_fd)
{
    const struct kr_options *o = p->options;
    char errmsg[256] = "";
    struct kr_olm_account *account = NULL;
    struct kr_secret passphrase = KR_SECRET_NONE;
    int err = o->password_file ? kr_file_read_line_secret(o->password_file, 1024, errmsg, &p->password) : 0;
    if (!err && o->passphrase_file)
        err = read_passphrase(o->passphrase_file, errmsg, &passphrase);
    if (!err)
        err = kr_identity_open(o->identity, o->identity_key, &p->random, errmsg, &account);
    if (err) {
        fprintf(stderr, "keyroom-peer: %s\n", errmsg[0] ? errmsg : kr_strerror(err));
        kr_secret_done(&passphrase);
        return err;
    }
    struct kr_note_key kept;
    struct kr_client_config config = {.room = o->room,
                                      .nick = o->nick,
                                      .service = o->service,
                                      .owner = o->owner,
                                      .floor = o->floor,
                                      .any_format = o->any_format,
                                      .format = o->format,
                                      .sources = o->sources,
                                      .lead = o->lead,
                                      .has_service_device = o->has_service_device,
                                      .service_device = o->service_device,
                                      .passphrase = &passphrase,
                                      .attest_for_s = o->attest_for_s,
                                      .operator_may_verify = o->operator_may_verify,
                                      .keep = true,
                                      .random = p->random,
                                      .account = account};
    err = read_log(o, &config, &kept);
    if (err) {
        fprintf(stderr, "keyroom-peer: %s: %s\n", o->log_state, kr_strerror(err));
        kr_secret_done(&passphrase);
        kr_olm_account_free(account);
        return err;
    }
    p->client = kr_client_new(&config);
    kr_secret_done(&passphrase);
    kr_script_init(&p->script, o);
    p->client_due_ms = UINT64_MAX;
    p->frame_due_ms = kr_mono_ms();
    p->tally = kr_tally_new(o->nick);
    if (o->forward_port)
        p->forward = kr_forward_new(o->forward_host, o->forward_port, o->nick, on_frame, p);
    err = kr_loop_signals(ret_signal_fd);
    int flags = fcntl(STDIN_FILENO, F_GETFL);
    if (flags < 0 || fcntl(STDIN_FILENO, F_SETFL, flags | O_NONBLOCK) < 0)
        p->input_over = true; /* no input: runs until a signal */
    if (!err)
        err = open_link(p);
    if (!err)
        simple_step(p, KR_CLIENT_JOIN);
    return err;
}

int kr_peer_main(const struct kr_options *options)
{
    struct peer p = {.options = options,
                     .random = kr_random_system(),
                     .show = {.json = options->json, .nick = options->nick, .room = options->room}};
    int signal_fd = -1;
    kr_log_setup(KR_LOG_WARN, 0);
    int err = start(&p, &signal_fd);
    while (!err && !p.quitting && !p.failed)
        run_once(&p, signal_fd);
    kr_link_free(p.link);
    kr_client_free(p.client);
    kr_forward_free(p.forward);
    kr_tally_free(p.tally);
    kr_script_done(&p.script);
    if (p.room_code)
        (void)kr_room_code_finish(p.room_code);
    kr_secret_done(&p.password);
    if (signal_fd >= 0)
        close(signal_fd);
    return err || p.failed ? 1 : 0;
}
