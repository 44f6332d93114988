/* What the service says, against what it has written: nothing before its cause, nothing to who has no right.
 */
#include <stdio.h>
#include <string.h>

#include "sim/check/state.h"

struct said { /* a stanza of the service */
    const char *text;
    const char *element; /* of the payload, or NULL: none of those looked at */
    char to[128];
    int room;
    bool has_instance, has_epoch;
    struct kr_id instance;
    uint64_t epoch;
};

static const char *const elements[] = {"announce", "deliver",  "commit",   "wanted", "session",
                                       "low",      "detached", "attached", "claimed"};

/* Which room's, of the latest instances and those before. */
static void read_tag(const struct sim_check *c, const struct kr_tag *tag, struct said *s)
{
    for (int i = 0; i < SIM_ROOMS * 2; i++) {
        const struct kr_id *instance = &c->instances[i / 2][i % 2];
        if (!kr_is_tag_of(tag, instance))
            continue;
        s->room = i / 2;
        s->has_instance = true;
        s->instance = *instance;
    }
}

static bool read_said(const struct sim_check *c, const char *text, struct said *s)
{
    char value[128];
    struct kr_tag tag;
    *s = (struct said){.text = text, .room = -1};
    if (strncmp(text, "<presence", 9) == 0 || !sim_attr(text, NULL, "to", s->to, sizeof(s->to)))
        return false;
    const char *payload = strstr(text + 1, "<");
    for (size_t i = 0; payload && i < sizeof(elements) / sizeof(elements[0]); i++) {
        size_t len = strlen(elements[i]);
        if (strncmp(payload + 1, elements[i], len) == 0 && payload[1 + len] == ' ')
            s->element = elements[i];
    }
    if (!s->element)
        return false;
    if (sim_attr(text, s->element, "room", value, sizeof(value)))
        s->room = check_room_of(value);
    if (sim_attr(text, s->element, "in", value, sizeof(value)) && kr_tag_read(value, &tag) == 0)
        read_tag(c, &tag, s);
    else
        s->has_instance = sim_attr(text, s->element, "instance", value, sizeof(value)) &&
                          kr_id_read(value, &s->instance) == 0;
    s->has_epoch = s->has_instance && sim_attr(text, s->element, "epoch", value, sizeof(value));
    if (s->has_epoch)
        s->epoch = strtoull(value, NULL, 10);
    return true;
}

static bool is(const struct said *s, const char *element)
{
    return strcmp(s->element, element) == 0;
}

static void note_instances(struct sim_check *c)
{
    for (size_t i = 0; i < SIM_ROOMS; i++) {
        const struct mirror_room *r = &c->written.rooms[i];
        if (!r->has || kr_id_equal(&r->instance, &c->instances[i][0]))
            continue;
        c->instances[i][1] = c->instances[i][0];
        c->instances[i][0] = r->instance;
    }
}

/* DOOR: at the moment of the decision the receiver has an attach, is a member, and is in the epoch's roster.
 */
static void check_receiver(struct sim_world *w, const struct said *s)
{
    struct sim_check *c = w->check;
    if (is(s, "detached") || is(s, "attached") || is(s, "claimed"))
        return;
    const struct mirror_attach *a = mirror_find_jid(&c->written, s->room, s->to);
    if (!a || (!a->member && !is(s, "low"))) {
        sim_violate(w, SIM_P_DOOR, "%s is sent <%s/>, and is %s", s->to, s->element,
                    a ? "no member" : "not attached");
        return;
    }
    const struct known_epoch *k = s->has_epoch ? check_epoch(c, &s->instance, s->epoch) : NULL;
    if (k && k->members && !check_is_among(k->members, k->member_count, &a->attach))
        sim_violate(w, SIM_P_DOOR, "%s is sent <%s/> of epoch %llu, and is not in it", s->to, s->element,
                    (unsigned long long)s->epoch);
}

void sim_check_stepped(struct sim_world *w, const struct kr_output *out)
{
    struct sim_check *c = w->check;
    check_apply(w, out);
    note_instances(c);
    check_rosters(w);
    if (c->sends_seen > out->send_count)
        c->sends_seen = 0;
    for (; c->sends_seen < out->send_count; c->sends_seen++) {
        struct said s;
        if (out->sends[c->sends_seen].len > KR_STANZA_MAX)
            sim_violate(w, SIM_P_BOUNDED, "a stanza of %zu bytes is sent", out->sends[c->sends_seen].len);
        if (read_said(c, out->sends[c->sends_seen].xml, &s))
            check_receiver(w, &s);
    }
}

/* ONCE: every one-time key that leaves. */
static void check_given(struct sim_world *w, const struct said *s)
{
    const char *at = s->text;
    while ((at = strstr(at, "<key ")) != NULL) {
        char kind[16], key[48];
        struct given_key *g = NULL;
        bool read =
            sim_attr(at, "key", "kind", kind, sizeof(kind)) && sim_attr(at, "key", "key", key, sizeof(key));
        at++;
        if (!read || strcmp(kind, "one-time") != 0)
            continue;
        HASH_FIND_STR(w->check->given, key, g);
        if (g) {
            sim_violate(w, SIM_P_ONCE, "the one-time key %.8s… is given away again, to %s", key, s->to);
            return;
        }
        g = kr_calloc(1, sizeof(*g));
        snprintf(g->key, sizeof(g->key), "%s", key);
        HASH_ADD_STR(w->check->given, key, g);
        w->check->seen.one_time_keys++;
    }
}

/* RISING: a number means one roster to everybody. */
static void check_meaning(struct sim_world *w, const struct said *s, const struct known_epoch *k)
{
    char roster[64], text[KR_KEY_TEXT];
    kr_digest_write(text, &k->roster);
    bool brief = sim_attr(s->text, "announce", "check", roster, sizeof(roster)); /* its first 6 bytes */
    if ((!brief && !sim_attr(s->text, "announce", "roster", roster, sizeof(roster))) ||
        strncmp(roster, text, brief ? 8 : sizeof(text)) != 0)
        sim_violate(w, SIM_P_RISING, "epoch %llu is told to %s with another roster",
                    (unsigned long long)s->epoch, s->to);
}

void sim_check_sent(struct sim_world *w, const char *text)
{
    struct sim_check *c = w->check;
    struct said s;
    c->seen.stanzas++;
    if (!read_said(c, text, &s))
        return;
    const struct known_epoch *k = s.has_epoch ? check_epoch(c, &s.instance, s.epoch) : NULL;
    if (is(&s, "claimed"))
        check_given(w, &s);
    if (s.has_epoch && (!k || !k->stored))
        sim_violate(w, SIM_P_CAUSE, "<%s/> of epoch %llu is sent to %s, and the store has no such epoch",
                    s.element, (unsigned long long)s.epoch, s.to);
    else if (k && is(&s, "commit") && !k->was_committed)
        sim_violate(w, SIM_P_CAUSE, "the commit of epoch %llu is sent to %s, and the store does not have it",
                    (unsigned long long)s.epoch, s.to);
    else if (k && is(&s, "announce"))
        check_meaning(w, &s, k);
    if (is(&s, "detached") && mirror_find_jid(&c->committed, s.room, s.to))
        sim_violate(w, SIM_P_CAUSE, "%s is told that its attach is over, and the store still has it", s.to);
}

void sim_check_turn(struct sim_world *w)
{
    w->check->sends_seen = 0;
    w->check->seen.turns++;
    check_memory(w);
}
