/* What the service's log must show us (docs/protocol.md 11.10): a checkpoint of one key with each epoch, none
 * that is behind or beside another, and soon a proof that the epoch's entry names the people we know of. */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/sign.h"
#include "client/state.h"
#include "log/checkpoint.h"
#include "log/proof.h"
#include "text/log_entry.h"

void kr_log_alarm(struct kr_client *c, int err)
{
    struct kr_report *r = kr_output_report(c->out, KR_REPORT_ALARM);
    r->what = kr_strdup(kr_errname(err));
    r->why = kr_strdup(kr_strerror(err));
    r->epoch = c->seen_epoch;
    r->instance = c->instance;
}

void kr_log_name(const struct kr_client *c, struct kr_epoch_link *link)
{
    if (!link->log_size)
        return;
    link->log_origin = c->log.key.name;
    memcpy(link->log_key, c->log.key.id, sizeof(link->log_key));
}

static bool is_signed(const struct kr_note_key *key, const struct kr_log_claim *claim)
{
    struct kr_checkpoint cp = {.size = claim->size, .root = claim->root};
    struct kr_buf text;
    memcpy(cp.origin, key->name, strlen(key->name) + 1);
    kr_buf_init(&text, KR_NOTE_MAX);
    kr_checkpoint_text(&cp, &text);
    bool good = !text.err && kr_verify(&key->key, kr_buf_span(&text), &claim->sig);
    kr_buf_done(&text);
    return good;
}

static struct kr_log_claim claim_of(const struct kr_notice_announce *a)
{
    return (struct kr_log_claim){.size = a->link.log_size, .root = a->link.log_root, .sig = a->log_sig};
}

/* The key that this announce is to be signed with: ours, or, in a full one, that of a log we have not met. */
static int find_key(struct kr_client *c, const struct kr_notice_announce *a, struct kr_note_key *ret_key,
                    bool *ret_another)
{
    const struct kr_client_log *log = &c->log;
    *ret_another = false;
    *ret_key = log->key;
    if (!a->log_origin)
        return log->has_key ? 0 : KR_E_CHAIN_BROKEN; /* the whole will name it */
    if (kr_note_key_init(KR_NOTE_ED25519, a->log_origin, &a->log_key, ret_key) != KR_LOG_OK)
        return KR_E_LOG_KEY;
    bool same = log->has_key && strcmp(ret_key->name, log->key.name) == 0 &&
                kr_key_equal(&ret_key->key, &log->key.key);
    *ret_another = !same;
    bool bound =
        log->given || (kr_epoch_now(c) && log->newest.size); /* within an instance there is one log */
    return log->has_key && !same && bound ? KR_E_LOG_KEY : 0;
}

int kr_log_check(struct kr_client *c, const struct kr_notice_announce *a, struct kr_epoch_link *link)
{
    struct kr_client_log *log = &c->log;
    const struct kr_log_claim claim = claim_of(a);
    struct kr_note_key key;
    bool another = false;
    if (!claim.size)
        return log->has_key ? KR_E_LOG_MISSING : 0;
    int err = find_key(c, a, &key, &another);
    if (err)
        return err;
    if (!is_signed(&key, &claim))
        return KR_E_LOG_SIGNATURE;
    if (another) {
        if (log->has_key)
            kr_log_alarm(c, KR_E_LOG_BEGUN_ANEW);
        log->has_key = true;
        log->key = key;
        log->newest.size = log->proved.size = 0;
    }
    if (claim.size < log->newest.size)
        return KR_E_LOG_ROLLED_BACK;
    if (claim.size == log->newest.size && !kr_digest_equal(&claim.root, &log->newest.root))
        return KR_E_LOG_FORKED;
    kr_log_name(c, link);
    return 0;
}

void kr_log_announced(struct kr_client *c, const struct kr_notice_announce *a, const struct kr_epoch_state *e)
{
    struct kr_client_log *log = &c->log;
    if (!a->link.log_size)
        return;
    log->newest = claim_of(a);
    log->epoch = a->link.epoch;
    log->epoch_size = a->link.log_size;
    log->instance = e->instance;
    log->roster = e->link.roster;
    if (log->at_ms == UINT64_MAX) {
        uint8_t r[2];
        kr_random_fill(&c->random, r, sizeof(r));
        log->at_ms = c->now_ms + (uint64_t)(r[0] << 8 | r[1]) % KR_CLIENT_PROOF_SPREAD_MS;
        log->by_ms = c->now_ms + KR_CLIENT_PROOF_MS;
    }
    struct kr_report *r = kr_output_report(c->out, KR_REPORT_LOG);
    r->epoch = a->link.epoch;
    r->log_key = log->key;
    r->log = log->newest;
}

static void ask(struct kr_client *c)
{
    struct kr_client_log *log = &c->log;
    struct kr_request r = {.kind = KR_REQ_PROOF};
    log->asked = log->newest;
    log->at_ms = c->now_ms + KR_CLIENT_IQ_MS; /* again, if nothing comes of it */
    r.u.proof = (struct kr_req_proof){
        .instance = log->instance, .epoch = log->epoch, .size = log->newest.size, .since = log->proved.size};
    kr_request_send(c, &r);
}

/* The entry tells of our epoch, with our roster. */
static bool is_ours(const struct kr_client_log *log, const struct kr_res_proof *p)
{
    struct kr_log_entry e;
    struct kr_id instance;
    struct kr_digest roster;
    uint64_t epoch = 0;
    if (kr_log_entry_read(p->entry, &e) || !kr_log_is(&e, "type", "epoch") ||
        !kr_log_number(&e, "epoch", &epoch) || epoch != log->epoch || !kr_log_id(&e, "instance", &instance) ||
        !kr_id_equal(&instance, &log->instance) || !kr_log_digest(&e, "roster", &roster))
        return false;
    struct kr_secret key = KR_SECRET_NONE;
    char text[KR_KEY_TEXT];
    kr_digest_write(text, &log->roster);
    kr_secret_set(&key, p->opening.b, sizeof(p->opening.b));
    struct kr_digest want = kr_hmac_sha256(&key, kr_span_str(text));
    kr_secret_done(&key);
    return kr_digest_equal(&want, &roster);
}

static int check(const struct kr_client_log *log, const struct kr_res_proof *p)
{
    if (p->epoch != log->epoch || p->size != log->asked.size || p->since != log->proved.size ||
        p->index != log->epoch_size - 1)
        return KR_E_MALFORMED; /* the answer to another question */
    struct kr_digest leaf = kr_leaf_hash(p->entry);
    if (kr_inclusion_check(p->index, p->size, &leaf, p->inclusion, p->inclusion_count, &log->asked.root) !=
        KR_LOG_OK)
        return KR_E_LOG_NOT_INCLUDED;
    if (p->since && kr_consistency_check(p->since, p->size, p->consistency, p->consistency_count,
                                         &log->proved.root, &log->asked.root) != KR_LOG_OK)
        return KR_E_LOG_REWRITTEN;
    return is_ours(log, p) ? 0 : KR_E_LOG_OTHER_ENTRY;
}

void kr_log_result(struct kr_client *c, const struct kr_el *payload, int err)
{
    struct kr_client_log *log = &c->log;
    struct kr_arena arena;
    struct kr_res_proof p;
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    bool awaited = log->asked.size && kr_id_equal(&log->instance, &c->instance);
    if (!err)
        err = payload ? kr_res_proof_decode(payload, &arena, &p) : KR_E_MALFORMED;
    if (!err && (strcmp(p.room, c->room) != 0 || (awaited && p.epoch != log->epoch)))
        awaited = false; /* a newer epoch came meanwhile: it is asked for in turn */
    if (!err && awaited)
        err = check(log, &p);
    kr_arena_done(&arena);
    if (!awaited || c->mismatched)
        return;
    if (err == KR_E_LOG_NOT_INCLUDED || err == KR_E_LOG_REWRITTEN || err == KR_E_LOG_OTHER_ENTRY) {
        struct kr_epoch_state *e = kr_epoch_now(c);
        log->at_ms = log->by_ms = UINT64_MAX;
        kr_log_alarm(c, err);
        if (e)
            kr_client_mismatch_in(c, err, e);
    } else if (!err) {
        log->proved = log->asked;
        log->at_ms = log->by_ms = UINT64_MAX;
        kr_output_report(c->out, KR_REPORT_PROVED)->epoch = log->epoch;
    }
    log->asked.size = 0;
}

void kr_log_time(struct kr_client *c)
{
    struct kr_client_log *log = &c->log;
    if (c->mismatched || c->phase != KR_PHASE_MEMBER || !kr_id_equal(&log->instance, &c->instance))
        return;
    if (log->at_ms <= c->now_ms)
        ask(c);
    if (log->by_ms <= c->now_ms) {
        log->by_ms = UINT64_MAX;
        kr_log_alarm(c, KR_E_LOG_SILENT);
    }
}

uint64_t kr_log_next(const struct kr_client *c)
{
    const struct kr_client_log *log = &c->log;
    if (c->mismatched || c->phase != KR_PHASE_MEMBER || !kr_id_equal(&log->instance, &c->instance))
        return UINT64_MAX;
    return kr_sooner(log->at_ms, log->by_ms);
}
