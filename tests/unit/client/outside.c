/* The world of these tests for participants outside of it: another implementation of the client, which asks
 * by lines on its standard input and is answered by lines that begin with "> ", the last one "> ok NOW ...".
 *
 *   outside NICK DEVICE    there is such a participant, jid NICK@example.org/1
 *   from NICK XML          it sends that stanza
 *   wait MS                time passes; less of it when something is said to somebody outside: "> to NICK
 * ELEMENT" join NICK, leave NICK  a client of ours seal NICK              a frame of ours, in hex; open NICK
 * TRACK HEX: "opened", or why not view NICK              of a client of ours: epoch, may send, missing,
 * mismatched lose COUNT NICK KIND   the next requests of that kind from NICK (* : anybody), or notices to it,
 * get lost rotate, restart        of the service; device service: its device's id; leads: our clients that
 * come from now on offer to lead
 *   verify, match, mismatch, decline, distrust NICK PEER   what a person of ours says (docs/protocol.md 12.2)
 *   said NICK TEXT         did a client of ours report that? 1 or 0
 *   affiliate NICK owner   of the room
 *   wall                   the time of day that all see, ms since 1970
 *
 * Its arguments are the frame format, the suite, the key source of the room (participants), and, where it
 * wants verified devices, by whose word: owners, registered, operator. */
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "world.h"

static const char *format;
static unsigned suite;
static const char *source = "participants", *verified_by;
static struct {
    char nick[16], kind[16];
} lost;

static json_t *element(const struct kr_el *el)
{
    json_t *attrs = json_object(), *children = json_array();
    for (const struct kr_attr *a = el->attrs; a; a = a->next)
        json_object_set_new(attrs, a->name, json_string(a->value));
    for (const struct kr_el *c = el->child; c; c = c->next)
        json_array_append_new(children, element(c));
    return json_pack("{s:s, s:s, s:s, s:o, s:o}", "name", el->name, "ns", el->ns, "text", el->text, "attrs",
                     attrs, "children", children);
}

static bool is_lost(struct world *w, const struct one *o, const char *kind)
{
    bool hit = w->left > 0 && strcmp(lost.kind, kind) == 0 &&
               (lost.nick[0] == '*' || strcmp(lost.nick, o->nick) == 0);
    w->left -= hit;
    return hit;
}

static bool on_request(struct world *w, struct one *from, struct kr_request *r)
{
    return !is_lost(w, from, kr_request_name(r->kind));
}

static bool on_notice(struct world *w, struct one *to, struct kr_notice *n)
{
    static const char *const names[] = {[KR_NOTICE_ANNOUNCE] = "announce",
                                        [KR_NOTICE_DELIVER] = "deliver",
                                        [KR_NOTICE_COMMIT] = "commit",
                                        [KR_NOTICE_WANTED] = "wanted",
                                        [KR_NOTICE_LOW] = "low",
                                        [KR_NOTICE_SESSION] = "session",
                                        [KR_NOTICE_DETACHED] = "detached",
                                        [KR_NOTICE_STATE] = "state",
                                        [KR_NOTICE_ATTESTATIONS] = "attestations"};
    return !is_lost(w, to, names[n->kind]);
}

static void tell(struct world *w, struct one *to, const struct kr_el *el)
{
    json_t *json = element(el);
    char *text = json_dumps(json, JSON_COMPACT);
    printf("> to %s %s\n", to->nick, text);
    w->heard = true;
    free(text);
    json_decref(json);
}

static struct one *seek(struct world *w, const char *nick)
{
    for (size_t i = 0; i < w->count; i++)
        if (strcmp(w->ones[i].nick, nick) == 0)
            return &w->ones[i];
    return NULL;
}

static struct one *find(struct world *w, const char *nick)
{
    struct one *o = seek(w, nick);
    if (!o)
        fail_msg("no %s", nick);
    return o;
}

static struct kr_buf bytes(const char *hex)
{
    struct kr_buf b;
    uint8_t out[4096];
    size_t len = 0;
    kr_buf_init(&b, sizeof(out));
    assert_int_equal(sodium_hex2bin(out, sizeof(out), hex, strlen(hex), NULL, &len, NULL), 0);
    kr_buf_add(&b, out, len);
    return b;
}

static void say_frame(struct one *o)
{
    struct kr_buf frame = one_seal(o);
    for (size_t i = 0; i < frame.len; i++)
        printf("%02x", frame.ptr[i]);
    kr_buf_done(&frame);
}

static void say_opened(struct one *o, const char *track, const char *hex)
{
    struct kr_buf frame = bytes(hex);
    int err = one_open(o, track, &frame);
    printf("%s", err ? kr_errname(err) : "opened");
    kr_buf_done(&frame);
}

static void say_service_device(const struct world *w)
{
    char text[KR_ID_TEXT];
    kr_id_write(text, &w->service_device);
    printf("%s", text);
}

static void say_view(struct one *o)
{
    struct kr_client_view v = one_view(o);
    printf("%llu %d %zu %d", (unsigned long long)v.epoch, v.may_send, v.missing, v.mismatched);
}

/* What the person of a client of ours says; false for another command. */
static bool say_of_person(struct world *w, const char *command, const char *nick, const char *peer)
{
    static const struct {
        const char *word;
        enum kr_client_event_kind kind;
        bool same;
    } words[] = {{"verify", KR_CLIENT_VERIFY, false},
                 {"match", KR_CLIENT_VERIFY_ANSWER, true},
                 {"mismatch", KR_CLIENT_VERIFY_ANSWER, false},
                 {"decline", KR_CLIENT_VERIFY_CANCEL, false},
                 {"distrust", KR_CLIENT_UNATTEST, false}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(command, words[i].word) == 0) {
            one_verify(w, find(w, nick), words[i].kind, peer, words[i].same);
            return true;
        }
    }
    return false;
}

/* What changes the world; false for another command. */
static void set_verified(struct world *w, const char *by)
{
    struct kr_policy *p = &w->room.policy;
    p->authorise = KR_AUTHORISE_VERIFIED;
    assert_int_equal(kr_verified_by_read(kr_span_str(by), &p->verified_by), 0);
    p->verifiers = p->verified_by == KR_VERIFIED_BY_REGISTERED ? 1 : 0;
    p->verified_for_s = 3600;
}

static bool act(struct world *w, const char *command, const char *first, const char *rest)
{
    struct kr_id device;
    if (strcmp(command, "leads") == 0) {
        w->lead = true;
    } else if (strcmp(command, "outside") == 0) {
        assert_int_equal(kr_id_read(rest, &device), 0);
        struct one *known = seek(w, first); /* it comes with another device */
        if (known)
            known->device = device;
        else
            world_outside(w, first, &device);
    } else if (strcmp(command, "from") == 0) {
        world_queue(w, NULL, find(w, first), kr_strdup(rest));
        world_settle(w);
    } else if (strcmp(command, "wait") == 0) {
        w->heard = false;
        world_wait(w, strtoull(first, NULL, 10));
    } else if (strcmp(command, "join") == 0) {
        world_join(w, first);
    } else if (strcmp(command, "leave") == 0) {
        one_event(w, find(w, first), KR_CLIENT_LEAVE);
        world_settle(w);
    } else if (strcmp(command, "lose") == 0) {
        w->left = (int)strtol(first, NULL, 10);
        assert_int_equal(sscanf(rest, "%15s %15s", lost.nick, lost.kind), 2);
    } else if (strcmp(command, "vanish") == 0 || strcmp(command, "gone") == 0) {
        find(w, first)->present = false;
        muc_gone_quietly(w, find(w, first), command[0] == 'g');
        world_settle(w);
    } else if (strcmp(command, "rotate") == 0) {
        world_rotate(w);
    } else if (strcmp(command, "restart") == 0) {
        world_restart(w);
    } else if (strcmp(command, "affiliate") == 0) {
        assert_string_equal(rest, "owner");
        muc_affiliate(w, find(w, first), "owner");
    } else if (strcmp(command, "verified") == 0) {
        set_verified(w, first);
        world_settings(w);
    } else {
        return say_of_person(w, command, first, rest);
    }
    return true;
}

/* What is asked of a client of ours. */
static void answer(struct world *w, const char *command, const char *first, char *rest)
{
    if (strcmp(command, "device") == 0) { /* of the service */
        say_service_device(w);
        return;
    }
    if (strcmp(command, "wall") == 0) {
        printf("%llu", (unsigned long long)w->now.wall_ms);
        return;
    }
    struct one *o = find(w, first);
    if (strcmp(command, "said") == 0) {
        printf("%d", one_said(o, rest));
    } else if (strcmp(command, "seal") == 0) {
        say_frame(o);
    } else if (strcmp(command, "open") == 0) {
        char *hex = strchr(rest, ' ');
        assert_non_null(hex);
        *hex++ = '\0';
        say_opened(o, rest, hex);
    } else if (strcmp(command, "view") == 0) {
        say_view(o);
    } else {
        fail_msg("%s?", command);
    }
}

static void obey(struct world *w, char *line)
{
    static char none[] = "";
    char *command = strtok(line, " "), *first = strtok(NULL, " "), *rest = strtok(NULL, "");
    first = first ? first : none;
    rest = rest ? rest : none;
    bool acted = act(w, command, first, rest);
    printf("> ok %llu ", (unsigned long long)w->now.mono_ms);
    if (!acted)
        answer(w, command, first, rest);
    printf("\n");
    fflush(stdout);
}

/* The room's key source, and what our own clients need to take part. */
static void set_source(struct world *w)
{
    static struct kr_secret passphrase;
    static const char words[] = "four words that nobody guesses";
    assert_int_equal(kr_source_read(kr_span_str(source), &w->room.policy.source), 0);
    w->sources = KR_SOURCE_BIT(w->room.policy.source);
    if (w->room.policy.source == KR_SOURCE_PASSPHRASE) {
        kr_secret_set(&passphrase, words, sizeof(words) - 1);
        w->passphrase = &passphrase;
    }
    if (w->room.policy.source == KR_SOURCE_SERVICE)
        world_own_device(w);
}

static void live(void **state)
{
    (void)state;
    struct world w;
    char *line = NULL;
    size_t cap = 0;
    world_init(&w, 1);
    w.outside = tell;
    w.request = on_request;
    w.notice = on_notice;
    assert_int_equal(kr_format_read(kr_span_str(format), &w.room.policy.format), 0);
    w.room.policy.suite = (uint16_t)suite;
    set_source(&w);
    if (verified_by)
        set_verified(&w, verified_by);
    w.attest_for_s = 86400;
    world_start(&w);
    for (ssize_t len; (len = getline(&line, &cap, stdin)) > 1;) {
        line[len - 1] = '\0';
        obey(&w, line);
    }
    free(line);
    world_done(&w);
}

int main(int argc, char **argv)
{
    if (argc < 3 || argc > 5)
        return 2;
    format = argv[1];
    suite = (unsigned)strtoul(argv[2], NULL, 10);
    if (argc >= 4)
        source = argv[3];
    if (argc == 5)
        verified_by = argv[4];
    const struct CMUnitTest tests[] = {cmocka_unit_test(live)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
