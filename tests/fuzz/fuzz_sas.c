/* A verification with somebody in between who drops, doubles, swaps, alters and makes up messages: nobody
 * ends verified unless its own person confirmed, the peer's person did, and both saw the same code. And
 * messages from any bytes: what is read is written the same.
 *
 * Input: each byte is a deed (see act), some take more bytes; a first byte of 0xff: the rest is a message. */
#include "fuzz.h"

#include <string.h>

#include "base/cursor.h"
#include "verify/sas.h"

enum { LINE_MAX = 16 };

struct side {
    struct kr_sas sas;
    struct kr_sas_setup setup;
    struct kr_sas_message line[LINE_MAX]; /* sent to it, not yet taken */
    size_t len;
};

struct scene {
    struct kr_cursor c;
    struct side sides[2];
    uint64_t now_ms;
    uint8_t next; /* of the generator */
};

static void fill(void *state, void *out, size_t len)
{
    uint8_t *next = state;
    memset(out, ++*next, len);
}

static void read_raw(struct kr_span bytes)
{
    struct kr_sas_message m;
    if (kr_sas_message_read(bytes, &m) != 0)
        return;
    struct kr_buf b = kr_sas_message_text(&m);
    FUZZ_MUST(!b.err && b.len == bytes.len && memcmp(b.ptr, bytes.ptr, b.len) == 0);
    kr_buf_done(&b);
}

static void set_up(struct scene *s)
{
    for (unsigned i = 0; i < 2; i++) {
        struct kr_sas_setup *setup = &s->sides[i].setup;
        *setup =
            (struct kr_sas_setup){.room = "r@c", .own_owner = i ? "" : "a@x", .peer_owner = i ? "a@x" : ""};
        memset(setup->own_ed25519.b, (int)(1 + i), 32);
        memset(setup->own_curve25519.b, (int)(3 + i), 32);
        memset(setup->peer_ed25519.b, (int)(2 - i), 32);
        memset(setup->peer_curve25519.b, (int)(4 - i), 32);
    }
}

static void post(struct side *to, const struct kr_sas_output *out)
{
    FUZZ_MUST(out->count <= 2);
    for (size_t i = 0; i < out->count && to->len < LINE_MAX; i++)
        to->line[to->len++] = out->send[i];
}

/* Any byte of the message's content, or its kind. */
static void alter(struct scene *s, struct kr_sas_message *m)
{
    uint8_t at = kr_cursor_u8(&s->c), with = kr_cursor_u8(&s->c);
    if (at == 0xff)
        m->kind = (enum kr_sas_kind)(with % (KR_SAS_DONE + 1));
    else if (at < 0x40 && m->kind != KR_SAS_CANCEL)
        ((uint8_t *)&m->u)[at] ^= with;
    else
        m->transaction.b[at % 16] ^= with;
}

static void receive(struct scene *s, struct side *own, struct side *peer, bool altered)
{
    struct kr_sas_output out = {.count = 0};
    struct kr_random random = {fill, &s->next};
    if (own->len == 0)
        return;
    struct kr_sas_message m = own->line[0];
    memmove(own->line, own->line + 1, --own->len * sizeof(m));
    if (altered)
        alter(s, &m);
    if (own->sas.state == KR_SAS_IDLE && m.kind == KR_SAS_START)
        (void)kr_sas_answer(&own->sas, &own->setup, &m, &random, s->now_ms, &out);
    else
        (void)kr_sas_receive(&own->sas, &m, s->now_ms, &out);
    post(peer, &out);
}

static void act(struct scene *s)
{
    uint8_t deed = kr_cursor_u8(&s->c);
    struct side *own = &s->sides[deed & 1], *peer = &s->sides[~deed & 1];
    struct kr_sas_output out = {.count = 0};
    struct kr_random random = {fill, &s->next};
    switch (deed >> 1 & 15) {
    case 0:
        if (own->sas.state == KR_SAS_IDLE)
            (void)kr_sas_start(&own->sas, &own->setup, &random, s->now_ms, &out);
        break;
    case 1:
        receive(s, own, peer, false);
        return;
    case 2:
        receive(s, own, peer, true);
        return;
    case 3: /* back to where it came from */
        if (own->len && peer->len < LINE_MAX)
            peer->line[peer->len++] = own->line[0];
        return;
    case 4: /* twice */
        if (own->len && own->len < LINE_MAX) {
            own->line[own->len] = own->line[0];
            own->len++;
        }
        return;
    case 5: /* lost */
        if (own->len)
            memmove(own->line, own->line + 1, --own->len * sizeof(own->line[0]));
        return;
    case 6:
        kr_sas_confirm(&own->sas, true, &out);
        break;
    case 7:
        kr_sas_confirm(&own->sas, false, &out);
        break;
    case 8:
        kr_sas_cancel(&own->sas, KR_SAS_GONE, &out);
        break;
    case 9:
        s->now_ms += (uint64_t)kr_cursor_u8(&s->c) * 1000;
        kr_sas_tick(&own->sas, s->now_ms, &out);
        break;
    default:
        return;
    }
    post(peer, &out);
}

static void check(const struct scene *s)
{
    for (unsigned i = 0; i < 2; i++) {
        const struct kr_sas *own = &s->sides[i].sas, *peer = &s->sides[1 - i].sas;
        FUZZ_MUST((own->state == KR_SAS_CANCELLED) == (own->reason != KR_SAS_FINE));
        if (kr_sas_is_over(own))
            FUZZ_MUST(!kr_secret_is_set(&own->ephemeral) && !kr_secret_is_set(&own->shared));
        if (own->state != KR_SAS_VERIFIED)
            continue;
        FUZZ_MUST(own->confirmed && own->mac_held && peer->confirmed);
        FUZZ_MUST(memcmp(own->code.emoji, peer->code.emoji, sizeof(own->code.emoji)) == 0);
        FUZZ_MUST(memcmp(own->code.numbers, peer->code.numbers, sizeof(own->code.numbers)) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size && data[0] == 0xff) {
        read_raw(kr_span(data + 1, size - 1));
        return 0;
    }
    struct scene s = {.c = kr_cursor(kr_span(data, size))};
    set_up(&s);
    while (s.c.left && !s.c.failed) {
        act(&s);
        check(&s);
    }
    kr_sas_done(&s.sides[0].sas);
    kr_sas_done(&s.sides[1].sas);
    return 0;
}
