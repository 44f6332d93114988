#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "daemon/config.h"
#include "daemon/control.h"
#include "daemon/daemon.h"
#include "daemon/listen.h"
#include "daemon/notify.h"
#include "daemon/sandbox.h"
#include "io/clock.h"
#include "io/log.h"
#include "io/loop.h"
#include "io/random.h"
#include "store_sqlite/sqlite.h"

enum { EXIT_MISUSE = 2, BACKOFF_MIN_MS = 500, BACKOFF_MAX_MS = 15000 };

/* A rotation of a large room needs megabytes for a moment. Given back to the kernel at once, as glibc does,
 * they are faulted in anew page by page while the whole room waits: so up to this much is kept for the next
 * one. */
enum { HEAP_KEPT_MAX = 16 << 20 };

static const char usage[] =
    "usage: keyroomd [-c FILE] [-t] [--version] [--help]\n"
    "\n"
    "The Keyroom service: an XMPP component that hands out the keys of end-to-end encrypted conferences.\n"
    "\n"
    "  -c, --config FILE  the configuration (default /etc/keyroom/keyroom.conf)\n"
    "  -t, --test         check the configuration and its secret files, and end\n"
    "      --version      print the version, and end\n"
    "  -h, --help         print this, and end\n"
    "\n"
    "Exit status: 0 ended as told, 1 failure, 2 misuse or bad configuration. See keyroomd(8), "
    "keyroom.conf(5).\n";

struct arguments {
    const char *config;
    bool test_only;
};

/* True when the process is to end with *ret_exit. */
static bool read_arguments(int argc, char **argv, struct arguments *args, int *ret_exit)
{
    enum { VERSION = 256, PRINT_MAN, PRINT_EXAMPLE };
    static const struct option longs[] = {
        {"config", required_argument, NULL, 'c'},
        {"test", no_argument, NULL, 't'},
        {"version", no_argument, NULL, VERSION},
        {"help", no_argument, NULL, 'h'},
        {"print-man", no_argument, NULL, PRINT_MAN},
        {"print-example", no_argument, NULL, PRINT_EXAMPLE},
        {NULL, 0, NULL, 0},
    };
    int opt;

    *ret_exit = EXIT_SUCCESS;
    while ((opt = getopt_long(argc, argv, "c:th", longs, NULL)) != -1) {
        switch (opt) {
        case 'c':
            args->config = optarg;
            break;
        case 't':
            args->test_only = true;
            break;
        case VERSION:
            (void)puts("keyroomd " KR_VERSION);
            return true;
        case 'h':
            (void)fputs(usage, stdout);
            return true;
        case PRINT_MAN:
            kr_config_print_man(stdout);
            return true;
        case PRINT_EXAMPLE:
            kr_config_print_example(stdout);
            return true;
        default:
            *ret_exit = EXIT_MISUSE;
            return true;
        }
    }
    if (optind < argc) {
        (void)fprintf(stderr, "keyroomd: unexpected argument %s\n", argv[optind]);
        *ret_exit = EXIT_MISUSE;
        return true;
    }
    return false;
}

static int open_store(struct kr_daemon *d, const struct kr_secrets *secrets, const struct kr_random *random)
{
    char why[256] = "";
    int err = kr_store_sqlite_open(d->config.database, &secrets->seal_key, random, why, &d->store);

    if (err)
        kr_logf(KR_LOG_ERROR, "store: open -> failed, stopping (%s)", why[0] ? why : kr_strerror(err));
    return err;
}

static int open_control(struct kr_daemon *d)
{
    char why[KR_LISTEN_ERR];
    int fd = -1;
    int err = kr_listen_unix(d->config.control_socket, why, &fd);

    if (!err)
        err = kr_web_new(fd, kr_control_handle, d, &d->control);
    else
        kr_logf(KR_LOG_ERROR, "control socket -> failed, stopping (%s)", why);
    return err;
}

static int open_metrics(struct kr_daemon *d)
{
    char why[KR_LISTEN_ERR], address[64];
    uint16_t port = 0;
    int fd = -1, err;

    if (!*d->config.metrics_listen)
        return 0;
    err = kr_config_listen(d->config.metrics_listen, address, &port);
    if (!err)
        err = kr_listen_tcp(address, port, why, &fd);
    if (err)
        kr_logf(KR_LOG_ERROR, "metrics -> failed, stopping (%s)", why);
    else
        err = kr_web_new(fd, kr_pages_handle, d, &d->metrics);
    return err;
}

static int open_link(struct kr_daemon *d, const struct kr_secrets *secrets, const struct kr_random *random)
{
    struct kr_link_callbacks callbacks = kr_daemon_link_callbacks(d);
    struct kr_link_config config = {.component = true,
                                    .host = d->config.host,
                                    .port = (uint16_t)d->config.port,
                                    .jid = d->config.jid,
                                    .password = &secrets->component,
                                    .backoff_min_ms = BACKOFF_MIN_MS,
                                    .backoff_max_ms = BACKOFF_MAX_MS,
                                    .reconnect = true};
    int err = kr_link_new(&config, &callbacks, random, &d->link);

    if (err)
        kr_log(KR_LOG_ERROR, "link -> failed, stopping (the XMPP library does not start)");
    return err;
}

static int open_witnesses(struct kr_daemon *d)
{
    struct kr_witness_hooks hooks = kr_daemon_witness_hooks(d);
    int err = kr_witnesses_new(d->config.witness.v, d->config.witness.len, &hooks, &d->witnesses);

    if (err)
        kr_log(KR_LOG_ERROR, "witnesses -> failed, stopping (the HTTP library does not start)");
    return err;
}

static void start_core(struct kr_daemon *d, const struct kr_random *random)
{
    struct kr_turn_config turn = kr_daemon_turn_config(d);
    struct kr_settings settings;

    kr_daemon_settings(d, &d->config, &settings);
    d->core = kr_core_new(&settings, random);
    kr_settings_done(&settings);
    kr_turn_init(&d->turn, &turn, d->store);
}

static void lock_secrets(const struct kr_secrets *secrets)
{
    if (kr_sandbox_lock(&secrets->component) || kr_sandbox_lock(&secrets->seal_key))
        kr_log(KR_LOG_WARN, "secrets -> may reach swap (mlock is not allowed: raise RLIMIT_MEMLOCK)");
}

/* Everything that is opened at start, in the order in which it is closed again, backwards. */
static int serve(struct kr_daemon *d, const struct kr_secrets *secrets)
{
    const struct kr_random random = kr_random_system();
    int err;

    d->started_mono_ms = d->link_changed_mono_ms = kr_mono_ms();
    d->signal_fd = -1;
    d->exit_code = EXIT_SUCCESS;
    lock_secrets(secrets);
    err = kr_loop_signals(&d->signal_fd);
    if (err)
        goto out;
    err = open_store(d, secrets, &random);
    if (err)
        goto out;
    d->seal_key = &secrets->seal_key;
    err = kr_daemon_own_device(d, &d->config);
    if (err)
        goto out;
    err = open_control(d);
    if (err)
        goto out;
    err = open_metrics(d);
    if (err)
        goto out;
    err = open_link(d, secrets, &random);
    if (err)
        goto out;
    start_core(d, &random);
    err = kr_daemon_load(d);
    if (!err)
        err = open_witnesses(d);
    if (err)
        goto out_core;
    kr_logf(KR_LOG_INFO, "keyroomd %s -> started (%s, database %s)", KR_VERSION, d->config.jid,
            d->config.database);
    kr_daemon_run(d);
out_core:
    kr_turn_done(&d->turn);
    kr_core_free(d->core);
out:
    kr_witnesses_free(d->witnesses);
    kr_participant_free(d->participant);
    kr_link_free(d->link);
    kr_web_free(d->metrics);
    if (d->control)
        (void)unlink(d->config.control_socket);
    kr_web_free(d->control);
    if (d->store)
        d->store->ops->close(d->store);
    if (d->signal_fd >= 0)
        (void)close(d->signal_fd);
    return err ? EXIT_FAILURE : d->exit_code;
}

int main(int argc, char **argv)
{
    struct arguments args = {.config = "/etc/keyroom/keyroom.conf"};
    struct kr_secrets secrets = {KR_SECRET_NONE, KR_SECRET_NONE};
    struct kr_daemon d = {0};
    char errmsg[KR_CONFIG_ERR];
    int exit_code;

    if (read_arguments(argc, argv, &args, &exit_code))
        return exit_code;
    (void)mallopt(M_TRIM_THRESHOLD, HEAP_KEPT_MAX);
    (void)mallopt(M_MMAP_THRESHOLD, HEAP_KEPT_MAX);
    (void)mallopt(M_TOP_PAD, 1 << 20);
    kr_log_setup(KR_LOG_INFO, kr_notify_journal());
    if (kr_sandbox_enter() || kr_random_init()) {
        kr_log(KR_LOG_ERROR, "start -> failed (the system refuses the sandbox, or libsodium does not start)");
        return EXIT_FAILURE;
    }
    exit_code = EXIT_MISUSE;
    if (kr_config_load(args.config, errmsg, &d.config) || kr_secrets_load(&d.config, errmsg, &secrets)) {
        kr_log(KR_LOG_ERROR, errmsg);
        goto out;
    }
    if (args.test_only) {
        (void)printf("%s: ok\n", args.config);
        exit_code = EXIT_SUCCESS;
        goto out;
    }
    kr_log_setup(kr_config_log_level(&d.config), kr_notify_journal());
    exit_code = serve(&d, &secrets);
    if (exit_code == EXIT_SUCCESS)
        kr_log(KR_LOG_INFO, "keyroomd -> ended");
out:
    kr_secrets_done(&secrets);
    kr_config_done(&d.config);
    return exit_code;
}
