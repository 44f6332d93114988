#include "support/daemon.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "store_memory/memory.h"

static void fill(void *state, void *out, size_t len)
{
    (void)state;
    memset(out, 7, len);
}

static const struct kr_random fixed = {fill, NULL};

static int configure(struct kr_test_daemon *t, const char *config)
{
    char errmsg[KR_CONFIG_ERR];
    FILE *in = fmemopen((void *)config, strlen(config), "r");

    if (!in)
        return KR_E_IO;
    int err = kr_config_read(in, "k.conf", errmsg, &t->d.config);
    (void)fclose(in);
    return err;
}

int kr_test_daemon_init(struct kr_test_daemon *t, const char *config)
{
    struct kr_link_config link = {.component = true,
                                  .host = "127.0.0.1",
                                  .port = 1,
                                  .jid = "keyroom.example.org",
                                  .password = &t->secret,
                                  .backoff_min_ms = 1,
                                  .backoff_max_ms = 1};
    struct kr_link_callbacks callbacks;
    struct kr_turn_config turn;
    struct kr_settings settings;

    memset(t, 0, sizeof(*t));
    kr_log_setup((enum kr_log_level)0, 0);
    int err = configure(t, config);
    if (err)
        return err;
    t->d.store = kr_store_memory_new();
    kr_config_settings(&t->d.config, &settings);
    t->d.core = kr_core_new(&settings, &fixed);
    kr_settings_done(&settings);
    kr_secret_set(&t->secret, "hush", 4);
    callbacks = kr_daemon_link_callbacks(&t->d);
    err = kr_link_new(&link, &callbacks, &fixed, &t->d.link);
    if (err)
        return err;
    turn = kr_daemon_turn_config(&t->d);
    kr_turn_init(&t->d.turn, &turn, t->d.store);
    return kr_daemon_load(&t->d);
}

void kr_test_daemon_done(struct kr_test_daemon *t)
{
    kr_turn_done(&t->d.turn);
    kr_core_free(t->d.core);
    kr_link_free(t->d.link);
    t->d.store->ops->close(t->d.store);
    kr_config_done(&t->d.config);
    kr_secret_done(&t->secret);
}

int kr_test_daemon_know_device(struct kr_test_daemon *t)
{
    struct kr_query q = {.kind = KR_Q_REGISTER, .owner = "alice@example.org", .room = KR_TEST_ROOM};
    struct kr_query_result result = {0};
    struct kr_store *s = t->d.store;
    int err = kr_id_read(KR_TEST_DEVICE, &q.device.id);

    memset(q.device.ed25519.b, 1, sizeof(q.device.ed25519.b));
    memset(q.device.curve25519.b, 2, sizeof(q.device.curve25519.b));
    if (!err)
        err = s->ops->begin(s);
    if (!err)
        err = s->ops->query(s, &q, 1000, &result);
    return err ? err : s->ops->commit(s);
}
