/* The link against a real socket. The link's clock is the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/limit.h"
#include "io/clock.h"
#include "io/link.h"
#include "server.h"

static struct server server;
static struct kr_link *link_;
static struct kr_secret password;
static uint64_t now;
static uint32_t dice; /* what the link's generator gives */

static unsigned ups, downs, stanzas, oversizes;
static enum kr_link_down last_down;
static char last_detail[200], last_from[64], last_name[16];
static size_t last_text_len;

static void on_up(void *arg)
{
    (void)arg;
    ups++;
}

static void on_down(void *arg, enum kr_link_down why, const char *detail)
{
    (void)arg;
    downs++;
    last_down = why;
    snprintf(last_detail, sizeof(last_detail), "%s", detail);
}

static void on_stanza(void *arg, const struct kr_el *el)
{
    const char *from = kr_el_attr(el, "from");
    (void)arg;
    stanzas++;
    snprintf(last_from, sizeof(last_from), "%s", from ? from : "");
    last_text_len = el->child ? el->child->text_len : 0;
}

static void on_oversize(void *arg, const char *name, const char *from, const char *id, const char *type)
{
    (void)arg;
    oversizes++;
    snprintf(last_name, sizeof(last_name), "%s", name);
    snprintf(last_from, sizeof(last_from), "%s", from ? from : "");
    assert_string_equal(id, "big");
    assert_null(type);
}

static void fill(void *state, void *out, size_t len)
{
    (void)state;
    assert_int_equal(len, sizeof(dice));
    memcpy(out, &dice, len);
}

static int set_up(void **state)
{
    (void)state;
    server_open(&server);
    ups = downs = stanzas = oversizes = 0;
    dice = 0;
    now = 1000000;
    kr_secret_set(&password, "secret", 6);
    struct kr_random random = {.fill = fill};
    struct kr_link_callbacks cb = {
        .up = on_up, .down = on_down, .stanza = on_stanza, .oversize = on_oversize};
    struct kr_link_config config = {.component = true,
                                    .host = "127.0.0.1",
                                    .port = server.port,
                                    .jid = "kr.example",
                                    .password = &password,
                                    .backoff_min_ms = 1000,
                                    .backoff_max_ms = 8000,
                                    .reconnect = true};
    int err = kr_link_new(&config, &cb, &random, &link_);
    if (!err)
        kr_link_start(link_);
    return err;
}

static int tear_down(void **state)
{
    (void)state;
    kr_link_free(link_);
    server_close(&server);
    kr_secret_done(&password);
    return 0;
}

/* One round of both sides, as the daemon's loop would: it waits for what kr_link_poll asks for, at most 5 ms.
 */
static void turn(void)
{
    short events = 0;
    uint64_t due = 0;
    kr_link_run(link_, now);
    server_step(&server);
    struct pollfd p = {.fd = kr_link_poll(link_, &events, &due), .events = events};
    if (due > now)
        poll(&p, 1, 5);
}

static void turns_until_count(const unsigned *count, unsigned target)
{
    uint64_t end = kr_mono_ms() + 10000;
    while (*count < target && kr_mono_ms() < end)
        turn();
    assert_int_equal(*count, target);
}

static void turns_until_heard(const char *text)
{
    uint64_t end = kr_mono_ms() + 10000;
    while (!server_has(&server, text) && kr_mono_ms() < end)
        turn();
    assert_true(server_has(&server, text));
}

static void bring_up(void)
{
    unsigned before = ups;
    turns_until_heard("</handshake>");
    server_say(&server, "<handshake/>");
    turns_until_count(&ups, before + 1);
    assert_true(kr_link_is_up(link_));
}

static uint64_t due(void)
{
    short events = 0;
    uint64_t d = 0;
    kr_link_poll(link_, &events, &d);
    return d;
}

static void a_component_shakes_hands_and_exchanges_stanzas(void **state)
{
    (void)state;
    bring_up();
    /* SHA-1 of stream id and secret, XEP-0114 section 3 */
    assert_true(server_has(&server, ">b09ea9b3b7f586be8a08d0a3dd7466f110aeb136<"));
    kr_link_send(link_, "<message to='a@b'/>", 19);
    assert_int_equal(kr_link_queue_len(link_), 1);
    turns_until_heard("<message to='a@b'/>");
    turn();
    assert_int_equal(kr_link_queue_len(link_), 0);
    server_say(&server,
               "<iq type='get' id='1' from='a@b/c' to='kr.example'><query xmlns='urn:q'>text</query></iq>");
    turns_until_count(&stanzas, 1);
    assert_string_equal(last_from, "a@b/c");
    assert_int_equal(last_text_len, 4);
    assert_null(kr_link_jid(link_));
    for (int i = 0; i < 5; i++)
        turn();
    assert_false(server_has(&server, "<iq")); /* nobody but us answers a request */
}

static void a_wrong_secret_is_not_tried_again(void **state)
{
    (void)state;
    turns_until_heard("</handshake>");
    server_say(&server,
               "<stream:error><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
               "</stream:stream>");
    turns_until_count(&downs, 1);
    assert_int_equal(last_down, KR_DOWN_AUTH);
    assert_non_null(strstr(last_detail, "not-authorized"));
    assert_int_equal(due(), UINT64_MAX);
    now += 1000000;
    turn();
    assert_int_equal(server.accepted, 1);
}

static void a_refused_port_is_tried_again_ever_more_slowly(void **state)
{
    static const uint64_t nominal[] = {1000, 2000, 4000, 8000, 8000};
    (void)state;
    server_close(&server);
    for (unsigned i = 0; i < 5; i++) {
        dice = i % 2 ? 0 : UINT32_MAX; /* half of it, or all */
        turns_until_count(&downs, i + 1);
        assert_int_equal(last_down, KR_DOWN_NETWORK);
        assert_int_equal(due() - now, dice ? nominal[i] / 2 : nominal[i]);
        now = due() - 1;
        turn();
        assert_int_equal(downs, i + 1); /* not before it is due */
        now++;
    }
}

static void a_server_that_ends_the_stream_is_met_again(void **state)
{
    (void)state;
    bring_up();
    server_say(&server, "</stream:stream>");
    turns_until_count(&downs, 1);
    assert_int_equal(last_down, KR_DOWN_NETWORK);
    assert_false(kr_link_is_up(link_));
    kr_link_send(link_, "<message/>", 10); /* nothing happens */
    assert_int_equal(kr_link_queue_len(link_), 0);
    server_hang_up(&server);
    now = due();
    bring_up();
    server_hang_up(&server); /* without a word */
    turns_until_count(&downs, 2);
    assert_int_equal(last_down, KR_DOWN_NETWORK);
    now = due();
    bring_up();
    server_say(&server, "<stream:error><conflict "
                        "xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>");
    turns_until_count(&downs, 3);
    assert_int_equal(last_down, KR_DOWN_CONFLICT);
    server_hang_up(&server);
    now = due();
    bring_up();
    server_say(&server, "<stream:error><host-gone "
                        "xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>");
    turns_until_count(&downs, 4);
    assert_int_equal(last_down, KR_DOWN_STREAM);
    assert_non_null(strstr(last_detail, "host-gone"));
}

static void silence_instead_of_a_handshake_ends_the_attempt(void **state)
{
    (void)state;
    server.mute = true;
    turns_until_heard("<stream:stream");
    turn();
    assert_int_equal(due(), now + KR_HANDSHAKE_MS);
    now += KR_HANDSHAKE_MS - 1;
    turn();
    assert_int_equal(downs, 0);
    now++;
    turn();
    assert_int_equal(downs, 1);
    assert_int_equal(last_down, KR_DOWN_NETWORK);
}

static void a_big_stanza_arrives_whole_and_too_deep_a_one_by_name_only(void **state)
{
    enum { LEN = 200000, DEPTH = 30 };
    char *text = kr_malloc(LEN);
    (void)state;
    bring_up();
    memset(text, 'x', LEN);
    server_say(&server, "<message from='a@b'><body>");
    server_send(&server, text, LEN);
    server_say(&server, "</body></message>");
    free(text);
    turns_until_count(&stanzas, 1);
    assert_int_equal(last_text_len, LEN);
    server_say(&server, "<message from='a@b/deep' id='big'>");
    for (int i = 0; i < DEPTH; i++)
        server_say(&server, "<a>");
    for (int i = 0; i < DEPTH; i++)
        server_say(&server, "</a>");
    server_say(&server, "</message>");
    turns_until_count(&oversizes, 1);
    assert_string_equal(last_name, "message");
    assert_string_equal(last_from, "a@b/deep");
    assert_true(kr_link_is_up(link_));
    assert_int_equal(stanzas, 1);
}

static void a_turn_is_bounded(void **state)
{
    enum { COUNT = 400 };
    static char one[4096];
    (void)state;
    bring_up();
    memset(one, 'x', sizeof(one));
    memcpy(one, "<message><body>", 15);
    memcpy(one + sizeof(one) - 17, "</body></message>", 17);
    for (int i = 0; i < COUNT / 4; i++)
        server_send(&server, one, sizeof(one));
    kr_link_run(link_, now);
    assert_true(stanzas <= KR_LINK_ROUNDS_MAX);
    turns_until_count(&stanzas, COUNT / 4);
}

static void a_peer_that_does_not_read_gets_everything_later_and_in_order(void **state)
{
    enum { COUNT = 3000 };
    static char big[8192];
    (void)state;
    bring_up();
    server.deaf = true;
    memset(big, 'x', sizeof(big));
    for (int i = 0; i < COUNT; i++) {
        int n = snprintf(big, sizeof(big), "<message id='%06d'><body>", i);
        big[n] = 'x';
        memcpy(big + sizeof(big) - 17, "</body></message>", 17);
        kr_link_send(link_, big, sizeof(big));
    }
    for (int i = 0; i < 20; i++)
        turn();
    assert_true(kr_link_queue_len(link_) > 0);
    assert_true(kr_link_is_up(link_));
    server.deaf = false;
    uint64_t end = kr_mono_ms() + 30000;
    while (kr_link_queue_len(link_) > 0 && kr_mono_ms() < end)
        turn();
    assert_int_equal(kr_link_queue_len(link_), 0);
    end = kr_mono_ms() + 10000;
    while (server.got_len < COUNT * sizeof(big) && kr_mono_ms() < end)
        turn();
    const char *p = strstr(server.got, "<message id='");
    for (int i = 0; i < COUNT; i++) {
        p += strspn(p, " ");
        assert_memory_equal(p, "<message id='", 13);
        assert_int_equal((int)strtol(p + 13, NULL, 10), i);
        p += sizeof(big);
    }
}

static void too_long_a_queue_drops_the_link(void **state)
{
    (void)state;
    bring_up();
    for (int i = 0; i < KR_QUEUE_HARD; i++)
        kr_link_send(link_, "<message/>", 10);
    assert_int_equal(kr_link_queue_len(link_), KR_QUEUE_HARD);
    assert_true(due() > now);
    kr_link_send(link_, "<message/>", 10);
    assert_int_equal(due(), 0);
    turns_until_count(&downs, 1);
    assert_int_equal(last_down, KR_DOWN_QUEUE);
    assert_int_equal(kr_link_queue_len(link_), 0);
    server_hang_up(&server);
    now = due();
    bring_up();
}

static void a_silent_link_is_kept_alive(void **state)
{
    (void)state;
    bring_up();
    size_t before = server.got_len;
    assert_int_equal(due(), now + KR_KEEPALIVE_MS);
    now += KR_KEEPALIVE_MS;
    uint64_t end = kr_mono_ms() + 10000;
    while (server.got_len == before && kr_mono_ms() < end)
        turn();
    assert_int_equal(server.got[before], ' ');
}

/* What is sent in two pieces does not wait for the server's acknowledgement of the first. */
static void small_stanzas_are_not_held_back(void **state)
{
    (void)state;
    bring_up();
    short events = 0;
    uint64_t d = 0;
    int on = 0;
    socklen_t len = sizeof(on);
    int fd = kr_link_poll(link_, &events, &d);
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
    assert_int_not_equal(on, 0);
}

static void a_closed_link_says_goodbye_after_what_was_queued(void **state)
{
    (void)state;
    bring_up();
    kr_link_send(link_, "<presence type='unavailable'/>", 30);
    kr_link_close(link_);
    turns_until_heard("<presence type='unavailable'/>");
    turns_until_heard("</stream:stream>");
    server_say(&server, "</stream:stream>");
    turns_until_count(&downs, 1);
    assert_int_equal(due(), UINT64_MAX);
    now += 1000000;
    turn();
    assert_int_equal(server.accepted, 1);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(a_component_shakes_hands_and_exchanges_stanzas),
        CASE(a_wrong_secret_is_not_tried_again),
        CASE(a_refused_port_is_tried_again_ever_more_slowly),
        CASE(a_server_that_ends_the_stream_is_met_again),
        CASE(silence_instead_of_a_handshake_ends_the_attempt),
        CASE(a_big_stanza_arrives_whole_and_too_deep_a_one_by_name_only),
        CASE(a_turn_is_bounded),
        CASE(a_peer_that_does_not_read_gets_everything_later_and_in_order),
        CASE(too_long_a_queue_drops_the_link),
        CASE(a_silent_link_is_kept_alive),
        CASE(small_stanzas_are_not_held_back),
        CASE(a_closed_link_says_goodbye_after_what_was_queued),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
