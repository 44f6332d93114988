#include "core/member.h"
#include "core/request.h"
#include "core/room.h"
#include "core/tell.h"

int kr_request_keys(struct kr_core *core, const struct kr_ask *ask)
{
    const struct kr_req_keys *r = &ask->request->u.keys;
    struct kr_attach *a = ask->attach;
    if (!kr_id_equal(&r->attach, &a->id))
        return KR_E_WRONG_PARTICIPANT;
    /* After a restart nobody knows which keys were given away already, so none are taken: a key is given
     * once, ever. */
    if (a->otk_left + r->otk_count > KR_OTK_MAX || (a->restored && r->otk_count))
        return KR_E_TOO_MANY_KEYS;
    for (size_t i = 0; i < r->otk_count; i++) {
        if (kr_attach_published(a, &r->otks[i].key))
            return KR_E_MALFORMED;
    }
    const struct kr_signed_key *fallback = r->has_fallback ? &r->fallback : NULL;
    int err = kr_keys_verify(&a->ed25519, &a->device, &a->id, r->otks, r->otk_count, fallback);
    if (err)
        return err;
    kr_attach_publish(a, r->otks, r->otk_count);
    kr_keys_write(core, &a->id, r->otks, r->otk_count, fallback);
    a->otk_left += r->otk_count;
    if (a->otk_left >= KR_OTK_LOW)
        a->low_told = false;
    struct kr_res_keys res = {.room = ask->room->jid, .count = a->otk_left};
    struct kr_xml x;
    kr_answer_start(core, ask->asker, &x);
    kr_res_keys_encode(&x, &res);
    kr_answer_end(core, ask->asker, &x);
    return 0;
}

int kr_request_detach(struct kr_core *core, const struct kr_ask *ask)
{
    kr_answer_empty(core, ask->asker);
    kr_attach_end(core, ask->room, ask->attach, "left");
    return 0;
}
