/* Challenge, attach, one-time keys: signed as the service verifies them. */
#include <sodium.h>
#include <string.h>

#include "base/err.h"
#include "base/limit.h"
#include "io/random.h"
#include "load/light_state.h"
#include "text/signed.h"

void kr_light_sign(const struct kr_light *l, struct kr_buf *text, struct kr_sig *ret_sig)
{
    (void)crypto_sign_detached(ret_sig->b, NULL, text->ptr, text->len, l->signer.ptr);
    kr_buf_done(text);
}

/* Keys that nobody will ever compute with are random bytes. */
static void make_key(const struct kr_light *l, enum kr_key_kind kind, struct kr_signed_key *out)
{
    struct kr_random random = kr_random_system();
    kr_random_fill(&random, &out->key, sizeof(out->key));
    struct kr_key_text t = {.kind = kind, .key = out->key, .device = l->device, .attach = l->attach};
    struct kr_buf text = kr_key_text(&t);
    kr_light_sign(l, &text, &out->sig);
}

void kr_light_attach(struct kr_seat *seat)
{
    struct kr_light *l = kr_light_of(seat);
    struct kr_request r = {.kind = KR_REQ_CHALLENGE};
    l->stage = KR_LIGHT_ASKED;
    l->again_ns = UINT64_MAX;
    kr_light_request(seat, &r, 'c', 0);
}

static unsigned sources(const struct kr_seat *seat)
{
    unsigned own = seat->crowd->config->has_service_device ? KR_SOURCE_BIT(KR_SOURCE_SERVICE) : 0;
    return KR_SOURCE_BIT(KR_SOURCE_PARTICIPANTS) | KR_SOURCE_BIT(KR_SOURCE_LEADER) | own;
}

void kr_light_challenge(struct kr_seat *seat, const struct kr_el *payload)
{
    struct kr_light *l = kr_light_of(seat);
    struct kr_random random = kr_random_system();
    struct kr_arena arena;
    struct kr_res_challenge ch;
    struct kr_signed_key otks[KR_OTK_MAX];
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    if (l->stage != KR_LIGHT_ASKED || !payload || kr_res_challenge_decode(payload, &arena, &ch) != 0) {
        kr_load_fail(seat->crowd->load, "no challenge for %s", seat->nick);
        kr_arena_done(&arena);
        return;
    }
    kr_random_fill(&random, &l->attach, sizeof(l->attach));
    l->instance = ch.instance;
    struct kr_request r = {.kind = KR_REQ_ATTACH};
    struct kr_req_attach *a = &r.u.attach;
    *a = (struct kr_req_attach){.instance = ch.instance,
                                .device = l->device,
                                .attach = l->attach,
                                .nonce = ch.nonce,
                                .participant = seat->nick,
                                .owner = ch.owner,
                                .ed25519 = l->ed25519,
                                .curve25519 = l->curve25519,
                                .sources = sources(seat),
                                .lead = true,
                                .otks = otks,
                                .otk_count = KR_OTK_MAX};
    struct kr_attach_text t = {.room = seat->crowd->rooms[seat->room],
                               .instance = ch.instance,
                               .participant = seat->nick,
                               .owner = ch.owner,
                               .device = l->device,
                               .attach = l->attach,
                               .nonce = ch.nonce};
    struct kr_buf text = kr_attach_text(&t);
    kr_light_sign(l, &text, &a->sig);
    for (size_t i = 0; i < KR_OTK_MAX; i++)
        make_key(l, KR_KEY_ONE_TIME, &otks[i]);
    make_key(l, KR_KEY_FALLBACK, &a->fallback);
    l->stage = KR_LIGHT_ATTACHING;
    l->attach_sent_ns = kr_now_ns();
    kr_light_request(seat, &r, 'a', 0);
    kr_arena_done(&arena);
}

void kr_light_more_keys(struct kr_seat *seat, const struct kr_notice_low *low)
{
    struct kr_light *l = kr_light_of(seat);
    struct kr_signed_key otks[KR_OTK_MAX];
    size_t count = low->count < KR_OTK_MAX ? (size_t)(KR_OTK_MAX - low->count) : 0;
    if (!kr_id_equal(&low->attach, &l->attach) || !count)
        return;
    for (size_t i = 0; i < count; i++)
        make_key(l, KR_KEY_ONE_TIME, &otks[i]);
    struct kr_request r = {.kind = KR_REQ_KEYS};
    r.u.keys = (struct kr_req_keys){.attach = l->attach, .otks = otks, .otk_count = count};
    kr_light_request(seat, &r, 'k', 0);
}
