#include "core/stock.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

uint64_t kr_stock_mark(const char *uuid)
{
    struct kr_digest d = kr_sha256(kr_span_str(uuid));
    uint64_t mark = 0;
    memcpy(&mark, d.b, sizeof(mark));
    return mark ? mark : 1;
}

static char *pair_key(const char *a, const char *b)
{
    bool in_order = strcmp(a, b) < 0;
    struct kr_buf key;
    kr_buf_init(&key, (size_t)2 * KR_NICK_MAX + 2);
    kr_buf_add_str(&key, in_order ? a : b);
    kr_buf_add_str(&key, "\n");
    kr_buf_add_str(&key, in_order ? b : a);
    return kr_buf_take_str(&key);
}

struct kr_stock_pair *kr_stock_pair_find(const struct kr_room *room, const char *a, const char *b)
{
    struct kr_stock_pair *pair = NULL;
    char *key = room->stock ? pair_key(a, b) : NULL;
    if (key)
        HASH_FIND_STR(room->stock->pairs, key, pair);
    free(key);
    return pair;
}

static bool both_early(const struct kr_occupant *a, const struct kr_occupant *b)
{
    return a->stock && b->stock && a->stock->early && b->stock->early;
}

bool kr_stock_assumed(const struct kr_room *room, const struct kr_occupant *a, const struct kr_occupant *b,
                      const struct kr_stock_pair *pair)
{
    if (pair)
        return pair->assumed;
    return both_early(a, b) || (room->stock && HASH_COUNT(room->stock->pairs) >= KR_STOCK_PAIRS_MAX);
}

struct kr_stock_pair *kr_stock_pair_get(struct kr_room *room, const struct kr_occupant *a,
                                        const struct kr_occupant *b)
{
    struct kr_stock_pair *pair = kr_stock_pair_find(room, a->nick, b->nick);
    if (pair || !room->stock || HASH_COUNT(room->stock->pairs) >= KR_STOCK_PAIRS_MAX)
        return pair;
    pair = kr_calloc(1, sizeof(*pair));
    pair->key = pair_key(a->nick, b->nick);
    bool in_order = strcmp(a->nick, b->nick) < 0;
    pair->half[0].nick = kr_strdup(in_order ? a->nick : b->nick);
    pair->half[1].nick = kr_strdup(in_order ? b->nick : a->nick);
    pair->assumed = both_early(a, b);
    HASH_ADD_KEYPTR(hh, room->stock->pairs, pair->key, strlen(pair->key), pair);
    return pair;
}

static bool is_of(const struct kr_stock_pair *pair, const char *nick)
{
    return strcmp(pair->half[0].nick, nick) == 0 || strcmp(pair->half[1].nick, nick) == 0;
}

void kr_stock_pairs_drop(struct kr_room *room, const char *nick)
{
    struct kr_stock_pair *pair, *tmp;
    if (!room->stock)
        return;
    HASH_ITER (hh, room->stock->pairs, pair, tmp) {
        if (nick && !is_of(pair, nick))
            continue;
        HASH_DEL(room->stock->pairs, pair);
        free(pair->half[0].nick);
        free(pair->half[1].nick);
        free(pair->key);
        free(pair);
    }
}

static void start_over(struct kr_stock_pair *pair)
{
    pair->session = pair->assumed = false;
    pair->init_uuid = pair->sas = 0;
    pair->fault = KR_STOCK_FINE;
    for (size_t i = 0; i < 2; i++) {
        struct kr_stock_half *h = &pair->half[i];
        *h = (struct kr_stock_half){.nick = h->nick, .confirmed = h->confirmed};
    }
}

void kr_stock_pair_reset(struct kr_room *room, const char *nick)
{
    for (struct kr_stock_pair *p = room->stock ? room->stock->pairs : NULL; p; p = p->hh.next) {
        if (is_of(p, nick))
            start_over(p);
    }
}

bool kr_stock_uuid_known(const struct kr_stock_half *half, const char *uuid)
{
    uint64_t mark = kr_stock_mark(uuid);
    for (size_t i = 0; i < KR_STOCK_UUIDS; i++) {
        if (half->uuid[i] == mark)
            return true;
    }
    return false;
}

static void key_sent(struct kr_stock_half *half, uint64_t now_ms)
{
    half->keys++;
    half->key_ms = now_ms;
    half->acked = false;
}

/* How a client's own words tell that the two do not agree on having a session (reference: OlmAdapter). */
static enum kr_stock_fault fault_of(const char *error)
{
    if (strstr(error, "already established"))
        return KR_STOCK_HALF_OPEN;
    if (strstr(error, "Invalid UUID"))
        return KR_STOCK_LOST_ACK;
    return strstr(error, "No session") ? KR_STOCK_NO_SESSION : KR_STOCK_FINE;
}

void kr_stock_pair_passed(struct kr_stock_pair *pair, const char *from, const struct kr_stock_message *m,
                          uint64_t now_ms)
{
    size_t i = strcmp(pair->half[0].nick, from) == 0 ? 0 : 1;
    struct kr_stock_half *mine = &pair->half[i], *other = &pair->half[1 - i];
    switch (m->type) {
    case KR_STOCK_TYPE_SESSION_INIT:
        start_over(pair);
        pair->init_uuid = kr_stock_mark(m->uuid);
        pair->init_ms = now_ms;
        break;
    case KR_STOCK_TYPE_SESSION_ACK:
        pair->init_uuid = 0;
        pair->session = true;
        pair->fault = KR_STOCK_FINE;
        key_sent(mine, now_ms);
        mine->acked = true; /* who asked for the session takes the key with it */
        break;
    case KR_STOCK_TYPE_KEY_INFO:
        mine->uuid[mine->uuid_next++ % KR_STOCK_UUIDS] = kr_stock_mark(m->uuid);
        key_sent(mine, now_ms);
        break;
    case KR_STOCK_TYPE_KEY_INFO_ACK:
        other->acked = true;
        break;
    case KR_STOCK_TYPE_ERROR: {
        enum kr_stock_fault fault = fault_of(m->error);
        pair->fault = fault ? fault : pair->fault;
        break;
    }
    case KR_STOCK_TYPE_SAS_START:
        pair->sas = kr_stock_mark(m->uuid);
        mine->sas_mac = other->sas_mac = false;
        break;
    case KR_STOCK_TYPE_SAS_MAC:
        mine->sas_mac = mine->confirmed = true;
        break;
    case KR_STOCK_TYPE_NONE:
    case KR_STOCK_TYPE_SAS_ACCEPT:
    case KR_STOCK_TYPE_SAS_KEY:
    case KR_STOCK_TYPE_OTHER:
    case KR_STOCK_TYPES:
        break;
    }
}

const char *kr_stock_pair_hint(const struct kr_stock_pair *pair, uint64_t now_ms)
{
    switch (pair->fault) {
    case KR_STOCK_HALF_OPEN:
        return "half-open: only one of them has the session; both must switch E2EE off and on, or one reload";
    case KR_STOCK_LOST_ACK:
        return "the session-ack came after the client's 5 s: a slow line; switch E2EE off and on, or reload";
    case KR_STOCK_NO_SESSION:
        return "keys were sent without a session; switch E2EE off and on, or reload";
    case KR_STOCK_FINE:
        break;
    }
    if (pair->init_uuid && now_ms - pair->init_ms > KR_STOCK_PATIENCE_MS)
        return "session-init was not answered within 5 s, and clients do not try again: one must reload";
    for (size_t i = 0; i < 2; i++) {
        const struct kr_stock_half *h = &pair->half[i];
        if (h->keys && !h->acked && now_ms - h->key_ms > KR_STOCK_PATIENCE_MS)
            return "a key was not acknowledged within 5 s: the receiver may hear nothing until the next "
                   "rotation";
    }
    return NULL;
}
