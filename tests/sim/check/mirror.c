/* The store as the core's writes make it, beside the store itself: what is written, and what is committed. */
#include <string.h>

#include "sim/check/state.h"

void mirror_copy(struct mirror *dst, const struct mirror *src)
{
    memcpy(dst->rooms, src->rooms, sizeof(dst->rooms));
    dst->attach_count = src->attach_count;
    dst->epoch_count = src->epoch_count;
    dst->log_size = src->log_size;
    memcpy(dst->attaches, src->attaches, src->attach_count * sizeof(dst->attaches[0]));
    memcpy(dst->epochs, src->epochs, src->epoch_count * sizeof(dst->epochs[0]));
}

const struct mirror_attach *mirror_find_jid(const struct mirror *m, int room, const char *jid)
{
    for (size_t i = 0; i < m->attach_count; i++)
        if ((room < 0 || m->attaches[i].room == room) && strcmp(m->attaches[i].jid, jid) == 0)
            return &m->attaches[i];
    return NULL;
}

const struct mirror_epoch *mirror_find_epoch(const struct mirror *m, const struct kr_id *instance,
                                             uint64_t epoch)
{
    for (size_t i = 0; i < m->epoch_count; i++)
        if (m->epochs[i].epoch == epoch && kr_id_equal(&m->epochs[i].instance, instance))
            return &m->epochs[i];
    return NULL;
}

static void drop_instance(struct mirror *m, const struct kr_id *instance)
{
    size_t n = 0;
    for (size_t i = 0; i < m->attach_count; i++)
        if (!kr_id_equal(&m->attaches[i].instance, instance))
            m->attaches[n++] = m->attaches[i];
    m->attach_count = n;
    n = 0;
    for (size_t i = 0; i < m->epoch_count; i++)
        if (!kr_id_equal(&m->epochs[i].instance, instance))
            m->epochs[n++] = m->epochs[i];
    m->epoch_count = n;
}

static void write_room(struct mirror *m, const struct kr_rec_room *r)
{
    int at = check_room_of(r->room);
    if (at < 0)
        return;
    struct mirror_room *room = &m->rooms[at];
    if (room->has && !kr_id_equal(&room->instance, &r->instance))
        drop_instance(m, &room->instance);
    *room = (struct mirror_room){true, r->instance, r->epoch_high};
}

static void end_room(struct mirror *m, const struct kr_rec_room *r)
{
    int at = check_room_of(r->room);
    if (at < 0 || !m->rooms[at].has || !kr_id_equal(&m->rooms[at].instance, &r->instance))
        return;
    drop_instance(m, &r->instance);
    m->rooms[at].has = false;
}

/* As many of an instance as the store keeps. */
static void trim(struct mirror *m, const struct kr_id *instance)
{
    size_t count = 0, first = m->epoch_count;
    for (size_t i = m->epoch_count; i-- > 0;)
        if (kr_id_equal(&m->epochs[i].instance, instance)) {
            count++;
            first = i;
        }
    if (count <= KR_CHAIN_MAX)
        return;
    memmove(m->epochs + first, m->epochs + first + 1, (m->epoch_count - first - 1) * sizeof(m->epochs[0]));
    m->epoch_count--;
}

/* What the transaction says of epochs, whatever it takes back again. */
static void pend(struct sim_check *c, const struct mirror_epoch *e)
{
    if (c->pending_count == sizeof(c->pending) / sizeof(c->pending[0]))
        abort();
    c->pending[c->pending_count++] = *e;
}

static void write_epoch(struct sim_world *w, struct mirror *m, const struct kr_rec_epoch *e)
{
    struct sim_check *c = w->check;
    struct instance_high *h = NULL;
    HASH_FIND(hh, c->highs, &e->instance, sizeof(e->instance), h);
    if (h && e->epoch <= h->high)
        sim_violate(w, SIM_P_RISING, "epoch %llu is announced where %llu was before",
                    (unsigned long long)e->epoch, (unsigned long long)h->high);
    for (size_t i = 0; i < c->pending_count; i++)
        if (kr_id_equal(&c->pending[i].instance, &e->instance) && e->epoch <= c->pending[i].epoch)
            sim_violate(w, SIM_P_RISING, "epoch %llu is announced twice in a turn",
                        (unsigned long long)e->epoch);
    struct mirror_epoch row = {.instance = e->instance,
                               .epoch = e->epoch,
                               .context = e->context,
                               .roster = e->roster,
                               .kind = e->kind,
                               .fate = e->fate};
    pend(c, &row);
    if (m->epoch_count == EPOCHS_KEPT)
        return;
    m->epochs[m->epoch_count++] = row;
    trim(m, &e->instance);
}

static void write_fate(struct sim_check *c, struct mirror *m, const struct kr_rec_epoch *e)
{
    for (size_t i = 0; i < m->epoch_count; i++)
        if (m->epochs[i].epoch == e->epoch && kr_id_equal(&m->epochs[i].instance, &e->instance)) {
            m->epochs[i].fate = e->fate;
            pend(c, &m->epochs[i]);
        }
}

static void write_attach(struct mirror *m, const struct kr_rec_attach *a)
{
    struct mirror_attach *at = NULL;
    for (size_t i = 0; i < m->attach_count; i++)
        if (kr_id_equal(&m->attaches[i].attach, &a->attach))
            at = &m->attaches[i];
    if (!at && m->attach_count < ATTACHES_MAX) {
        at = &m->attaches[m->attach_count++];
        *at = (struct mirror_attach){.attach = a->attach,
                                     .instance = a->instance,
                                     .device = a->device,
                                     .room = check_room_of(a->room)};
        strncpy(at->jid, a->full_jid, sizeof(at->jid) - 1);
    }
    if (!at)
        return;
    at->member = a->state == KR_ATTACH_MEMBER;
    at->settled = a->settled;
}

static void end_attach(struct mirror *m, const struct kr_id *attach)
{
    for (size_t i = 0; i < m->attach_count; i++)
        if (kr_id_equal(&m->attaches[i].attach, attach)) {
            m->attaches[i] = m->attaches[--m->attach_count];
            return;
        }
}

static void apply(struct sim_world *w, const struct kr_write *write)
{
    struct mirror *m = &w->check->written;
    switch (write->kind) {
    case KR_W_ROOM:
        write_room(m, &write->u.room);
        break;
    case KR_W_ROOM_END:
        end_room(m, &write->u.room);
        break;
    case KR_W_EPOCH:
        write_epoch(w, m, &write->u.epoch);
        break;
    case KR_W_EPOCH_FATE:
        write_fate(w->check, m, &write->u.epoch);
        break;
    case KR_W_ATTACH:
        write_attach(m, &write->u.attach);
        break;
    case KR_W_ATTACH_END:
        end_attach(m, &write->u.attach.attach);
        break;
    case KR_W_OPENING:
        if (write->u.opening.key.len == 32 && !check_secret(w->check, write->u.opening.key.ptr))
            check_secret_known(w->check, write->u.opening.key.ptr, NULL, NULL);
        break;
    case KR_W_LOG: {
        m->log_size++;
        struct kr_buf text;
        kr_buf_init(&text, KR_LOG_ENTRY_MAX + 1);
        kr_buf_add(&text, write->u.log.entry.ptr, write->u.log.entry.len);
        char *line = kr_buf_take_str(&text);
        if (line)
            sim_check_line(w, "the log", line);
        free(line);
        break;
    }
    case KR_W_LOG_KEY:
        if (write->u.log_key.seed.len == 32 && !check_secret(w->check, write->u.log_key.seed.ptr))
            check_secret_known(w->check, write->u.log_key.seed.ptr, NULL, NULL);
        break;
    case KR_W_KEY:
    case KR_W_APPROVE:
    case KR_W_REVOKE:
    case KR_W_LOG_HALT:
    case KR_W_CHECKPOINT:
    case KR_W_COSIGNATURE:
    case KR_W_EVIDENCE:
    case KR_W_ATTESTATION:
    case KR_W_ATTESTATION_END:
    case KR_W_KINDS:
        break;
    }
}

void check_apply(struct sim_world *w, const struct kr_output *out)
{
    for (size_t i = 0; i < out->write_count; i++)
        apply(w, &out->writes[i]);
}

/* What is committed now was, for ever: its number is taken, its fate is known. */
static void remember_epochs(struct sim_check *c)
{
    for (size_t i = 0; i < c->pending_count; i++) {
        const struct mirror_epoch *e = &c->pending[i];
        struct known_epoch *k = check_epoch(c, &e->instance, e->epoch);
        if (!k) {
            k = kr_calloc(1, sizeof(*k));
            k->key.instance = e->instance;
            k->key.epoch = e->epoch;
            HASH_ADD(hh, c->epochs, key, sizeof(k->key), k);
        }
        c->seen.epochs += !k->stored;
        k->stored = true;
        k->context = e->context;
        k->roster = e->roster;
        k->kind = e->kind;
        if (e->fate == KR_FATE_COMMITTED && !k->was_committed) {
            k->was_committed = true;
            c->seen.commits++;
        }
        struct instance_high *h = NULL;
        HASH_FIND(hh, c->highs, &e->instance, sizeof(e->instance), h);
        if (!h) {
            h = kr_calloc(1, sizeof(*h));
            h->instance = e->instance;
            HASH_ADD(hh, c->highs, instance, sizeof(h->instance), h);
        }
        h->high = e->epoch > h->high ? e->epoch : h->high;
    }
}

void sim_check_committed(struct sim_world *w)
{
    struct sim_check *c = w->check;
    remember_epochs(c);
    mirror_copy(&c->committed, &c->written);
    c->pending_count = 0;
}

/* What was written and not committed never was; its numbers may be used by others. */
static void forget_pending(struct sim_check *c)
{
    for (size_t i = 0; i < c->pending_count && c->epochs; i++) {
        struct known_epoch *k = check_epoch(c, &c->pending[i].instance, c->pending[i].epoch);
        if (!k || k->stored)
            continue;
        HASH_DEL(c->epochs, k);
        free(k->members);
        free(k);
    }
    c->pending_count = 0;
    mirror_copy(&c->written, &c->committed);
}

void sim_check_rolled_back(struct sim_world *w)
{
    forget_pending(w->check);
}

void sim_check_restored(struct sim_world *w, uint64_t log_size)
{
    struct mirror *m = &w->check->committed;
    *m = (struct mirror){.log_size = log_size};
    mirror_copy(&w->check->written, m);
}

void sim_check_died(struct sim_world *w)
{
    forget_pending(w->check);
    w->check->sends_seen = 0;
}

static bool attach_agrees(const struct mirror *m, const struct kr_rec_attach *a)
{
    for (size_t i = 0; i < m->attach_count; i++) {
        const struct mirror_attach *k = &m->attaches[i];
        if (kr_id_equal(&k->attach, &a->attach))
            return strcmp(k->jid, a->full_jid) == 0 && k->member == (a->state == KR_ATTACH_MEMBER) &&
                   k->settled == a->settled;
    }
    return false;
}

void sim_check_loaded(struct sim_world *w, const struct kr_snapshot *s)
{
    const struct mirror *m = &w->check->committed;
    size_t rooms = 0;
    for (int r = 0; r < SIM_ROOMS; r++)
        rooms += m->rooms[r].has;
    bool same = rooms == s->room_count && m->attach_count == s->attach_count &&
                m->epoch_count == s->epoch_count && m->log_size == s->log_size;
    for (size_t i = 0; same && i < s->room_count; i++) {
        int r = check_room_of(s->rooms[i].room);
        same = r >= 0 && m->rooms[r].has && kr_id_equal(&m->rooms[r].instance, &s->rooms[i].instance) &&
               m->rooms[r].epoch_high == s->rooms[i].epoch_high;
    }
    for (size_t i = 0; same && i < s->attach_count; i++)
        same = attach_agrees(m, &s->attaches[i]);
    for (size_t i = 0; same && i < s->epoch_count; i++) {
        const struct mirror_epoch *e = mirror_find_epoch(m, &s->epochs[i].instance, s->epochs[i].epoch);
        same = e && e->fate == s->epochs[i].fate && kr_digest_equal(&e->context, &s->epochs[i].context);
    }
    if (!same)
        sim_violate(w, SIM_P_MEMORY,
                    "what is loaded is not what was committed (%zu rooms, %zu attaches, %zu epochs)",
                    s->room_count, s->attach_count, s->epoch_count);
}
