/* tests/vectors/verify.json, made from docs/protocol.md section 12 by another program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>
#include <sodium.h>

#include "base/limit.h"
#include "base/sign.h"
#include "text/attest.h"
#include "verify/room_code.h"
#include "verify/sas.h"

static json_t *root;

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

static json_t *list(const json_t *o, const char *name)
{
    json_t *value = json_object_get(o, name);
    assert_true(json_is_array(value) && json_array_size(value) > 0);
    return value;
}

static struct kr_key key(const json_t *o, const char *name)
{
    struct kr_key v = {{0}};
    assert_int_equal(kr_key_read(str(o, name), &v), 0);
    return v;
}

static void assert_buf(struct kr_buf *b, const char *want)
{
    assert_int_equal(b->err, 0);
    assert_int_equal(b->len, strlen(want));
    assert_memory_equal(b->ptr, want, b->len);
    kr_buf_done(b);
}

static void test_room_codes(void **state)
{
    (void)state;
    size_t i;
    json_t *o;
    json_array_foreach(list(root, "room_codes"), i, o)
    {
        struct kr_digest d;
        char text[KR_ROOM_CODE_TEXT];
        assert_int_equal(kr_digest_read(str(o, "digest"), &d), 0);
        assert_int_equal(kr_room_code(&d, text), 0);
        assert_string_equal(text, str(o, "code"));
    }
}

static void test_attestations(void **state)
{
    (void)state;
    size_t i;
    json_t *o;
    json_array_foreach(list(root, "attestations"), i, o)
    {
        const struct kr_span text = kr_span_str(str(o, "text")),
                             revocation = kr_span_str(str(o, "revocation"));
        struct kr_arena arena;
        struct kr_attest_text t;
        struct kr_revoke_text r;
        struct kr_sig sig;
        struct kr_key signer = key(o, "ed25519");
        char id[KR_ID_TEXT];
        kr_arena_init(&arena, KR_TEXT_MAX);
        assert_int_equal(kr_attest_read(text, &arena, &t), 0);
        kr_id_write(id, &t.verifier);
        assert_string_equal(id, str(o, "verifier"));
        kr_id_write(id, &t.device);
        assert_string_equal(id, str(o, "device"));
        assert_string_equal(t.owner, str(o, "owner"));
        assert_string_equal(t.room, str(o, "room"));
        assert_int_equal(t.issued_s, num(o, "issued"));
        assert_int_equal(t.expires_s, num(o, "expires"));
        struct kr_buf b = kr_attest_text(&t);
        assert_buf(&b, str(o, "text"));
        assert_int_equal(kr_sig_read(str(o, "sig"), &sig), 0);
        assert_true(kr_verify(&signer, text, &sig));
        assert_int_equal(kr_revoke_read(revocation, &r), 0);
        struct kr_digest digest = kr_attest_digest(text);
        assert_true(kr_digest_equal(&r.attestation, &digest));
        assert_true(kr_id_equal(&r.verifier, &t.verifier));
        assert_int_equal(kr_sig_read(str(o, "revocation_sig"), &sig), 0);
        assert_true(kr_verify(&signer, revocation, &sig));
        kr_arena_done(&arena);
    }
}

/* Gives out the bytes of a vector in order: a side's ephemeral secret, then the transaction. */
struct given {
    uint8_t bytes[48];
    size_t at;
};

static void fill(void *state, void *out, size_t len)
{
    struct given *g = state;
    assert_true(g->at + len <= sizeof(g->bytes));
    memcpy(out, g->bytes + g->at, len);
    g->at += len;
}

static void read_hex(const char *hex, uint8_t *out, size_t len)
{
    assert_int_equal(sodium_hex2bin(out, len, hex, strlen(hex), NULL, NULL, NULL), 0);
}

static struct kr_sas_setup setup(const json_t *v, const char *own, const char *peer)
{
    const json_t *a = json_object_get(v, own), *b = json_object_get(v, peer);
    struct kr_sas_setup s = {.room = str(root, "room"),
                             .own_owner = str(a, "owner"),
                             .peer_owner = str(b, "owner"),
                             .own_ed25519 = key(a, "ed25519"),
                             .own_curve25519 = key(a, "curve25519"),
                             .peer_ed25519 = key(b, "ed25519"),
                             .peer_curve25519 = key(b, "curve25519")};
    assert_int_equal(kr_id_read(str(root, "instance"), &s.instance), 0);
    return s;
}

static void assert_sent(const json_t *messages, size_t *at, unsigned from, const struct kr_sas_output *out)
{
    for (size_t i = 0; i < out->count; i++) {
        const json_t *m = json_array_get(messages, (*at)++);
        assert_int_equal(num(m, "from"), from);
        struct kr_buf b = kr_sas_message_text(&out->send[i]);
        assert_buf(&b, str(m, "text"));
    }
}

static struct kr_sas_message message(const json_t *messages, size_t at)
{
    struct kr_sas_message m;
    assert_int_equal(kr_sas_message_read(kr_span_str(str(json_array_get(messages, at), "text")), &m), 0);
    return m;
}

static void assert_code(const struct kr_sas *s, const json_t *v)
{
    for (size_t i = 0; i < KR_SAS_EMOJI; i++)
        assert_int_equal(s->code.emoji[i], json_integer_value(json_array_get(list(v, "emoji"), i)));
    for (size_t i = 0; i < KR_SAS_NUMBERS; i++)
        assert_int_equal(s->code.numbers[i], json_integer_value(json_array_get(list(v, "numbers"), i)));
}

/* Both sides of each verification say exactly what is written down. */
static void test_verifications(void **state)
{
    (void)state;
    size_t i;
    json_t *v;
    json_array_foreach(list(root, "verifications"), i, v)
    {
        const json_t *messages = list(v, "messages");
        struct given secrets[2] = {{.at = 0}, {.at = 0}};
        const struct kr_random random[2] = {{fill, &secrets[0]}, {fill, &secrets[1]}};
        for (size_t side = 0; side < 2; side++)
            read_hex(json_string_value(json_array_get(list(v, "secrets"), side)), secrets[side].bytes, 32);
        read_hex(str(v, "transaction"), secrets[0].bytes + 32, 16);
        struct kr_sas a = {0}, b = {0};
        struct kr_sas_output out;
        const struct kr_sas_setup sa = setup(v, "initiator", "responder"),
                                  sb = setup(v, "responder", "initiator");
        size_t sent = 0, taken = 0;
        assert_int_equal(kr_sas_start(&a, &sa, &random[0], 0, &out), 0);
        assert_sent(messages, &sent, 0, &out);
        struct kr_sas_message m = message(messages, taken++);
        assert_int_equal(kr_sas_answer(&b, &sb, &m, &random[1], 0, &out), 0);
        assert_sent(messages, &sent, 1, &out);
        struct kr_sas *const turns[] = {&a, &b, &a};
        static const unsigned senders[] = {0, 1, 0};
        for (size_t turn = 0; turn < 3; turn++) {
            m = message(messages, taken++);
            assert_int_equal(kr_sas_receive(turns[turn], &m, 0, &out), KR_SAS_FINE);
            assert_sent(messages, &sent, senders[turn], &out);
        }
        assert_code(&a, v);
        assert_code(&b, v);
        struct kr_buf info = kr_sas_info(&a.subject);
        assert_buf(&info, str(v, "info"));
        kr_sas_confirm(&a, true, &out);
        assert_sent(messages, &sent, 0, &out);
        m = message(messages, taken++);
        assert_int_equal(kr_sas_receive(&b, &m, 0, &out), KR_SAS_FINE);
        assert_int_equal(out.count, 0);
        kr_sas_confirm(&b, true, &out);
        assert_sent(messages, &sent, 1, &out);
        assert_int_equal(b.state, KR_SAS_VERIFIED);
        m = message(messages, taken++);
        assert_int_equal(kr_sas_receive(&a, &m, 0, &out), KR_SAS_FINE);
        assert_sent(messages, &sent, 0, &out);
        assert_int_equal(a.state, KR_SAS_VERIFIED);
        assert_int_equal(sent, json_array_size(messages));
        kr_sas_done(&a);
        kr_sas_done(&b);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_room_codes), cmocka_unit_test(test_attestations),
                                       cmocka_unit_test(test_verifications)};
    root = argc == 2 ? json_load_file(argv[1], JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (!root)
        return 2;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    json_decref(root);
    return failed;
}
