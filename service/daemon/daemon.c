#include "daemon/daemon.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/limit.h"
#include "core/view.h"
#include "daemon/notify.h"
#include "io/clock.h"
#include "io/log.h"
#include "io/loop.h"

enum { STOP_MS = 2000 }; /* how long the server has to answer the end of the stream */

static void end_with(struct kr_daemon *d, int exit_code)
{
    d->exit_code = exit_code;
    d->done = true;
}

static void on_turn_error(struct kr_daemon *d)
{
    if (d->done)
        return;
    kr_log(KR_LOG_ERROR, d->turn.errmsg);
    kr_notify_status("stopped: %s", d->turn.errmsg);
    end_with(d, 1);
}

static void event(struct kr_daemon *d, struct kr_event ev)
{
    if (kr_turn_event(&d->turn, &ev))
        on_turn_error(d);
}

static void end_turn(struct kr_daemon *d)
{
    if (kr_turn_end(&d->turn))
        on_turn_error(d);
}

/* --- what a turn does outside --- */

static void turn_step(void *arg, const struct kr_event *ev, struct kr_output *out)
{
    struct kr_daemon *d = arg;

    kr_core_step(d->core, ev, out);
}

static void turn_now(void *arg, struct kr_now *ret_now)
{
    (void)arg;
    ret_now->mono_ms = kr_mono_ms();
    ret_now->wall_ms = kr_wall_ms();
}

static void turn_send(void *arg, const char *xml, size_t len)
{
    struct kr_daemon *d = arg;

    kr_link_send(d->link, xml, len);
}

static void turn_trace(void *arg, enum kr_trace_level level, const char *line)
{
    (void)arg;
    kr_log((enum kr_log_level)level, line);
}

static void turn_reply(void *arg, const struct kr_control_reply *reply)
{
    struct kr_daemon *d = arg;

    if (!d->awaited || d->awaited->token != reply->token || d->awaited->text)
        return;
    d->awaited->err = reply->err;
    d->awaited->text = kr_strdup(reply->text);
}

static void turn_own(void *arg, struct kr_own_note *note)
{
    struct kr_daemon *d = arg;

    if (d->participant)
        kr_participant_take(d->participant, note);
}

struct kr_turn_config kr_daemon_turn_config(struct kr_daemon *d)
{
    return (struct kr_turn_config){.arg = d,
                                   .step = turn_step,
                                   .now = turn_now,
                                   .send = turn_send,
                                   .trace = turn_trace,
                                   .reply = turn_reply,
                                   .own = turn_own};
}

/* --- what the link says --- */

static void on_up(void *arg)
{
    struct kr_daemon *d = arg;

    kr_logf(KR_LOG_INFO, "link -> up (%s at %s:%u)", d->config.jid, d->config.host, d->config.port);
    d->link_up = true;
    d->link_tried = false;
    d->link_changed_mono_ms = kr_mono_ms();
    if (!d->was_up)
        kr_notify_ready();
    d->was_up = true;
    kr_notify_status("connected to %s:%u", d->config.host, d->config.port);
    event(d, (struct kr_event){.kind = KR_EV_LINK_UP});
}

static void on_auth_failed(struct kr_daemon *d, const char *detail)
{
    kr_logf(KR_LOG_ERROR,
            "link -> refused, stopping (%s: %s); to do: give the same secret in %s and in the server's "
            "Component \"%s\" block",
            d->config.host, detail,
            *d->config.secret_file ? d->config.secret_file : "the credential component-secret",
            d->config.jid);
    kr_notify_status("stopped: the server refused the component secret");
    end_with(d, 1);
}

static void on_down(void *arg, enum kr_link_down why, const char *detail)
{
    static const char *const whys[] = {
        [KR_DOWN_NETWORK] = "network",
        [KR_DOWN_AUTH] = "refused",
        [KR_DOWN_CONFLICT] = "another component of this name is connected",
        [KR_DOWN_QUEUE] = "the send queue was over its limit",
        [KR_DOWN_STREAM] = "stream error",
    };
    struct kr_daemon *d = arg;

    if (d->stopping) {
        d->done = true;
        return;
    }
    if (why == KR_DOWN_AUTH) {
        on_auth_failed(d, detail);
        return;
    }
    /* One line when the link is lost or first cannot be had; the attempts that follow are for debugging. */
    kr_logf(d->link_tried ? KR_LOG_DEBUG : KR_LOG_WARN, "link -> down, trying again (%s: %s)", whys[why],
            detail);
    kr_notify_status("waiting for %s:%u (%s)", d->config.host, d->config.port, detail);
    d->link_tried = true;
    if (!d->link_up)
        return;
    d->link_up = false;
    d->link_downs++;
    d->link_changed_mono_ms = kr_mono_ms();
    event(d, (struct kr_event){.kind = KR_EV_LINK_DOWN});
}

static void on_stanza(void *arg, const struct kr_el *el)
{
    event(arg, (struct kr_event){.kind = KR_EV_STANZA, .u.stanza = el});
}

static void on_oversize(void *arg, const char *name, const char *from, const char *id, const char *type)
{
    struct kr_event ev = {.kind = KR_EV_OVERSIZE};

    ev.u.oversize.name = name;
    ev.u.oversize.from = from;
    ev.u.oversize.id = id;
    ev.u.oversize.type = type;
    event(arg, ev);
}

struct kr_link_callbacks kr_daemon_link_callbacks(struct kr_daemon *d)
{
    return (struct kr_link_callbacks){
        .arg = d, .up = on_up, .down = on_down, .stanza = on_stanza, .oversize = on_oversize};
}

/* --- operator --- */

int kr_daemon_load(struct kr_daemon *d)
{
    struct kr_snapshot snapshot;
    int err = d->store->ops->load(d->store, &snapshot);

    if (err) {
        kr_logf(KR_LOG_ERROR, "store: load -> failed, stopping (%s)",
                d->store->errmsg[0] ? d->store->errmsg : kr_store_hint(err));
        return err;
    }
    event(d, (struct kr_event){.kind = KR_EV_START, .u.snapshot = &snapshot});
    end_turn(d);
    kr_snapshot_done(&snapshot);
    return d->turn.failed;
}

int kr_daemon_control(struct kr_daemon *d, struct kr_control *command, struct kr_control_reply *ret_reply)
{
    struct kr_control_reply reply = {.token = ++d->control_token, .err = KR_E_INTERNAL};

    command->token = reply.token;
    d->awaited = &reply;
    event(d, (struct kr_event){.kind = KR_EV_CONTROL, .u.control = command});
    end_turn(d);
    d->awaited = NULL;
    if (d->turn.failed) {
        free(reply.text);
        return d->turn.failed;
    }
    if (!reply.text)
        reply.text = kr_strdup("no answer");
    *ret_reply = reply;
    return 0;
}

static void say_fixed(void *arg, const char *name)
{
    (void)arg;
    kr_logf(KR_LOG_WARN, "reload: %s -> unchanged (only a restart changes it)", name);
}

static void reload(struct kr_daemon *d)
{
    struct kr_config fresh;
    struct kr_settings settings;
    char errmsg[KR_CONFIG_ERR];

    kr_notify_reloading();
    if (kr_config_load(d->config.path, errmsg, &fresh)) {
        kr_logf(KR_LOG_ERROR, "reload -> refused, all stays as it was (%s)", errmsg);
        goto out;
    }
    kr_config_keep_fixed(&d->config, &fresh, say_fixed, NULL);
    if (kr_daemon_own_device(d, &fresh)) {
        kr_log(KR_LOG_ERROR, "reload -> refused, all stays as it was (no device for source service)");
        kr_config_done(&fresh);
    } else {
        kr_config_done(&d->config);
        d->config = fresh;
        kr_log_setup(kr_config_log_level(&d->config), kr_notify_journal());
        kr_daemon_settings(d, &d->config, &settings);
        event(d, (struct kr_event){.kind = KR_EV_SETTINGS, .u.settings = &settings});
        end_turn(d);
        kr_settings_done(&settings);
        kr_log(KR_LOG_INFO, "reload -> done");
    }
out:
    if (d->was_up)
        kr_notify_ready();
}

static void stop(struct kr_daemon *d, int signal_number)
{
    kr_logf(KR_LOG_INFO, "signal %d -> stopping", signal_number);
    kr_notify_stopping();
    if (d->stopping || !kr_link_is_up(d->link)) {
        d->done = true;
        return;
    }
    d->stopping = true;
    d->stop_by_mono_ms = kr_mono_ms() + STOP_MS;
    kr_link_close(d->link);
}

static void on_signals(struct kr_daemon *d)
{
    int signal_number;

    while ((signal_number = kr_loop_next_signal(d->signal_fd)) != 0) {
        if (signal_number == SIGHUP)
            reload(d);
        else
            stop(d, signal_number);
    }
}

/* --- the loop --- */

static void watch_queue(struct kr_daemon *d)
{
    size_t len = kr_link_queue_len(d->link);
    bool over = d->queue_over ? len > KR_QUEUE_SOFT / 2 : len > KR_QUEUE_SOFT;

    if (over == d->queue_over)
        return;
    d->queue_over = over;
    kr_logf(over ? KR_LOG_WARN : KR_LOG_INFO, "send queue -> %s (%zu stanzas)",
            over ? "long, new requests wait" : "short again", len);
    event(d, (struct kr_event){.kind = KR_EV_QUEUE, .u.queue_over_soft = over});
    end_turn(d);
}

/* --- the own participant --- */

static void own_ask(void *arg, const struct kr_el *iq)
{
    struct kr_daemon *d = arg;

    if (!d->done)
        event(d, (struct kr_event){.kind = KR_EV_OWN, .u.stanza = iq});
}

static void own_warn(void *arg, const char *room, const char *what, const char *why)
{
    (void)arg;
    kr_logf(KR_LOG_WARN, "own device in %.80s: %s -> refused (%s)", room, what, why);
}

/* One turn of its own: what it is told, and asks, in between others' turns. */
static void run_own(struct kr_daemon *d)
{
    const struct kr_participant_hooks hooks = {.arg = d, .ask = own_ask, .warn = own_warn};
    uint64_t now = kr_mono_ms();

    if (d->done || !d->participant || kr_participant_due(d->participant) > now)
        return;
    kr_participant_run(d->participant, now, &hooks);
    end_turn(d);
}

/* --- the witnesses of the log --- */

static bool witness_log(void *arg, const char **ret_origin)
{
    struct kr_daemon *d = arg;
    struct kr_log_view log = kr_core_log(d->core);

    *ret_origin = log.origin;
    return log.origin[0] && !log.halted;
}

static void witness_said(void *arg, const struct kr_witness_said *said)
{
    struct kr_daemon *d = arg;

    event(d, (struct kr_event){.kind = KR_EV_WITNESS, .u.witness = said});
    end_turn(d);
}

struct kr_witness_hooks kr_daemon_witness_hooks(struct kr_daemon *d)
{
    return (struct kr_witness_hooks){.arg = d,
                                     .log = witness_log,
                                     .said = witness_said,
                                     .store = d->store,
                                     .every_ms = (uint64_t)d->config.witness_interval_s * 1000};
}

/* Before anybody is served, and anything is signed: whether one of them knows that the database was set back.
 * One that does not answer in its time does not keep us from starting. */
static void start_link(struct kr_daemon *d)
{
    const struct kr_witness_said asked = {.word = KR_WITNESS_ASKED};

    if (d->link_started || !kr_witnesses_asked(d->witnesses))
        return;
    d->link_started = true;
    if (d->witnesses)
        witness_said(d, &asked);
    if (d->done)
        return;
    kr_notify_status("connecting to %s:%u", d->config.host, d->config.port);
    kr_link_start(d->link);
}

static void keep_alive(struct kr_daemon *d, uint64_t now)
{
    struct kr_stats stats;

    if (!d->alive_interval_ms || now < d->alive_due_mono_ms)
        return;
    d->alive_due_mono_ms = now + d->alive_interval_ms;
    kr_notify_alive();
    if (!kr_link_is_up(d->link))
        return;
    kr_core_stats(d->core, &stats);
    kr_notify_status("connected to %s:%u; %llu rooms, %llu members", d->config.host, d->config.port,
                     (unsigned long long)stats.rooms_now, (unsigned long long)stats.members_now);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t web_due(const struct kr_web *w, uint64_t now)
{
    uint64_t ms = kr_web_due_ms(w);

    return ms == UINT64_MAX ? ms : now + ms;
}

static int wait_for_something(struct kr_daemon *d)
{
    enum { SIGNALS, CONTROL, METRICS, WITNESSES, LINK, COUNT };
    uint64_t now = kr_mono_ms(), due = UINT64_MAX;
    struct pollfd fds[COUNT] = {
        [SIGNALS] = {.fd = d->signal_fd, .events = POLLIN},
        [CONTROL] = {.fd = kr_web_fd(d->control), .events = POLLIN},
        [METRICS] = {.fd = kr_web_fd(d->metrics), .events = POLLIN},
        [WITNESSES] = {.fd = kr_witnesses_fd(d->witnesses), .events = POLLIN},
    };

    fds[LINK].fd = kr_link_poll(d->link, &fds[LINK].events, &due);
    due = earlier(due, kr_core_deadline(d->core));
    due = earlier(due, d->participant ? kr_participant_due(d->participant) : UINT64_MAX);
    due = earlier(due, web_due(d->control, now));
    due = earlier(due, web_due(d->metrics, now));
    due = earlier(due, kr_witnesses_due(d->witnesses));
    if (d->stopping)
        due = earlier(due, d->stop_by_mono_ms);
    if (d->alive_interval_ms)
        due = earlier(due, d->alive_due_mono_ms);
    return kr_loop_wait(fds, COUNT, due);
}

void kr_daemon_run(struct kr_daemon *d)
{
    d->alive_interval_ms = kr_notify_interval_ms();
    kr_notify_status("asking the witnesses of the log");
    start_link(d);
    while (!d->done) {
        uint64_t now;

        if (wait_for_something(d)) {
            kr_log(KR_LOG_ERROR, "poll -> failed, stopping");
            end_with(d, 1);
            break;
        }
        now = kr_mono_ms();
        kr_link_run(d->link, now);
        if (!d->done && kr_core_deadline(d->core) <= kr_mono_ms())
            event(d, (struct kr_event){.kind = KR_EV_TICK});
        end_turn(d);
        run_own(d);
        if (!d->done)
            watch_queue(d);
        if (!d->done) {
            kr_web_run(d->control);
            kr_web_run(d->metrics);
            kr_witnesses_run(d->witnesses, now);
            start_link(d);
            on_signals(d);
            keep_alive(d, now);
        }
        if (d->stopping && now >= d->stop_by_mono_ms)
            d->done = true;
    }
    if (!d->turn.failed) { /* the log ends signed */
        event(d, (struct kr_event){.kind = KR_EV_STOP});
        end_turn(d);
    }
}
