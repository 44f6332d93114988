/* Who the service says a device belongs to: the user of a token where the operator takes the module's word
 * for it, which only the module has on this link; and a tenant's room, which has one name for clients and
 * another for its MUC. */
#include "refused.h"

#include <stdio.h>
#include <string.h>

#define MUC     "muc.example.org"
#define TENANTS "planning@muc.acme.example.org"

static char *token_owners[] = {(char *)MUC};

static void take_tokens(void)
{
    w.settings.token_owners = token_owners;
    w.settings.token_owner_count = 1;
    world_settings(&w);
}

static void module_is_there(void)
{
    world_xml(&w, "<message from='" MUC "' to='" SERVICE
                  "'><module xmlns='urn:keyroom:jitsi:1' time='1700000000' "
                  "version='0.12.3'/></message>");
}

/* The module has spoken of the room that all are in. */
static void module_invites(void)
{
    static char *inviters[] = {(char *)MUC};
    w.settings.inviters = inviters;
    world_settings(&w);
    module_is_there();
    world_xml(&w, "<message from='" ROOM "' to='" SERVICE "'><x xmlns='http://jabber.org/protocol/muc#user'>"
                  "<invite from='" MUC "'/></x><room xmlns='urn:keyroom:jitsi:1' jid='" ROOM
                  "' virtual='" ROOM "'/></message>");
}

static void show(const struct peer *p, const char *session)
{
    char device[KR_ID_TEXT];
    kr_id_write(device, &p->device);
    world_xml(&w,
              "<presence from='" ROOM "/%s' to='" SERVICE "'><device xmlns='urn:keyroom:1' id='%s'/>%s"
              "<x xmlns='http://jabber.org/protocol/muc#user'><item affiliation='none' role='participant' "
              "jid='%s'/></x></presence>",
              p->nick, device, session, p->jid);
}

#define SESSION(attributes) "<session xmlns='urn:keyroom:jitsi:1' " attributes "/>"

/* What comes of an attach under that owner: "" when it is let in. */
static const char *attach_as(struct peer *p, const char *owner)
{
    struct kr_signed_key otks[1];
    peer_new_attach(&w, p);
    peer_challenge(&w, p);
    struct kr_request r = peer_attach_request(&w, p, otks, 1);
    r.u.attach.owner = owner;
    peer_sign_attach(p, &r);
    p->attached = true;
    peer_send(&w, p, &r);
    p->attached = p->error[0] == '\0';
    return p->error;
}

static struct peer *entered(const char *nick)
{
    struct peer *p = world_peer(&w, nick);
    peer_enter(&w, p);
    return p;
}

static void a_token_names_the_owner(void **state)
{
    (void)state;
    take_tokens();
    module_invites();
    struct peer *a = entered("alice");
    show(a, SESSION("user='4711' tenant='acme' name='Alice'"));
    assert_string_equal(attach_as(a, "alice@example.org"), "wrong-participant"); /* the token goes first */
    assert_string_equal(attach_as(a, "token:acme:4712"), "wrong-participant");
    assert_string_equal(attach_as(a, "token::4711"), "wrong-participant");
    assert_string_equal(attach_as(a, ""), "wrong-participant");
    assert_string_equal(attach_as(a, "token:acme:4711"), "");
    /* Without a tenant, and a tenant that would make two names one. */
    struct peer *b = entered("bob");
    show(b, SESSION("user='acme:4711'"));
    assert_string_equal(attach_as(b, "token::acme:4711"), "");
    struct peer *c = entered("carol");
    show(c, SESSION("user='4711' tenant=':acme'"));
    assert_string_equal(attach_as(c, "token::acme:4711"), "wrong-participant");
    assert_string_equal(attach_as(c, "carol@example.org"), "");
}

/* A tenant that is refused is not none: the user would be the one of that id without a tenant. */
static void a_tenant_that_cannot_be_taken(void **state)
{
    (void)state;
    take_tokens();
    module_invites();
    struct peer *a = entered("alice");
    char longest[KR_JID_MAX + 128];
    snprintf(longest, sizeof(longest), SESSION("user='4711' tenant='%0*d'"), KR_JID_MAX + 1, 0);
    const char *const sessions[] = {longest, SESSION("user='4711' tenant='a&#9;b'"),
                                    SESSION("user='4711' tenant=''")};
    for (size_t i = 0; i < sizeof(sessions) / sizeof(sessions[0]); i++) {
        show(a, sessions[i]);
        assert_string_equal(attach_as(a, "token::4711"), "wrong-participant");
    }
    show(a, SESSION("user='4711'"));
    assert_string_equal(attach_as(a, "token::4711"), "");
    show(a, longest);
    assert_int_equal(a->detached, 1);
}

static void nobody_elses_word_is_taken(void **state)
{
    (void)state;
    /* No operator said so. */
    module_invites();
    struct peer *a = entered("alice");
    show(a, SESSION("user='4711'"));
    assert_string_equal(attach_as(a, "token::4711"), "wrong-participant");
    /* The operator said so, but no module has spoken on this link: then a client wrote it. */
    take_tokens();
    world_link_down(&w);
    world_link_up(&w);
    world_joined(&w);
    show(a, SESSION("user='4711'"));
    assert_string_equal(attach_as(a, "token::4711"), "wrong-participant");
    module_is_there();
    show(a, SESSION("user='4711'"));
    assert_string_equal(attach_as(a, "token::4711"), "");
}

static void of_two_words_none_is_taken(void **state)
{
    (void)state;
    take_tokens();
    module_invites();
    struct peer *a = entered("alice");
    show(a, SESSION("user='root'") SESSION("user='4711'"));
    assert_string_equal(attach_as(a, "token::root"), "wrong-participant");
    assert_string_equal(attach_as(a, "token::4711"), "wrong-participant");
    show(a, SESSION("user='4711'"));
    assert_string_equal(attach_as(a, "token::4711"), "");
    show(a, SESSION("user='4711'") "<x xmlns='urn:x'/>" SESSION("user='4711'"));
    assert_int_equal(a->detached, 1);
}

static void another_token_ends_the_attach(void **state)
{
    (void)state;
    take_tokens();
    module_invites();
    struct peer *a = entered("alice"), *b = entered("bob");
    show(a, SESSION("user='1'"));
    show(b, SESSION("user='2'"));
    assert_string_equal(attach_as(a, "token::1"), "");
    assert_string_equal(attach_as(b, "token::2"), "");
    show(a, SESSION("user='1' name='Renamed'"));
    assert_int_equal(a->detached, 0);
    show(a, SESSION("user='3'"));
    assert_int_equal(a->detached, 1);
    assert_string_equal(a->detached_reason, "policy");
    show(b, "");
    assert_int_equal(b->detached, 1);
}

/* The tokens of before and of now are compared although nobody saw the change. */
static void another_token_over_a_lost_link_ends_the_attach(void **state)
{
    (void)state;
    take_tokens();
    module_invites();
    struct peer *a = entered("alice"), *b = entered("bob"), *c = entered("carol"), *d = entered("dave");
    show(a, SESSION("user='1'"));
    show(b, SESSION("user='2'"));
    show(c, SESSION("user='3'"));
    assert_string_equal(attach_as(a, "token::1"), "");
    assert_string_equal(attach_as(b, "token::2"), "");
    assert_string_equal(attach_as(c, "token::3"), "");
    assert_string_equal(attach_as(d, "dave@example.org"), "");
    for (int restarts = 0; restarts < 2; restarts++) {
        if (restarts) {
            world_restart(&w);
        } else {
            world_link_down(&w);
            world_link_up(&w);
        }
        module_invites();
        show(a, SESSION("user='1'"));
        show(restarts ? c : b, SESSION("user='4'"));
        if (!restarts)
            show(c, SESSION("user='3'"));
        show(d, "");
        world_xml(&w, "<presence from='" ROOM "/keyroom' to='" SERVICE
                      "'><x xmlns='http://jabber.org/protocol/muc#user'><status code='110'/></x></presence>");
        world_wait(&w, 5000);
        assert_int_equal(b->detached, 1);
        assert_string_equal(b->detached_reason, "policy");
        assert_int_equal(c->detached, restarts);
        assert_int_equal(a->detached + d->detached, 0);
        assert_int_equal(a->roster.len, restarts ? 2 : 3);
        assert_int_equal(a->committed, a->highest);
    }
    assert_string_equal(c->detached_reason, "policy");
}

static void registered_is_asked_now(void **state)
{
    (void)state;
    w.room_settings.policy.authorise = KR_AUTHORISE_REGISTERED;
    take_tokens();
    module_invites();
    struct peer *a = entered("alice"), *b = entered("bob");
    show(a, SESSION("user='1'"));
    assert_string_equal(attach_as(a, "token::1"), "");
    assert_string_equal(attach_as(b, "bob@example.org"), "");
    /* The operator takes it back. */
    w.settings.token_owner_count = 0;
    world_settings(&w);
    show(a, SESSION("user='1'"));
    a->affiliation = "member"; /* presence is judged anew */
    peer_enter(&w, a);
    assert_int_equal(a->detached, 1);
    assert_int_equal(b->detached, 0);
}

static void invite(const char *from, const char *inviter, const char *jid, const char *virtual)
{
    world_xml(&w,
              "<message from='%s' to='" SERVICE "'><x xmlns='http://jabber.org/protocol/muc#user'>"
              "<invite from='%s'/></x><room xmlns='urn:keyroom:jitsi:1' jid='%s' virtual='%s'/></message>",
              from, inviter, jid, virtual);
}

static void a_tenants_room(void **state)
{
    (void)state;
    static char *inviters[] = {(char *)MUC, (char *)"focus@auth.example.org"};
    w.settings.inviters = inviters;
    w.settings.inviter_count = 2;
    world_settings(&w);
    size_t joins = w.joins_sent;
    /* Who is not the room's own MUC gives it no other address; nor does a message of another room. */
    invite("x@muc.acme.example.org", "focus@auth.example.org", "[acme]x@" MUC, "x@muc.acme.example.org");
    invite("y@evil.example.org", MUC, "[acme]x@" MUC, "x@muc.acme.example.org");
    invite(TENANTS, MUC, "[acme]planning@elsewhere.org", TENANTS);
    assert_int_equal(w.joins_sent, joins);
    /* Under either name, as the server maps it or not. */
    invite(TENANTS, MUC, "[acme]planning@" MUC, TENANTS);
    assert_int_equal(w.joins_sent, joins + 1);
    assert_non_null(strstr(w.last_presence, "to='[acme]planning@" MUC "/keyroom'"));
    world_xml(&w, "<presence from='[acme]planning@" MUC "/x' to='" SERVICE "'>"
                  "<x xmlns='http://jabber.org/protocol/muc#user'>"
                  "<item affiliation='none' jid='x@example.org/1'/></x></presence>");
    world_xml(&w, "<presence from='" TENANTS "/keyroom' to='" SERVICE "'>"
                  "<x xmlns='http://jabber.org/protocol/muc#user'><status code='110'/></x></presence>");
    struct kr_stats s;
    kr_core_stats(w.core, &s);
    assert_int_equal(s.rooms_now, 2);
    world_xml(&w, "<presence type='unavailable' from='" TENANTS "/x' to='" SERVICE "'/>");
    assert_non_null(
        strstr(w.last_presence, "to='[acme]planning@" MUC "/keyroom'")); /* left: nobody is there */
    assert_non_null(strstr(w.last_presence, "unavailable"));
    kr_core_stats(w.core, &s);
    assert_int_equal(s.rooms_now, 1);
}

static void a_room_that_no_muc_has_is_forgotten(void **state)
{
    (void)state;
    static char *elsewhere[] = {(char *)"conference.example.net"};
    struct kr_room_view v;
    (void)settled("alice");
    w.settings.muc_domains = elsewhere;
    w.settings.room_count = 0;
    size_t joins = w.joins_sent;
    world_restart(&w);
    world_wait(&w, 59000); /* its module may still tell where it is */
    assert_true(world_view(&w, &v));
    world_wait(&w, 2000);
    assert_false(world_view(&w, &v));
    assert_int_equal(w.joins_sent, joins);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {T(a_token_names_the_owner),
                                       T(a_tenant_that_cannot_be_taken),
                                       T(nobody_elses_word_is_taken),
                                       T(of_two_words_none_is_taken),
                                       T(another_token_ends_the_attach),
                                       T(another_token_over_a_lost_link_ends_the_attach),
                                       T(registered_is_asked_now),
                                       T(a_tenants_room),
                                       T(a_room_that_no_muc_has_is_forgotten)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
