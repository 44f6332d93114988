#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"
#include "store_memory/table.h"

/* Copies of records are made by kr_write_copy; the strings then are the snapshot's. */
static void load_rooms(struct kr_tables *t, struct kr_snapshot *snap)
{
    struct kr_row *row, *tmp;
    kr_table_sort(t, KR_T_ROOM);
    snap->rooms = kr_calloc(HASH_COUNT(t->rows[KR_T_ROOM]), sizeof(*snap->rooms));
    HASH_ITER (hh, t->rows[KR_T_ROOM], row, tmp) {
        struct kr_write copy;
        kr_write_copy(&copy, &row->w);
        snap->rooms[snap->room_count++] = copy.u.room;
    }
}

static void load_epochs(struct kr_tables *t, struct kr_snapshot *snap)
{
    struct kr_row *row, *tmp;
    kr_table_sort(t, KR_T_EPOCH);
    snap->epochs = kr_calloc(HASH_COUNT(t->rows[KR_T_EPOCH]), sizeof(*snap->epochs));
    HASH_ITER (hh, t->rows[KR_T_EPOCH], row, tmp) {
        snap->epochs[snap->epoch_count++] = row->w.u.epoch;
    }
}

static void load_attaches(struct kr_tables *t, struct kr_snapshot *snap)
{
    struct kr_row *row, *tmp;
    kr_table_sort(t, KR_T_ATTACH);
    snap->attaches = kr_calloc(HASH_COUNT(t->rows[KR_T_ATTACH]), sizeof(*snap->attaches));
    HASH_ITER (hh, t->rows[KR_T_ATTACH], row, tmp) {
        struct kr_write copy;
        kr_write_copy(&copy, &row->w);
        struct kr_rec_attach *a = &snap->attaches[snap->attach_count++];
        *a = copy.u.attach;
        struct kr_row *device = kr_table_find(
            t, KR_T_DEVICE, kr_row_key(kr_span(a->device.b, sizeof(a->device.b)), kr_span(NULL, 0)));
        a->ed25519 = device->device.ed25519;
        a->curve25519 = device->device.curve25519;
    }
}

static void load_openings(struct kr_tables *t, struct kr_snapshot *snap)
{
    static const struct kr_id outside;
    struct kr_row *row, *tmp;
    kr_table_sort(t, KR_T_OPENING);
    snap->openings = kr_calloc(HASH_COUNT(t->rows[KR_T_OPENING]), sizeof(*snap->openings));
    HASH_ITER (hh, t->rows[KR_T_OPENING], row, tmp) {
        const struct kr_id *instance = &row->w.u.opening.instance;
        struct kr_span id = kr_span(instance->b, sizeof(instance->b));
        if (!kr_id_equal(instance, &outside) &&
            !kr_table_find(t, KR_T_INSTANCE, kr_row_key(id, kr_span(NULL, 0))))
            continue;
        struct kr_write copy;
        kr_write_copy(&copy, &row->w);
        snap->openings[snap->opening_count++] = copy.u.opening;
    }
}

bool kr_memory_node(struct kr_tables *t, unsigned level, uint64_t index, struct kr_digest *ret_hash)
{
    if (level >= KR_LOG_PEAKS_MAX)
        return false;
    uint64_t last = ((index + 1) << level) - 1;
    struct kr_row *row = kr_table_find(t, KR_T_LOG, kr_row_key_u64(kr_span(NULL, 0), last));
    if (!row || row->w.u.log.node_count <= level)
        return false;
    *ret_hash = row->w.u.log.nodes[level];
    return true;
}

static void load_log(struct kr_tables *t, struct kr_snapshot *snap)
{
    struct kr_row *row, *tmp, *key = NULL, *last = NULL;
    uint64_t begin = 0;
    size_t count = 0;
    for (unsigned level = KR_LOG_PEAKS_MAX; level-- > 0;) {
        if (!(snap->log_size >> level & 1))
            continue;
        kr_memory_node(t, level, begin >> level, &snap->log_peaks[count++]);
        begin += (uint64_t)1 << level;
    }
    struct kr_write copy;
    HASH_ITER (hh, t->rows[KR_T_LOG_KEY], row, tmp)
        key = !key || row->first > key->first ? row : key;
    if (!key)
        return;
    kr_write_copy(&copy, &key->w);
    snap->log_key = copy.u.log_key;
    HASH_ITER (hh, t->rows[KR_T_CHECKPOINT], row, tmp) {
        const struct kr_rec_checkpoint *c = &row->w.u.checkpoint;
        if (strcmp(c->origin, snap->log_key.origin) == 0 && (!last || c->size > last->w.u.checkpoint.size))
            last = row;
    }
    if (!last)
        return;
    kr_write_copy(&copy, &last->w);
    snap->checkpoint = copy.u.checkpoint;
}

static void load_attestations(struct kr_tables *t, struct kr_snapshot *snap)
{
    struct kr_row *row, *tmp;
    kr_table_sort(t, KR_T_ATTESTATION);
    snap->attestations = kr_calloc(HASH_COUNT(t->rows[KR_T_ATTESTATION]), sizeof(*snap->attestations));
    HASH_ITER (hh, t->rows[KR_T_ATTESTATION], row, tmp) {
        struct kr_write copy;
        kr_write_copy(&copy, &row->w);
        snap->attestations[snap->attestation_count++] = copy.u.attestation;
    }
}

int kr_memory_load(struct kr_store *store, struct kr_snapshot *ret_snapshot)
{
    struct kr_tables *t = &((struct kr_memory *)store)->t;
    struct kr_snapshot snap = {.log_size = HASH_COUNT(t->rows[KR_T_LOG])};
    load_rooms(t, &snap);
    load_epochs(t, &snap);
    load_attaches(t, &snap);
    load_openings(t, &snap);
    load_log(t, &snap);
    load_attestations(t, &snap);
    *ret_snapshot = snap;
    return 0;
}

/* The texts behind the device id in the keys of a sorted table, comma separated. The caller frees it. */
static char *texts_of(struct kr_tables *t, enum kr_table table, const struct kr_id *device)
{
    struct kr_buf b;
    struct kr_row *row, *tmp;
    kr_buf_init(&b, SIZE_MAX / 2);
    HASH_ITER (hh, t->rows[table], row, tmp) {
        size_t len = row->key_len - sizeof(device->b);
        if (memcmp(row->key, device->b, sizeof(device->b)) != 0 || len == 0)
            continue;
        if (b.len)
            kr_buf_add_u8(&b, ',');
        kr_buf_add(&b, row->key + sizeof(device->b), len);
    }
    return kr_buf_take_str(&b);
}

int kr_memory_devices(struct kr_store *store, bool (*each)(void *arg, const struct kr_device_info *info),
                      void *arg)
{
    struct kr_tables *t = &((struct kr_memory *)store)->t;
    struct kr_row *row, *tmp;
    kr_table_sort(t, KR_T_DEVICE);
    kr_table_sort(t, KR_T_OWNER);
    kr_table_sort(t, KR_T_APPROVAL);
    kr_table_sort(t, KR_T_REVOCATION);
    HASH_ITER (hh, t->rows[KR_T_DEVICE], row, tmp) {
        struct kr_device_info info = {
            .device = row->device,
            .owners = texts_of(t, KR_T_OWNER, &row->device.id),
            .approved = texts_of(t, KR_T_APPROVAL, &row->device.id),
            .revoked = texts_of(t, KR_T_REVOCATION, &row->device.id),
        };
        bool more = each(arg, &info);
        free(info.owners);
        free(info.approved);
        free(info.revoked);
        if (!more)
            break;
    }
    return 0;
}

int kr_memory_log(struct kr_store *store, uint64_t from_idx,
                  bool (*each)(void *arg, uint64_t idx, struct kr_span entry), void *arg)
{
    struct kr_tables *t = &((struct kr_memory *)store)->t;
    for (uint64_t idx = from_idx; idx < HASH_COUNT(t->rows[KR_T_LOG]); idx++) {
        struct kr_row *row = kr_table_find(t, KR_T_LOG, kr_row_key_u64(kr_span(NULL, 0), idx));
        if (!each(arg, idx, row->w.u.log.entry))
            break;
    }
    return 0;
}

/* --- checkpoints --- */

static size_t cosigned(struct kr_tables *t, const struct kr_rec_checkpoint *c, struct kr_buf *lines)
{
    struct kr_row *row, *tmp;
    size_t n = 0;
    kr_table_sort(t, KR_T_COSIGNATURE);
    HASH_ITER (hh, t->rows[KR_T_COSIGNATURE], row, tmp) {
        const struct kr_rec_cosignature *s = &row->w.u.cosignature;
        if (s->size != c->size || strcmp(s->origin, c->origin) != 0)
            continue;
        n++;
        if (lines)
            kr_buf_add(lines, s->lines.ptr, s->lines.len);
    }
    return n;
}

static const struct kr_rec_checkpoint *newest(struct kr_tables *t, const char *origin)
{
    const struct kr_rec_checkpoint *found = NULL;
    struct kr_row *row, *tmp;
    HASH_ITER (hh, t->rows[KR_T_CHECKPOINT], row, tmp) {
        const struct kr_rec_checkpoint *c = &row->w.u.checkpoint;
        if (strcmp(c->origin, origin) == 0 && (!found || c->size > found->size))
            found = c;
    }
    return found;
}

int kr_memory_checkpoint(struct kr_store *store, const char *origin, enum kr_checkpoint_choice which,
                         struct kr_buf *note, uint64_t *ret_size)
{
    enum { MINUTE_MS = 60000 };
    struct kr_tables *t = &((struct kr_memory *)store)->t;
    const struct kr_rec_checkpoint *last = newest(t, origin), *found = last;
    struct kr_row *row, *tmp;
    if (!last)
        return KR_E_NOT_FOUND;
    size_t most = cosigned(t, last, NULL);
    HASH_ITER (hh, t->rows[KR_T_CHECKPOINT], row, tmp) {
        const struct kr_rec_checkpoint *c = &row->w.u.checkpoint;
        if (which != KR_CHECKPOINT_SHOWN || strcmp(c->origin, origin) != 0 ||
            c->at_ms + MINUTE_MS < last->at_ms)
            continue;
        size_t n = cosigned(t, c, NULL);
        if (n > most || (n == most && c->size > found->size)) {
            most = n;
            found = c;
        }
    }
    *ret_size = found->size;
    kr_buf_add(note, found->note.ptr, found->note.len);
    if (which == KR_CHECKPOINT_SHOWN)
        cosigned(t, found, note);
    return note->err;
}
