#include "fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"

static void number_into(uint8_t *out, size_t len, unsigned n)
{
    memset(out, 0, len);
    out[0] = (uint8_t)(n >> 8);
    out[1] = (uint8_t)n;
    out[len - 1] = 0x5a;
}

struct kr_id an_id(unsigned n)
{
    struct kr_id id;
    number_into(id.b, sizeof(id.b), n);
    return id;
}

struct kr_key a_key(unsigned n)
{
    struct kr_key key;
    number_into(key.b, sizeof(key.b), n);
    return key;
}

static void count_up(void *state, void *out, size_t len)
{
    static uint8_t next;
    uint8_t *p = out;
    (void)state;
    for (size_t i = 0; i < len; i++)
        p[i] = next++;
}

struct kr_random a_random(void)
{
    return (struct kr_random){.fill = count_up};
}

struct kr_write w_room(const char *room, unsigned instance, uint64_t epoch_high)
{
    struct kr_write w = {.kind = KR_W_ROOM};
    w.u.room = (struct kr_rec_room){
        .room = room, .instance = an_id(instance), .epoch_high = epoch_high, .started_ms = 1000 + instance};
    return w;
}

struct kr_write w_room_end(const char *room, unsigned instance)
{
    struct kr_write w = w_room(room, instance, 0);
    w.kind = KR_W_ROOM_END;
    return w;
}

struct kr_write w_epoch(unsigned instance, uint64_t epoch)
{
    struct kr_write w = {.kind = KR_W_EPOCH};
    w.u.epoch = (struct kr_rec_epoch){.instance = an_id(instance),
                                      .epoch = epoch,
                                      .kind = 1,
                                      .source = 2,
                                      .format = 1,
                                      .suite = 4,
                                      .leader = an_id(77),
                                      .fate = KR_FATE_IN_FLIGHT,
                                      .announced_ms = 2000 + epoch};
    number_into(w.u.epoch.policy.b, 32, 71);
    number_into(w.u.epoch.roster.b, 32, 72);
    number_into(w.u.epoch.context.b, 32, 73);
    return w;
}

struct kr_write w_attach(unsigned attach, unsigned instance, const char *room, unsigned device)
{
    struct kr_write w = {.kind = KR_W_ATTACH};
    w.u.attach = (struct kr_rec_attach){.attach = an_id(attach),
                                        .instance = an_id(instance),
                                        .device = an_id(device),
                                        .nonce = an_id(attach + 500),
                                        .room = room,
                                        .participant = "nick",
                                        .owner = "alice@example",
                                        .full_jid = "alice@example/web",
                                        .state = KR_ATTACH_WAITING,
                                        .sources = 3,
                                        .lead = true,
                                        .at_ms = 3000 + attach};
    number_into(w.u.attach.sig.b, 64, attach);
    return w;
}

struct kr_write w_attach_end(unsigned attach)
{
    struct kr_write w = {.kind = KR_W_ATTACH_END};
    w.u.attach.attach = an_id(attach);
    return w;
}

struct kr_write w_key(unsigned attach, enum kr_key_class kind, unsigned key)
{
    struct kr_write w = {.kind = KR_W_KEY};
    w.u.key = (struct kr_rec_key){.attach = an_id(attach), .kind = kind, .key = a_key(key)};
    number_into(w.u.key.sig.b, 64, key);
    return w;
}

struct kr_write w_grant(enum kr_write_kind kind, unsigned device, const char *scope)
{
    struct kr_write w = {.kind = kind};
    w.u.grant = (struct kr_rec_grant){
        .device = an_id(device), .scope = scope, .by = "operator", .at_ms = 4000, .reason = ""};
    return w;
}

struct kr_write w_log(uint64_t idx, const char *entry)
{
    struct kr_write w = {.kind = KR_W_LOG};
    w.u.log.idx = idx;
    w.u.log.entry = kr_span_str(entry);
    /* The store keeps what it is given: these tests need no true hashes. */
    static const struct kr_digest nodes[KR_LOG_PEAKS_MAX] = {{{1, 2, 3}}, {{4, 5, 6}}};
    w.u.log.nodes = nodes;
    w.u.log.node_count = 1;
    while (idx >> (w.u.log.node_count - 1) & 1)
        w.u.log.node_count++;
    return w;
}

int try_write(struct kr_store *s, struct kr_write w)
{
    return s->ops->write(s, &w);
}

void write_ok(struct kr_store *s, struct kr_write w)
{
    int err = s->ops->write(s, &w);
    if (err)
        fail_msg("write %d: %d %s", (int)w.kind, err, s->errmsg);
}

struct kr_query_result query_ok(struct kr_store *s, const struct kr_query *q, uint64_t now_ms)
{
    struct kr_query_result r = {0};
    int err = s->ops->query(s, q, now_ms, &r);
    if (err)
        fail_msg("query %d: %d %s", (int)q->kind, err, s->errmsg);
    assert_int_equal(r.kind, q->kind);
    assert_int_equal(r.token, q->token);
    return r;
}

struct kr_query_result register_device(struct kr_store *s, unsigned device, const char *owner,
                                       uint64_t now_ms)
{
    struct kr_query q = {.kind = KR_Q_REGISTER, .token = 77, .owner = owner, .room = ROOM_A};
    q.device = (struct kr_rec_device){
        .id = an_id(device), .ed25519 = a_key(device + 100), .curve25519 = a_key(device + 200)};
    return query_ok(s, &q, now_ms);
}

struct kr_query_result device_word(struct kr_store *s, unsigned device, const char *room)
{
    struct kr_query q = {.kind = KR_Q_DEVICE, .token = 5, .room = room, .device.id = an_id(device)};
    return query_ok(s, &q, 0);
}

struct kr_query_result claim(struct kr_store *s, unsigned attach)
{
    struct kr_query q = {.kind = KR_Q_CLAIM, .token = 6, .attach = an_id(attach)};
    return query_ok(s, &q, 0);
}

void begin(struct kr_store *s)
{
    int err = s->ops->begin(s);
    if (err)
        fail_msg("begin: %d %s", err, s->errmsg);
}

void commit(struct kr_store *s)
{
    int err = s->ops->commit(s);
    if (err)
        fail_msg("commit: %d %s", err, s->errmsg);
}

void add_opening(struct kr_store *s, unsigned instance, const char *subject, const char *key32)
{
    struct kr_write w = {.kind = KR_W_OPENING};
    if (instance)
        w.u.opening.instance = an_id(instance);
    w.u.opening.subject = subject;
    kr_secret_set(&w.u.opening.key, key32, 32);
    write_ok(s, w);
    kr_secret_done(&w.u.opening.key);
}

void populate(struct kr_store *s)
{
    begin(s);
    register_device(s, 1, "alice@example", 100);
    write_ok(s, w_room(ROOM_A, 1, 1));
    write_ok(s, w_attach(1, 1, ROOM_A, 1));
    write_ok(s, w_key(1, KR_CLASS_ONE_TIME, 11));
    write_ok(s, w_key(1, KR_CLASS_ONE_TIME, 12));
    write_ok(s, w_key(1, KR_CLASS_FALLBACK, 19));
    write_ok(s, w_epoch(1, 1));
    add_opening(s, 1, "participant:nick", "0123456789abcdef0123456789abcdef");
    write_ok(s, w_log(0, "entry-0"));
    commit(s);
}

char *make_folder(void)
{
    char name[] = "/tmp/keyroom-test-XXXXXX";
    assert_non_null(mkdtemp(name));
    return kr_strdup(name);
}

const char *path_in(const char *folder, const char *name)
{
    static char paths[4][256];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

void remove_folder(char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    while (dir && (entry = readdir(dir))) {
        if (entry->d_name[0] != '.')
            unlink(path_in(folder, entry->d_name));
    }
    if (dir)
        closedir(dir);
    rmdir(folder);
    free(folder);
}
