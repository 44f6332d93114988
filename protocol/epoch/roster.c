#include "epoch/roster.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/limit.h"

void kr_roster_init(struct kr_roster *r)
{
    *r = (struct kr_roster){0};
}

void kr_roster_done(struct kr_roster *r)
{
    for (size_t i = 0; i < r->len; i++) {
        free(r->entries[i].participant);
        free(r->entries[i].owner);
        kr_buf_done(&r->entries[i].line);
    }
    free(r->entries);
    free(r->by_attach);
    kr_roster_init(r);
}

void kr_roster_add(struct kr_roster *r, const char *participant, const char *owner,
                   const struct kr_key *ed25519, const struct kr_key *curve25519, const struct kr_id *attach,
                   bool is_new)
{
    kr_grow((void **)&r->entries, &r->cap, r->len, sizeof(*r->entries));
    r->entries[r->len++] = (struct kr_roster_entry){.participant = kr_strdup(participant),
                                                    .owner = kr_strdup(owner),
                                                    .ed25519 = *ed25519,
                                                    .curve25519 = *curve25519,
                                                    .attach = *attach,
                                                    .is_new = is_new};
}

static void make_line(struct kr_roster_entry *e)
{
    kr_buf_done(&e->line);
    kr_buf_init(&e->line, SIZE_MAX);
    kr_buf_add_lp(&e->line, kr_span_str(e->participant));
    kr_buf_add_lp(&e->line, kr_span_str(e->owner));
    kr_buf_add_lp(&e->line, kr_span(e->ed25519.b, sizeof(e->ed25519.b)));
    kr_buf_add_lp(&e->line, kr_span(e->curve25519.b, sizeof(e->curve25519.b)));
    kr_buf_add_lp(&e->line, kr_span(e->attach.b, sizeof(e->attach.b)));
    kr_buf_fit(&e->line); /* rosters are kept, and there are many */
}

void kr_roster_copy(struct kr_roster *dst, const struct kr_roster *src)
{
    struct kr_roster copy = {.joiner_count = src->joiner_count, .digest = src->digest, .sealed = src->sealed};
    for (size_t i = 0; i < src->len; i++) {
        const struct kr_roster_entry *e = &src->entries[i];
        kr_roster_add(&copy, e->participant, e->owner, &e->ed25519, &e->curve25519, &e->attach, e->is_new);
        copy.entries[i].joiners_before = e->joiners_before;
        if (src->sealed)
            make_line(&copy.entries[i]);
    }
    if (src->sealed) {
        copy.by_attach = kr_calloc(src->len, sizeof(*copy.by_attach));
        if (src->len)
            memcpy(copy.by_attach, src->by_attach, src->len * sizeof(*copy.by_attach));
    }
    kr_roster_done(dst);
    *dst = copy;
}

static int compare_lines(const void *a, const void *b)
{
    const struct kr_buf *x = &((const struct kr_roster_entry *)a)->line;
    const struct kr_buf *y = &((const struct kr_roster_entry *)b)->line;
    int c = memcmp(x->ptr, y->ptr, x->len < y->len ? x->len : y->len);
    return c ? c : (x->len > y->len) - (x->len < y->len);
}

/* The order that LP(participant) gives: by length, then bytewise. */
static int compare_participants(const char *a, const char *b)
{
    size_t x = strlen(a), y = strlen(b);
    return x == y ? memcmp(a, b, x) : x < y ? -1 : 1;
}

struct attach_index {
    struct kr_id attach;
    uint16_t index;
};

static int compare_attaches(const void *a, const void *b)
{
    return memcmp(((const struct attach_index *)a)->attach.b, ((const struct attach_index *)b)->attach.b,
                  sizeof(((const struct attach_index *)a)->attach.b));
}

/* Fills by_attach; KR_E_ROSTER_MISMATCH when an attach stands twice. */
static int index_attaches(struct kr_roster *r)
{
    int err = 0;
    struct attach_index *sorted = kr_calloc(r->len, sizeof(*sorted));
    for (size_t i = 0; i < r->len; i++)
        sorted[i] = (struct attach_index){r->entries[i].attach, (uint16_t)i};
    if (r->len)
        qsort(sorted, r->len, sizeof(*sorted), compare_attaches);
    free(r->by_attach);
    r->by_attach = kr_calloc(r->len, sizeof(*r->by_attach));
    for (size_t i = 0; i < r->len; i++) {
        if (i && kr_id_equal(&sorted[i].attach, &sorted[i - 1].attach))
            err = KR_E_ROSTER_MISMATCH;
        r->by_attach[i] = sorted[i].index;
    }
    free(sorted);
    return err;
}

static struct kr_digest digest_of(const struct kr_roster *r)
{
    struct kr_buf b;
    kr_buf_init(&b, SIZE_MAX);
    kr_buf_add_lp(&b, kr_span_str("keyroom:1:roster"));
    for (size_t i = 0; i < r->len; i++)
        kr_buf_add_lp(&b, kr_buf_span(&r->entries[i].line));
    struct kr_digest d = kr_sha256(kr_buf_span(&b));
    kr_buf_done(&b);
    return d;
}

int kr_roster_seal(struct kr_roster *r)
{
    r->sealed = false;
    if (r->len > KR_OCCUPANTS_MAX)
        return KR_E_TOO_LARGE;
    for (size_t i = 0; i < r->len; i++)
        make_line(&r->entries[i]);
    if (r->len)
        qsort(r->entries, r->len, sizeof(*r->entries), compare_lines);

    /* A line begins with its participant, so equal ones are neighbours. */
    r->joiner_count = 0;
    for (size_t i = 0; i < r->len; i++) {
        struct kr_roster_entry *e = &r->entries[i];
        if (i && strcmp(e->participant, e[-1].participant) == 0)
            return KR_E_ROSTER_MISMATCH;
        e->joiners_before = r->joiner_count;
        r->joiner_count += e->is_new;
    }
    int err = index_attaches(r);
    if (err)
        return err;
    r->digest = digest_of(r);
    r->entries = kr_realloc_array(r->entries, r->len, sizeof(*r->entries));
    r->cap = r->len;
    r->sealed = true;
    return 0;
}

int kr_roster_find(const struct kr_roster *r, const struct kr_id *attach)
{
    if (!r->sealed) {
        for (size_t i = 0; i < r->len; i++) {
            if (kr_id_equal(&r->entries[i].attach, attach))
                return (int)i;
        }
        return -1;
    }
    size_t low = 0, high = r->len;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int c = memcmp(r->entries[r->by_attach[mid]].attach.b, attach->b, sizeof(attach->b));
        if (c == 0)
            return r->by_attach[mid];
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return -1;
}

int kr_roster_find_participant(const struct kr_roster *r, const char *participant)
{
    if (!r->sealed) {
        for (size_t i = 0; i < r->len; i++) {
            if (strcmp(r->entries[i].participant, participant) == 0)
                return (int)i;
        }
        return -1;
    }
    size_t low = 0, high = r->len;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int c = compare_participants(r->entries[mid].participant, participant);
        if (c == 0)
            return (int)mid;
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return -1;
}

struct kr_span kr_roster_line(const struct kr_roster *r, size_t index)
{
    return kr_buf_span(&r->entries[index].line);
}

struct kr_roster_check kr_roster_check(const struct kr_roster *r)
{
    struct kr_roster_check check;
    memcpy(check.b, r->digest.b, sizeof(check.b));
    return check;
}
