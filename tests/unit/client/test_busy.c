/* A service that is over a limit for a moment (docs/protocol.md 9.3): what it put off is asked again, in
 * time, and not for ever. */
#include <string.h>

#include "base/err.h"
#include "world.h"

static const char busy[] = "<resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
                           "<busy xmlns='urn:keyroom:1:errors'/>";

static const char *what;          /* requests that are put off, as they begin */
static uint64_t times_ms[64];     /* when each came */
static size_t times, most, taken; /* at most so many are put off; so many came behind those */

static bool put_off(struct world *w, struct one *to, struct one *from, char *xml)
{
    if (to || from == NULL || (w->arg && from != w->arg) || !strstr(xml, what))
        return true;
    if (times >= most) {
        taken++;
        return true;
    }
    times_ms[times++] = w->now.mono_ms;
    world_refuse(w, from, xml, busy);
    return false;
}

static void begin(struct world *w, uint64_t seed, const char *request, size_t count)
{
    what = request;
    times = taken = 0;
    most = count;
    world_init(w, seed);
    world_start(w);
    world_join(w, "alice");
    world_join(w, "bob");
    world_wait(w, 3000);
    w->raw = put_off;
}

static void a_key_is_sent_again(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 1, "<envelope", 4);
    world_rotate(&w);
    world_wait(&w, 4000);
    assert_int_equal(times, 4);
    assert_int_equal(taken, 2);
    world_all_hear(&w, 2);
    for (size_t i = 0; i < w.count; i++)
        assert_false(one_said(&w.ones[i], "refused envelope"));
    world_done(&w);
}

/* Everybody was put off at once, and must not come again at once. */
static void not_all_at_once(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 2, "<envelope", 2);
    world_rotate(&w);
    world_wait(&w, 249);
    assert_int_equal(times, 2);
    assert_int_equal(times_ms[0], times_ms[1]);
    assert_int_equal(taken, 0);
    most = 4;
    world_wait(&w, 1100);
    assert_true(times == 4 && times_ms[2] != times_ms[3]);
    world_done(&w);
}

static void an_ack_is_made_again(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 3, "<ack", 3);
    world_rotate(&w);
    world_wait(&w, 1900); /* before the deadline: nobody is a laggard */
    assert_int_equal(times, 3);
    assert_int_equal(taken, 2);
    world_all_hear(&w, 2);
    assert_true(one_said(&w.ones[0], "commit 2"));
    world_done(&w);
}

static void a_claim_is_asked_again(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 4, "<claim", 3);
    world_join(&w, "carol");
    world_wait(&w, 4000);
    assert_int_equal(times, 3);
    world_all_hear(&w, 2);
    assert_false(one_said(&w.ones[2], "refused claim"));
    world_done(&w);
}

static bool damage(struct world *w, struct one *to, struct kr_notice *n)
{
    if (to != &w->ones[1] || n->kind != KR_NOTICE_DELIVER || !w->left || !n->u.deliver.entry_count)
        return true;
    const struct kr_span body = n->u.deliver.entries[0].body;
    ((uint8_t *)body.ptr)[body.len - 1] ^= 1;
    w->left--;
    return true;
}

static void a_new_session_is_told_again(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 5, "<session", 2);
    w.notice = damage;
    w.left = 1;
    world_rotate(&w);
    world_wait(&w, 5000);
    assert_int_equal(times, 2);
    assert_int_equal(taken, 1);
    world_all_hear(&w, 2);
    world_done(&w);
}

/* A service that stays busy is not asked for ever. */
static void there_is_an_end(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 6, "<envelope", 64);
    world_rotate(&w);
    world_wait(&w, 60000);
    size_t asked = times;
    assert_int_equal(asked, 2 * (1 + 16));
    world_wait(&w, 60000);
    assert_int_equal(times, asked);
    assert_true(one_said(&w.ones[0], "refused envelope busy"));
    world_done(&w);
}

/* Nor beyond the epoch that it was for. */
static void the_next_epoch_ends_it(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 7, "<envelope", 64);
    w.arg = &w.ones[0];
    world_rotate(&w);
    muc_presence(&w, &w.ones[1], false); /* alone, she seals for nobody */
    world_wait(&w, 2500);
    assert_true(one_said(&w.ones[0], "announce 3"));
    size_t before = times;
    assert_true(before > 1);
    world_wait(&w, 30000);
    assert_int_equal(times, before);
    world_done(&w);
}

/* All of the service's answers are that, for a second and more. */
static void a_busy_second(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 8, "<iq", 64);
    world_rotate(&w);
    world_wait(&w, 700);
    most = times;
    assert_true(times >= 2);
    world_wait(&w, 2500);
    world_all_hear(&w, 2);
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_sent_again),         cmocka_unit_test(not_all_at_once),
        cmocka_unit_test(an_ack_is_made_again),        cmocka_unit_test(a_claim_is_asked_again),
        cmocka_unit_test(a_new_session_is_told_again), cmocka_unit_test(there_is_an_end),
        cmocka_unit_test(the_next_epoch_ends_it),      cmocka_unit_test(a_busy_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
