/* Frames by the key of their epoch and sender (docs/protocol.md 5.8, 5.9). */
#include <string.h>

#include "base/err.h"
#include "client/state.h"

int kr_client_seal_frame(struct kr_client *c, struct kr_span plain, struct kr_buf *out)
{
    struct kr_epoch_state *e = c->sending;
    struct kr_frame_keys *k = NULL;
    int err = e ? kr_epoch_frame_keys(e, e->me, &k) : KR_E_NO_KEY;
    if (err)
        return err;
    if (e->link.format == KR_FORMAT_SFRAME) {
        err = kr_sframe_seal(&k->sframe, e->counter, kr_span(NULL, 0), plain, out);
    } else {
        uint32_t ssrc;
        memcpy(&ssrc, e->attach.b, sizeof(ssrc));
        struct kr_jframe_iv iv = {ssrc, (uint32_t)(e->counter >> 32), (uint32_t)e->counter};
        err = kr_jframe_seal(&k->jframe, KR_JFRAME_AUDIO, &iv, plain, out);
    }
    if (!err)
        e->counter++;
    return err;
}

static int open_sframe(struct kr_epoch_state *e, uint64_t index, const char *participant, uint64_t ctr,
                       struct kr_span frame, struct kr_buf *out)
{
    if (index >= e->roster.len)
        return KR_E_NO_KEY;
    if (strcmp(e->roster.entries[index].participant, participant) != 0)
        return KR_E_WRONG_SENDER;
    struct kr_frame_keys *k = NULL;
    int err = kr_epoch_frame_keys(e, index, &k);
    if (!err)
        err = kr_sframe_window_check(&k->window, ctr);
    if (!err)
        err = kr_sframe_open(&k->sframe, kr_span(NULL, 0), frame, out);
    if (!err)
        err = kr_sframe_window_mark(&k->window, ctr);
    return err;
}

static int open_jframe(struct kr_epoch_state *e, const char *participant, struct kr_span frame,
                       struct kr_buf *out)
{
    int index = kr_roster_find_participant(&e->roster, participant);
    struct kr_frame_keys *k = NULL;
    int err = index < 0 ? KR_E_NO_KEY : kr_epoch_frame_keys(e, (size_t)index, &k);
    return err ? err : kr_jframe_open(&k->jframe, KR_JFRAME_AUDIO, frame, out);
}

int kr_client_open_frame(struct kr_client *c, const char *participant, struct kr_span frame,
                         struct kr_buf *out, uint64_t *ret_epoch)
{
    struct kr_sframe_header sh = {0};
    struct kr_jframe_header jh = {0};
    bool is_s = kr_sframe_parse(frame, &sh) == 0, is_j = kr_jframe_parse(KR_JFRAME_AUDIO, frame, &jh) == 0;
    enum kr_format newest = c->epochs ? c->epochs->link.format : c->policy.format;
    if (!is_s && !is_j)
        return KR_E_BAD_FRAME;
    *ret_epoch = is_s && (newest == KR_FORMAT_SFRAME || !is_j) ? sh.kid / KR_OCCUPANTS_MAX : jh.index;
    int err = KR_E_NO_KEY;
    /* The format may have changed with an epoch, and two instances may have an epoch of the same number: the
     * newer one is tried first. */
    for (struct kr_epoch_state *e = c->epochs; e && err; e = e->next) {
        int one = KR_E_NO_KEY;
        if (e->link.format == KR_FORMAT_SFRAME) {
            if (is_s && e->link.epoch == sh.kid / KR_OCCUPANTS_MAX)
                one = open_sframe(e, sh.kid % KR_OCCUPANTS_MAX, participant, sh.ctr, frame, out);
        } else if (is_j && e->link.epoch % KR_JFRAME_RING == jh.index) {
            one = open_jframe(e, participant, frame, out);
        }
        if (one != KR_E_NO_KEY) {
            *ret_epoch = e->link.epoch;
            err = one;
        }
    }
    return err;
}
