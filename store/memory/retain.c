#include <string.h>

#include "store_memory/table.h"

static bool lives(struct kr_tables *t, const struct kr_id *instance)
{
    struct kr_row_key key = kr_row_key(kr_span(instance->b, sizeof(instance->b)), kr_span(NULL, 0));
    return kr_table_find(t, KR_T_INSTANCE, key) != NULL;
}

/* Does a row of that table begin with the device's id? */
static bool is_named(struct kr_tables *t, enum kr_table table, const struct kr_id *device, bool by_text)
{
    struct kr_row *row, *tmp;
    HASH_ITER (hh, t->rows[table], row, tmp) {
        if (memcmp(row->key, device->b, sizeof(device->b)) == 0 &&
            (!by_text || row->key_len > sizeof(device->b)))
            return true;
    }
    return false;
}

static bool is_held(struct kr_tables *t, const struct kr_rec_device *d)
{
    struct kr_row *row, *tmp;
    HASH_ITER (hh, t->rows[KR_T_ATTACH], row, tmp)
        if (kr_id_equal(&row->w.u.attach.device, &d->id))
            return true;
    HASH_ITER (hh, t->rows[KR_T_ATTESTATION], row, tmp)
        if (kr_key_equal(&row->w.u.attestation.ed25519, &d->ed25519))
            return true;
    return is_named(t, KR_T_OWNER, &d->id, true) || is_named(t, KR_T_APPROVAL, &d->id, false) ||
           is_named(t, KR_T_REVOCATION, &d->id, false);
}

static void drop_device(struct kr_tables *t, struct kr_row *row)
{
    const struct kr_rec_device d = row->device;
    struct kr_span id = kr_span(d.id.b, sizeof(d.id.b)), none = kr_span(NULL, 0);
    struct kr_row *guest = kr_table_find(t, KR_T_OWNER, kr_row_key(id, none));
    struct kr_row *curve =
        kr_table_find(t, KR_T_CURVE, kr_row_key(kr_span(d.curve25519.b, sizeof(d.curve25519.b)), none));
    if (guest)
        kr_table_delete(t, KR_T_OWNER, guest);
    if (curve)
        kr_table_delete(t, KR_T_CURVE, curve);
    kr_table_delete(t, KR_T_DEVICE, row);
}

void kr_memory_retain(struct kr_tables *t, const struct kr_retain *retain, struct kr_query_result *r)
{
    struct kr_row *row, *tmp;
    HASH_ITER (hh, t->rows[KR_T_OPENING], row, tmp) {
        const struct kr_rec_opening *o = &row->w.u.opening;
        if (o->at_ms >= retain->names_before_ms || lives(t, &o->instance) || r->names_gone == retain->limit)
            continue;
        kr_table_delete(t, KR_T_OPENING, row);
        r->names_gone++;
    }
    kr_table_sort(t, KR_T_EVIDENCE);
    HASH_ITER (hh, t->rows[KR_T_EVIDENCE], row, tmp) {
        if (row->w.u.evidence.at_ms >= retain->evidence_before_ms ||
            r->evidence_gone == retain->evidence_limit)
            continue;
        kr_table_delete(t, KR_T_EVIDENCE, row);
        r->evidence_gone++;
    }
    HASH_ITER (hh, t->rows[KR_T_DEVICE], row, tmp) {
        if (row->device.last_seen_ms >= retain->devices_before_ms || is_held(t, &row->device) ||
            r->devices_gone == retain->limit)
            continue;
        drop_device(t, row);
        r->devices_gone++;
    }
}
