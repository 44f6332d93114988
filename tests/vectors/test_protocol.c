/* tests/vectors/protocol.json, made from docs/protocol.md by another program: the same inputs must give the
 * same bytes here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>
#include <sodium.h>

#include "base/base64.h"
#include "base/err.h"
#include "base/limit.h"
#include "base/sign.h"
#include "epoch/context.h"
#include "epoch/roster.h"
#include "epoch/rounds.h"
#include "epoch/schedule.h"
#include "message/pack.h"
#include "text/policy.h"
#include "text/signed.h"

static json_t *root;
static const char *room;
static struct kr_id instance;

static const char *str(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));
    if (!s)
        fail_msg("no string %s", name);
    return s;
}

static uint64_t num(const json_t *o, const char *name)
{
    assert_true(json_is_integer(json_object_get(o, name)));
    return (uint64_t)json_integer_value(json_object_get(o, name));
}

/* Hex into a fresh buffer. */
static struct kr_buf hex(const json_t *o, const char *name)
{
    const char *s = str(o, name);
    struct kr_buf b;
    kr_buf_init(&b, KR_STANZA_MAX);
    for (size_t i = 0; s[i]; i += 2) {
        uint8_t byte = 0;
        assert_int_equal(sodium_hex2bin(&byte, 1, s + i, 2, NULL, NULL, NULL), 0);
        kr_buf_add_u8(&b, byte);
    }
    return b;
}

static struct kr_id id(const json_t *o, const char *name)
{
    struct kr_id v;
    assert_int_equal(kr_id_read(str(o, name), &v), 0);
    return v;
}

static struct kr_key key(const json_t *o, const char *name)
{
    struct kr_key v;
    assert_int_equal(kr_key_read(str(o, name), &v), 0);
    return v;
}

static struct kr_digest digest(const json_t *o, const char *name)
{
    struct kr_digest v;
    assert_int_equal(kr_digest_read(str(o, name), &v), 0);
    return v;
}

static void assert_span(struct kr_span got, struct kr_span want)
{
    assert_int_equal(got.len, want.len);
    if (want.len)
        assert_memory_equal(got.ptr, want.ptr, want.len);
}

static const json_t *device(const char *name)
{
    size_t i;
    json_t *d;
    json_array_foreach(json_object_get(root, "devices"), i, d)
    {
        if (strcmp(str(d, "name"), name) == 0)
            return d;
    }
    fail_msg("no device %s", name);
    return NULL;
}

static const json_t *epoch(uint64_t number)
{
    size_t i;
    json_t *e;
    json_array_foreach(json_object_get(root, "chain"), i, e)
    {
        if (num(e, "epoch") == number)
            return e;
    }
    fail_msg("no such epoch");
    return NULL;
}

static bool names(const json_t *list, const char *name)
{
    size_t i;
    json_t *s;
    json_array_foreach(list, i, s)
    {
        if (strcmp(json_string_value(s), name) == 0)
            return true;
    }
    return false;
}

/* A sealed roster of the named devices. */
static void make_roster(struct kr_roster *r, const json_t *members, const json_t *joiners)
{
    size_t i;
    json_t *name;
    kr_roster_init(r);
    json_array_foreach(members, i, name)
    {
        const json_t *d = device(json_string_value(name));
        struct kr_key ed = key(d, "ed25519"), curve = key(d, "curve25519");
        struct kr_id attach = id(d, "attach");
        kr_roster_add(r, str(d, "participant"), str(d, "owner"), &ed, &curve, &attach,
                      names(joiners, json_string_value(name)));
    }
    assert_int_equal(kr_roster_seal(r), 0);
}

/* The text, and its signature by the device, as given and as made here. */
static void check_signed(const json_t *v, struct kr_buf *text)
{
    const json_t *d = device(str(v, "by"));
    struct kr_buf seed = hex(d, "ed25519_seed");
    uint8_t public[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
    struct kr_sig sig, made;
    assert_int_equal(text->err, 0);
    assert_span(kr_buf_span(text), kr_span_str(str(v, "text")));
    assert_int_equal(kr_sig_read(str(v, "sig"), &sig), 0);
    crypto_sign_seed_keypair(public, secret, seed.ptr);
    crypto_sign_detached(made.b, NULL, text->ptr, text->len, secret);
    assert_memory_equal(made.b, sig.b, sizeof(sig.b));
    struct kr_key ed = key(d, "ed25519");
    assert_memory_equal(public, ed.b, sizeof(ed.b));
    assert_true(kr_verify(&ed, kr_buf_span(text), &sig));
    text->ptr[text->len - 2] ^= 1;
    assert_false(kr_verify(&ed, kr_buf_span(text), &sig));
    kr_buf_done(&seed);
    kr_buf_done(text);
}

static void test_devices(void **state)
{
    (void)state;
    size_t i;
    json_t *d;
    json_array_foreach(json_object_get(root, "devices"), i, d)
    {
        struct kr_key ed = key(d, "ed25519"), curve = key(d, "curve25519");
        struct kr_id want = id(d, "device"), got = kr_device_id(&ed, &curve);
        assert_true(kr_id_equal(&want, &got));
    }
    assert_true(i >= 4);
}

static void test_texts(void **state)
{
    (void)state;
    size_t i;
    json_t *v;
    json_array_foreach(json_object_get(root, "key_texts"), i, v)
    {
        const json_t *d = device(str(v, "by"));
        struct kr_key_text t = {.kind =
                                    strcmp(str(v, "kind"), "fallback") ? KR_KEY_ONE_TIME : KR_KEY_FALLBACK,
                                .key = key(v, "key"),
                                .device = id(d, "device"),
                                .attach = id(d, "attach")};
        struct kr_buf text = kr_key_text(&t);
        check_signed(v, &text);
    }
    assert_int_equal(i, 2);
    json_array_foreach(json_object_get(root, "attach_texts"), i, v)
    {
        const json_t *d = device(str(v, "by"));
        struct kr_attach_text t = {.room = room,
                                   .instance = instance,
                                   .participant = str(d, "participant"),
                                   .owner = str(d, "owner"),
                                   .device = id(d, "device"),
                                   .attach = id(d, "attach"),
                                   .nonce = id(d, "nonce")};
        struct kr_buf text = kr_attach_text(&t);
        check_signed(v, &text);
    }
    assert_int_equal(i, 4);
}

static enum kr_round round_of(const char *name)
{
    enum kr_round round = KR_ROUND_1;
    while (strcmp(kr_round_name(round), name) != 0)
        round++;
    return round;
}

static void test_sealed_texts(void **state)
{
    (void)state;
    size_t i, k;
    json_t *v, *name;
    json_array_foreach(json_object_get(root, "sealed_texts"), i, v)
    {
        struct kr_id attaches[8];
        json_array_foreach(json_object_get(v, "recipients"), k, name)
        {
            attaches[k] = id(device(json_string_value(name)), "attach");
        }
        struct kr_sealed_text t = {.room = room,
                                   .instance = instance,
                                   .epoch = num(v, "epoch"),
                                   .context = digest(v, "context"),
                                   .attach = id(device(str(v, "by")), "attach"),
                                   .round = round_of(str(v, "round")),
                                   .recipients = kr_recipients_digest(attaches, k)};
        t.has_confirm = json_object_get(v, "confirm") != NULL;
        if (t.has_confirm)
            t.confirm = digest(v, "confirm");
        struct kr_buf text = kr_sealed_text(&t);
        check_signed(v, &text);
    }
    assert_int_equal(i, 4);
}

static void test_policies(void **state)
{
    (void)state;
    size_t i;
    json_t *v;
    json_array_foreach(json_object_get(root, "policies"), i, v)
    {
        struct kr_policy p = {.suite = (uint16_t)num(v, "suite"),
                              .rotate_s = (uint32_t)num(v, "rotate"),
                              .leader_above = (uint32_t)num(v, "leader_above")},
                         again;
        assert_int_equal(kr_authorise_read(kr_span_str(str(v, "authorise")), &p.authorise), 0);
        assert_int_equal(kr_approval_read(kr_span_str(str(v, "approval")), &p.approval), 0);
        assert_int_equal(kr_source_read(kr_span_str(str(v, "source")), &p.source), 0);
        assert_int_equal(kr_format_read(kr_span_str(str(v, "format")), &p.format), 0);
        if (p.authorise == KR_AUTHORISE_VERIFIED) {
            assert_int_equal(kr_verified_by_read(kr_span_str(str(v, "verified_by")), &p.verified_by), 0);
            p.verifiers = (uint32_t)num(v, "verifiers");
            p.verified_for_s = (uint32_t)num(v, "verified_for");
        }
        struct kr_buf text = kr_policy_text(&p, str(v, "room"));
        assert_span(kr_buf_span(&text), kr_span_str(str(v, "text")));
        struct kr_digest want = digest(v, "hash"), got = kr_policy_hash(&p, str(v, "room"));
        assert_true(kr_digest_equal(&want, &got));
        assert_int_equal(kr_policy_read(kr_buf_span(&text), str(v, "room"), &again), 0);
        assert_int_equal(again.authorise, p.authorise);
        assert_int_equal(again.approval, p.approval);
        assert_int_equal(again.source, p.source);
        assert_int_equal(again.leader_above, p.leader_above);
        assert_int_equal(again.format, p.format);
        assert_int_equal(again.suite, p.suite);
        assert_int_equal(again.rotate_s, p.rotate_s);
        assert_int_equal(again.verified_by, p.verified_by);
        assert_int_equal(again.verifiers, p.verifiers);
        assert_int_equal(again.verified_for_s, p.verified_for_s);
        struct kr_buf wire;
        kr_buf_init(&wire, KR_TEXT_MAX);
        kr_b64_add(&wire, kr_buf_span(&text));
        assert_span(kr_buf_span(&wire), kr_span_str(str(v, "wire")));
        kr_buf_done(&wire);
        kr_buf_done(&text);
    }
    assert_int_equal(i, 3);
}

static void test_rosters(void **state)
{
    (void)state;
    size_t i, k;
    json_t *v, *name;
    json_array_foreach(json_object_get(root, "rosters"), i, v)
    {
        struct kr_roster r;
        make_roster(&r, json_object_get(v, "given"), json_object_get(v, "new"));
        struct kr_digest want = digest(v, "digest");
        assert_true(kr_digest_equal(&r.digest, &want));
        json_array_foreach(json_object_get(v, "order"), k, name)
        {
            struct kr_buf line = hex(device(json_string_value(name)), "line");
            assert_span(kr_roster_line(&r, k), kr_buf_span(&line));
            kr_buf_done(&line);
        }
        assert_int_equal(k, r.len);
        kr_roster_done(&r);
    }
    assert_int_equal(i, 4);
}

static void read_source(const json_t *v, struct kr_epoch_link *link)
{
    assert_int_equal(kr_source_read(kr_span_str(str(v, "source")), &link->source), 0);
    if (kr_source_is_led(link->source))
        link->leader = id(device(str(v, "leader")), "attach");
}

static void test_chain(void **state)
{
    (void)state;
    size_t i;
    json_t *v;
    struct kr_digest prev;
    json_array_foreach(json_object_get(root, "chain"), i, v)
    {
        const json_t *p = json_array_get(json_object_get(root, "policies"), num(v, "policy"));
        const json_t *r = json_array_get(json_object_get(root, "rosters"), num(v, "roster"));
        struct kr_epoch_link link = {.epoch = num(v, "epoch"),
                                     .suite = (uint16_t)num(v, "suite"),
                                     .policy = digest(p, "hash"),
                                     .roster = digest(r, "digest")};
        assert_int_equal(kr_epoch_kind_read(str(v, "kind"), &link.kind), 0);
        read_source(v, &link);
        assert_int_equal(kr_format_read(kr_span_str(str(v, "format")), &link.format), 0);
        const json_t *log = json_object_get(v, "log");
        if (log) {
            struct kr_buf key = hex(log, "key_id");
            link.log_size = num(log, "size");
            link.log_root = digest(log, "root");
            link.log_origin = str(log, "origin");
            memcpy(link.log_key, key.ptr, sizeof(link.log_key));
            kr_buf_done(&key);
        }
        struct kr_digest got = kr_context(room, &instance, i ? &prev : NULL, &link),
                         want = digest(v, "context");
        assert_true(kr_digest_equal(&got, &want));
        prev = got;
    }
    assert_int_equal(i, 6);
}

static struct kr_secret secret(const json_t *o, const char *name)
{
    struct kr_buf b = hex(o, name);
    struct kr_secret s = KR_SECRET_NONE;
    kr_secret_set(&s, b.ptr, b.len);
    kr_buf_done(&b);
    return s;
}

static void assert_secret(struct kr_secret *got, const json_t *o, const char *name)
{
    struct kr_secret want = secret(o, name);
    assert_true(kr_secret_equal(got, &want));
    kr_secret_done(&want);
    kr_secret_done(got);
}

static void test_keys(void **state)
{
    (void)state;
    size_t i;
    json_t *v;
    json_array_foreach(json_object_get(root, "ratchets"), i, v)
    {
        struct kr_secret parent = secret(v, "parent"), child = KR_SECRET_NONE;
        struct kr_digest ctx = digest(epoch(num(v, "epoch")), "context");
        assert_int_equal(kr_secret_ratchet(&parent, &ctx, &child), 0);
        assert_secret(&child, v, "secret");
        kr_secret_done(&parent);
    }
    assert_int_equal(i, 1);
    json_array_foreach(json_object_get(root, "base_keys"), i, v)
    {
        struct kr_secret s = secret(v, "secret"), base = KR_SECRET_NONE;
        struct kr_digest ctx = digest(epoch(num(v, "epoch")), "context");
        struct kr_buf line = hex(device(str(v, "sender")), "line");
        assert_int_equal(kr_base_key(&s, &ctx, kr_buf_span(&line), &base), 0);
        assert_secret(&base, v, "base_key");
        kr_secret_done(&s);
        kr_buf_done(&line);
    }
    assert_int_equal(i, 3);
    json_array_foreach(json_object_get(root, "sealed"), i, v)
    {
        struct kr_secret s = secret(v, "secret"), plain = KR_SECRET_NONE, opened = KR_SECRET_NONE;
        struct kr_digest ctx = digest(epoch(num(v, "epoch")), "context");
        struct kr_buf from = hex(device(str(v, "sender")), "line"),
                      to = hex(device(str(v, "recipient")), "line");
        kr_sealed_plain(&s, &ctx, kr_buf_span(&from), kr_buf_span(&to), &plain);
        assert_int_equal(kr_sealed_open(&plain, &ctx, kr_buf_span(&from), kr_buf_span(&to), &opened), 0);
        assert_secret(&plain, v, "plain");
        assert_secret(&opened, v, "secret");
        kr_secret_done(&s);
        kr_buf_done(&from);
        kr_buf_done(&to);
    }
    assert_int_equal(i, 3);
}

static void test_shared_secrets(void **state)
{
    (void)state;
    size_t i;
    json_t *v;
    json_array_foreach(json_object_get(root, "confirms"), i, v)
    {
        struct kr_secret s = secret(v, "secret");
        struct kr_digest ctx = digest(epoch(num(v, "epoch")), "context");
        struct kr_digest got = kr_confirm(&ctx, &s), want = digest(v, "confirm");
        assert_true(kr_digest_equal(&got, &want));
        kr_secret_done(&s);
    }
    assert_int_equal(i, 1);
    json_array_foreach(json_object_get(root, "passphrases"), i, v)
    {
        struct kr_secret passphrase = KR_SECRET_NONE, key = KR_SECRET_NONE, got = KR_SECRET_NONE;
        struct kr_secret want_key = secret(v, "key"), want = secret(v, "secret");
        struct kr_digest ctx = digest(epoch(num(v, "epoch")), "context");
        kr_secret_set(&passphrase, str(v, "passphrase"), strlen(str(v, "passphrase")));
        assert_int_equal(kr_passphrase_key(&passphrase, room, &instance, &key), 0);
        assert_true(kr_secret_equal(&key, &want_key));
        assert_int_equal(kr_passphrase_secret(&key, &ctx, &got), 0);
        assert_true(kr_secret_equal(&got, &want));
        kr_secret_done(&passphrase);
        kr_secret_done(&key);
        kr_secret_done(&got);
        kr_secret_done(&want_key);
        kr_secret_done(&want);
    }
    assert_int_equal(i, 1);
}

/* One round of one vector: recipients by sender, as indices. */
static void check_round(const struct kr_sealing *sealing, enum kr_round round, const json_t *senders)
{
    const struct kr_roster *r = sealing->roster;
    assert_int_equal(json_array_size(senders), r->len);
    for (size_t s = 0; s < r->len; s++) {
        const json_t *want = json_array_get(senders, s);
        size_t next = 0;
        for (size_t to = 0; to < r->len; to++) {
            if (!kr_round_has(sealing, round, s, to))
                continue;
            assert_int_equal(json_integer_value(json_array_get(want, next)), to);
            next++;
        }
        assert_int_equal(next, json_array_size(want));
        assert_int_equal(next, kr_round_count(sealing, round, s));
    }
}

static void test_rounds(void **state)
{
    (void)state;
    size_t i;
    json_t *v;
    json_array_foreach(json_object_get(root, "rounds"), i, v)
    {
        struct kr_roster r;
        struct kr_epoch_link link = {.leader = {{0}}};
        make_roster(&r, json_object_get(v, "order"), json_object_get(v, "new"));
        assert_int_equal(kr_epoch_kind_read(str(v, "kind"), &link.kind), 0);
        read_source(v, &link);
        struct kr_sealing sealing = kr_sealing(&r, &link);
        check_round(&sealing, KR_ROUND_1, json_object_get(v, "round1"));
        check_round(&sealing, KR_ROUND_2, json_object_get(v, "round2"));
        kr_roster_done(&r);
    }
    assert_int_equal(i, 12);
}

static void test_packings(void **state)
{
    (void)state;
    const char *name;
    json_t *v;
    json_object_foreach(json_object_get(root, "packings"), name, v)
    {
        struct kr_buf want = hex(v, "bytes"), made, wire;
        kr_buf_init(&made, KR_STANZA_MAX);
        kr_buf_init(&wire, KR_STANZA_MAX);
        struct kr_arena arena;
        kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
        const struct kr_packed *entries = NULL;
        size_t count = 0, i;
        const json_t *list = json_object_get(v, "entries");
        assert_int_equal(kr_pack_read(kr_buf_span(&want), &arena, &entries, &count), 0);
        assert_int_equal(count, json_array_size(list));
        for (i = 0; i < count; i++) {
            const json_t *e = json_array_get(list, i);
            struct kr_buf body = hex(e, "body");
            assert_int_equal(entries[i].index, num(e, "index"));
            assert_int_equal(entries[i].type, num(e, "type"));
            assert_span(entries[i].body, kr_buf_span(&body));
            struct kr_packed p = {.index = (uint16_t)num(e, "index"),
                                  .type = (uint8_t)num(e, "type"),
                                  .body = kr_buf_span(&body)};
            kr_pack_add(&made, &p);
            kr_buf_done(&body);
        }
        assert_span(kr_buf_span(&made), kr_buf_span(&want));
        kr_b64_add(&wire, kr_buf_span(&made));
        assert_span(kr_buf_span(&wire), kr_span_str(str(v, "wire")));
        kr_arena_done(&arena);
        kr_buf_done(&want);
        kr_buf_done(&made);
        kr_buf_done(&wire);
    }
}

int main(int argc, char **argv)
{
    json_error_t error;
    root = argc == 2 ? json_load_file(argv[1], JSON_REJECT_DUPLICATES, &error) : NULL;
    if (!root || sodium_init() < 0)
        return 2;
    room = str(root, "room");
    instance = id(root, "instance");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_devices),        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_sealed_texts),   cmocka_unit_test(test_policies),
        cmocka_unit_test(test_rosters),        cmocka_unit_test(test_chain),
        cmocka_unit_test(test_keys),           cmocka_unit_test(test_rounds),
        cmocka_unit_test(test_shared_secrets), cmocka_unit_test(test_packings)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    json_decref(root);
    return failed;
}
