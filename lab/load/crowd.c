#include "load/crowd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "xml/ns.h"

enum { PRESENCE_MAX = 8192 };

/* Nicks are spread like random ids, but the same in each run: who opens a session is decided by their order.
 * The product of the two is 1 modulo 2^32, so that a nick leads back to its serial. */
static const uint32_t spread = 2654435761U, gather = 244002641U;

/* --- whose is it? --- */

static size_t number_at(const char *s, const char *end)
{
    size_t n = 0;
    while (s < end && *s >= '0' && *s <= '9')
        n = n * 10 + (size_t)(*s++ - '0');
    return n;
}

/* The number in LABEL-NUMBER@. */
static size_t room_number(const struct kr_crowd *crowd, const char *jid, const char *end)
{
    size_t skip = strlen(crowd->config->label) + 1;
    return (size_t)(end - jid) > skip ? number_at(jid + skip, end) : SIZE_MAX;
}

/* Which of the line's rooms has the instance of that tag? What all members are told often names no more. */
static size_t room_in(struct kr_crowd *crowd, size_t line, const struct kr_piece *p)
{
    const char *named = kr_piece_find(p, NULL, " in='"), *end = p->ptr + p->len;
    char text[KR_TAG_TEXT] = "";
    struct kr_tag tag;
    if (!named || !crowd->dialect->is_in || (size_t)(end - named) < strlen(" in='") + sizeof(text))
        return SIZE_MAX;
    memcpy(text, named + strlen(" in='"), sizeof(text) - 1);
    if (kr_tag_read(text, &tag) != 0)
        return SIZE_MAX;
    for (size_t room = 0; room < crowd->config->rooms; room++) {
        const struct kr_seat *seat = kr_crowd_seat(crowd, line, room);
        if (seat->state && crowd->dialect->is_in(seat, &tag))
            return room;
    }
    return SIZE_MAX;
}

static struct kr_seat *seat_of(struct kr_crowd *crowd, size_t line, const struct kr_piece *p)
{
    const char *end = p->ptr + p->len;
    if (crowd->config->rooms == 1)
        return kr_crowd_seat(crowd, line, 0);
    size_t room = SIZE_MAX, len;
    if (kr_piece_is(p, "iq")) { /* kr_seat_iq_id */
        const char *id = kr_piece_attr(p, "id", &len);
        room = id && len > 1 ? number_at(id + 1, id + len) : SIZE_MAX;
    } else {
        const char *from = kr_piece_attr(p, "from", &len);
        if (from && memchr(from, '@', len)) {
            room = room_number(crowd, from, end);
        } else {
            const char *named = kr_piece_find(p, NULL, " room='");
            room = named ? room_number(crowd, named + strlen(" room='"), end) : room_in(crowd, line, p);
        }
    }
    return room < crowd->config->rooms ? kr_crowd_seat(crowd, line, room) : NULL;
}

struct kr_seat *kr_crowd_who(const struct kr_crowd *crowd, const char *nick, size_t len)
{
    uint32_t id = 0;
    if (len != 8)
        return NULL;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)nick[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
            return NULL;
        id = id * 16 + (c <= '9' ? c - 48U : c - 87U); /* '0', and 'a' less ten */
    }
    uint32_t serial = id * gather; /* modulo 2^32 */
    return serial && serial <= crowd->who_len ? crowd->who[serial - 1] : NULL;
}

struct kr_seat *kr_crowd_sender(const struct kr_crowd *crowd, const struct kr_piece *p)
{
    size_t len;
    const char *from = kr_piece_attr(p, "from", &len);
    const char *slash = from ? memchr(from, '/', len) : NULL;
    return slash ? kr_crowd_who(crowd, slash + 1, (size_t)(from + len - slash) - 1) : NULL;
}

/* --- presence --- */

static void take_presence(struct kr_seat *seat, const struct kr_piece *p)
{
    struct kr_crowd *crowd = seat->crowd;
    bool gone = kr_piece_attr_is(p, "type", "unavailable");
    if (kr_piece_attr_is(p, "type", "error")) {
        kr_load_fail(crowd->load, "%s is not let into %s", seat->nick, crowd->rooms[seat->room]);
    } else if (gone && seat->inside) {
        seat->gone_seen++;
    } else if (!gone && seat->wanted && !seat->inside && kr_crowd_sender(crowd, p) == seat) {
        seat->inside = true;
        if (crowd->dialect->inside && crowd->eager)
            crowd->dialect->inside(seat);
    }
}

static void take(struct kr_line *line, const struct kr_piece *piece)
{
    struct kr_crowd *crowd = line->owner;
    struct kr_seat *seat = seat_of(crowd, (size_t)(line - crowd->load->lines), piece);
    if (!seat)
        return;
    bool presence = kr_piece_is(piece, "presence");
    if (presence)
        take_presence(seat, piece);
    if (seat->state && (!presence || crowd->dialect->all))
        crowd->dialect->stanza(seat, piece);
}

/* --- time --- */

static void tick(void *arg)
{
    struct kr_crowd *crowd = arg;
    uint64_t now = kr_now_ns(), due = UINT64_MAX;
    for (size_t i = 0; i < crowd->who_len; i++) {
        struct kr_seat *seat = crowd->who[i];
        if (seat && seat->state && crowd->dialect->due(seat) <= now)
            crowd->dialect->time(seat);
        uint64_t next = seat && seat->state ? crowd->dialect->due(seat) : UINT64_MAX;
        due = next < due ? next : due;
    }
    /* Deadlines move with every stanza; to look a hundred times a second costs less than to keep books. */
    uint64_t soon = now + 10 * KR_NS_PER_MS;
    crowd->load->due_ns = due < soon ? due : soon;
}

/* --- the crowd --- */

void kr_crowd_init(struct kr_crowd *crowd, struct kr_load *load, const struct kr_dialect *dialect,
                   const struct kr_crowd_config *config, struct kr_trial *trial)
{
    *crowd = (struct kr_crowd){.load = load, .dialect = dialect, .config = config, .trial = trial};
    crowd->rooms = kr_calloc(config->rooms, sizeof(*crowd->rooms));
    crowd->room_states = kr_calloc(config->rooms, sizeof(*crowd->room_states));
    crowd->left_ns = kr_calloc(config->rooms, sizeof(*crowd->left_ns));
    for (size_t r = 0; r < config->rooms; r++) {
        struct kr_buf name;
        kr_buf_init(&name, KR_JID_MAX);
        kr_buf_printf(&name, "%s-%zu@%s", config->label, r, config->muc);
        crowd->rooms[r] = kr_buf_take_str(&name);
        kr_buf_done(&name);
    }
    crowd->seat_count = config->lines * config->rooms;
    crowd->seats = kr_calloc(crowd->seat_count, sizeof(*crowd->seats));
    for (size_t i = 0; i < crowd->seat_count; i++)
        crowd->seats[i] = (struct kr_seat){
            .crowd = crowd, .line = &load->lines[i / config->rooms], .index = i, .room = i % config->rooms};
    for (size_t i = 0; i < config->lines; i++) {
        load->lines[i].stanza = take;
        load->lines[i].owner = crowd;
    }
    if (dialect->due) {
        load->tick = tick;
        load->tick_arg = crowd;
        load->due_ns = 0;
    }
}

void kr_crowd_done(struct kr_crowd *crowd)
{
    for (size_t i = 0; i < crowd->seat_count; i++)
        if (crowd->seats[i].state)
            crowd->dialect->go(&crowd->seats[i]);
    for (size_t r = 0; r < crowd->config->rooms; r++) {
        if (crowd->dialect->room_over)
            crowd->dialect->room_over(crowd, r);
        free(crowd->rooms[r]);
    }
    free(crowd->rooms);
    free(crowd->room_states);
    free(crowd->left_ns);
    free(crowd->seats);
    free(crowd->who);
    crowd->load->tick = NULL;
}

struct kr_seat *kr_crowd_seat(struct kr_crowd *crowd, size_t line, size_t room)
{
    return &crowd->seats[line * crowd->config->rooms + room];
}

/* --- one person --- */

void kr_seat_send(struct kr_seat *seat, const char *xml, size_t len)
{
    kr_load_send(seat->crowd->load, seat->line, xml, len);
}

size_t kr_seat_send_xml(struct kr_seat *seat, struct kr_xml *x)
{
    size_t len = kr_xml_len(x);
    char *text = kr_xml_take(x);
    if (text)
        kr_seat_send(seat, text, len);
    else
        kr_load_fail(seat->crowd->load, "a stanza of %s cannot be written", seat->nick);
    free(text);
    kr_xml_done(x);
    return len;
}

void kr_seat_iq_id(const struct kr_seat *seat, char out[static 32], char kind, uint64_t number)
{
    (void)snprintf(out, 32, "%c%zu-%llu", kind, seat->room, (unsigned long long)number);
}

static void send_presence(struct kr_seat *seat, const char *type)
{
    char to[KR_JID_MAX + KR_SEAT_NICK + 2];
    struct kr_xml x;
    kr_xml_init(&x, PRESENCE_MAX);
    (void)snprintf(to, sizeof(to), "%s/%s", seat->crowd->rooms[seat->room], seat->nick);
    kr_xml_start(&x, "presence", NULL);
    kr_xml_attr(&x, "to", to);
    kr_xml_attr(&x, "type", type);
    if (!type) {
        kr_xml_start(&x, "x", KR_NS_MUC);
        kr_xml_start(&x, "history", NULL);
        kr_xml_attr(&x, "maxstanzas", "0");
        kr_xml_end(&x);
        kr_xml_end(&x);
        if (seat->crowd->dialect->presence)
            seat->crowd->dialect->presence(seat, &x);
    }
    kr_xml_end(&x);
    kr_seat_send_xml(seat, &x);
}

void kr_seat_join(struct kr_seat *seat)
{
    struct kr_crowd *crowd = seat->crowd;
    void *array = crowd->who;
    kr_grow(&array, &crowd->who_cap, crowd->who_len, sizeof(struct kr_seat *));
    crowd->who = array;
    crowd->who[crowd->who_len++] = seat;
    (void)snprintf(seat->nick, sizeof(seat->nick), "%08x", (unsigned)((uint32_t)crowd->who_len * spread));
    seat->wanted = true;
    seat->gone_seen = 0;
    crowd->dialect->come(seat);
    if (!crowd->dialect->self_made)
        send_presence(seat, NULL);
}

void kr_seat_leave(struct kr_seat *seat)
{
    seat->crowd->left_ns[seat->room] = kr_now_ns();
    if (seat->crowd->dialect->self_made)
        seat->crowd->dialect->leave(seat);
    else
        send_presence(seat, "unavailable");
    seat->inside = seat->wanted = false;
    for (size_t i = 0; i < seat->crowd->who_len; i++)
        if (seat->crowd->who[i] == seat)
            seat->crowd->who[i] = NULL;
    seat->crowd->dialect->go(seat);
    seat->state = NULL;
}

void kr_seat_invite(struct kr_seat *seat)
{
    struct kr_xml x;
    kr_xml_init(&x, PRESENCE_MAX);
    kr_xml_start(&x, "message", NULL);
    kr_xml_attr(&x, "to", seat->crowd->config->service);
    kr_xml_start(&x, "x", KR_NS_CONFERENCE);
    kr_xml_attr(&x, "jid", seat->crowd->rooms[seat->room]);
    kr_xml_end(&x);
    kr_xml_end(&x);
    kr_seat_send_xml(seat, &x);
}

bool kr_crowd_all_inside(void *arg)
{
    const struct kr_crowd *crowd = arg;
    for (size_t i = 0; i < crowd->seat_count; i++)
        if (crowd->seats[i].wanted && !crowd->seats[i].inside)
            return false;
    return true;
}

bool kr_crowd_all_saw_leave(void *arg)
{
    const struct kr_crowd *crowd = arg;
    for (size_t i = 0; i < crowd->seat_count; i++)
        if (crowd->seats[i].inside && crowd->seats[i].gone_seen == 0)
            return false;
    return true;
}

void kr_crowd_forget_leaves(struct kr_crowd *crowd)
{
    for (size_t i = 0; i < crowd->seat_count; i++)
        crowd->seats[i].gone_seen = 0;
}

size_t kr_crowd_count(const struct kr_crowd *crowd)
{
    size_t count = 0;
    for (size_t i = 0; i < crowd->seat_count; i++)
        count += crowd->seats[i].inside;
    return count;
}

int kr_crowd_quiet(struct kr_crowd *crowd, uint64_t ms)
{
    uint64_t before = UINT64_MAX;
    int err = 0;
    while (!err) {
        struct kr_counts c = kr_load_counts(crowd->load, 0, crowd->config->lines);
        if (c.bytes_in + c.bytes_out == before)
            return 0;
        before = c.bytes_in + c.bytes_out;
        err = kr_load_wait(crowd->load, kr_now_ns() + ms * KR_NS_PER_MS);
    }
    return err;
}
