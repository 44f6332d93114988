#include "core/logbook.h"

#include <stdio.h>
#include <string.h>

#include "base/sign.h"
#include "core/audit.h"
#include "core/pending.h"
#include "core/room.h"
#include "log/checkpoint.h"
#include "log/proof.h"

enum { SIGN_AFTER_MS = 1000 };

static const char *origin(const struct kr_core *core)
{
    return core->log.signer.key.name;
}

/* An origin is never used again: the next log of the same name has random digits behind it. How many there
 * were is no measure, as it is the same again when one backup is restored twice. */
static char *next_origin(const struct kr_core *core, const struct kr_rec_log_key *last)
{
    struct kr_buf b;
    uint32_t digits;
    kr_buf_init(&b, KR_NOTE_NAME_MAX);
    kr_buf_add_str(&b, core->settings.log_origin);
    if (last->origin) {
        kr_random_fill(&core->random, &digits, sizeof(digits));
        kr_buf_printf(&b, "/%08x", (unsigned)digits);
    }
    return kr_buf_take_str(&b);
}

static void make_key(struct kr_core *core, const struct kr_rec_log_key *last)
{
    char *name = next_origin(core, last);
    struct kr_secret seed = KR_SECRET_NONE;
    struct kr_buf vkey;
    kr_secret_alloc(&seed, KR_NOTE_SEED_LEN);
    kr_random_fill(&core->random, seed.ptr, seed.len);
    kr_buf_init(&vkey, KR_NOTE_MAX);
    if (name && kr_note_signer_init(KR_NOTE_ED25519, name, &seed, &core->log.signer) == KR_LOG_OK) {
        kr_note_key_add_text(&vkey, &core->log.signer.key);
        char *text = kr_buf_take_str(&vkey);
        struct kr_write w = {.kind = KR_W_LOG_KEY,
                             .u.log_key = {.origin = origin(core),
                                           .vkey = text,
                                           .seed = seed,
                                           .first_size = core->log.tree.size,
                                           .at_ms = core->now.wall_ms,
                                           .halted = ""}};
        kr_output_write(core->out, &w);
        core->log.has_key = true;
        kr_trace(core, KR_TRACE_INFO, "log -> begun (%s)", text);
        free(text);
    } else {
        core->log.halted = true;
        kr_trace(core, KR_TRACE_ERROR, "log -> not begun, nobody is served (%s is no name for a log)",
                 core->settings.log_origin);
    }
    kr_buf_done(&vkey);
    kr_secret_done(&seed);
    free(name);
}

static void load_tree(struct kr_core *core, const struct kr_snapshot *s)
{
    struct kr_log_tree *t = &core->log.tree;
    *t = (struct kr_log_tree){.size = s->log_size};
    for (uint64_t bits = s->log_size; bits; bits &= bits - 1) {
        t->peaks[t->count] = s->log_peaks[t->count];
        t->count++;
    }
}

/* The last checkpoint against the tree that the nodes make. One of a smaller tree is the verifier's to check.
 */
static const char *contradicted(const struct kr_core *core, const struct kr_rec_checkpoint *c)
{
    if (!c->origin)
        return NULL;
    struct kr_digest root = kr_log_tree_root(&core->log.tree);
    if (c->size > core->log.tree.size)
        return "the log is shorter than the last checkpoint of it that stands in the database";
    if (c->size == core->log.tree.size && !kr_digest_equal(&root, &c->root))
        return "the log is not the one that the last checkpoint in the database was made of";
    return NULL;
}

void kr_logbook_start(struct kr_core *core, const struct kr_snapshot *s)
{
    load_tree(core, s);
    core->log.unasked = core->settings.witnessed;
    if (!s->log_key.origin || s->log_key.closed) {
        make_key(core, &s->log_key);
        struct kr_entry e;
        kr_entry_begin(&e, core, "log-begun", NULL);
        kr_entry_text(&e, "origin", origin(core));
        if (s->log_key.origin)
            kr_entry_text(&e, "reason", s->log_key.halted);
        kr_entry_end(&e);
        return;
    }
    core->log.has_key = kr_note_signer_init(KR_NOTE_ED25519, s->log_key.origin, &s->log_key.seed,
                                            &core->log.signer) == KR_LOG_OK;
    if (!core->log.has_key || s->log_key.halted[0]) {
        core->log.halted = true;
        kr_trace(
            core, KR_TRACE_ERROR,
            "log -> halted, nobody is served (%s); to do: revoke again what was revoked since, then begin a "
            "new log with keyroomctl audit new-origin",
            core->log.has_key ? s->log_key.halted : "the stored key is not of its form");
        return;
    }
    const char *why = contradicted(core, &s->checkpoint);
    if (why)
        kr_logbook_halt(core, why);
}

void kr_logbook_done(struct kr_core *core)
{
    kr_note_signer_done(&core->log.signer);
}

static void halt(struct kr_core *core, const char *why, const char *or_else)
{
    core->log.halted = true;
    kr_trace(
        core, KR_TRACE_ERROR,
        "log -> halted, nobody is served (%s); to do: revoke again what was revoked since, then begin a new "
        "log with keyroomctl audit new-origin%s",
        why, or_else);
    for (struct kr_room *room = core->rooms; room; room = room->hh.next)
        room->state_due = true;
}

void kr_logbook_halt(struct kr_core *core, const char *why)
{
    if (core->log.halted)
        return;
    halt(core, why, "");
    struct kr_write w = {.kind = KR_W_LOG_HALT, .u.log_key = {.origin = origin(core), .halted = why}};
    kr_output_write(core->out, &w);
}

static void doubted(struct kr_core *core, const struct kr_witness_said *said)
{
    struct kr_buf why;
    kr_buf_init(&why, KR_NOTE_NAME_MAX + 256);
    if (said->word == KR_WITNESS_AHEAD)
        kr_buf_printf(
            &why,
            "the witness %s has cosigned %llu entries of our log, the database has %llu: it was set back",
            said->name, (unsigned long long)said->size, (unsigned long long)core->log.tree.size);
    else
        kr_buf_printf(
            &why,
            "the first %llu entries that the witness %s has cosigned are not those of the database: it "
            "was set back and went on",
            (unsigned long long)said->size, said->name);
    char *text = kr_buf_take_str(&why);
    halt(core, text ? text : "a witness knows better",
         "; if it was not set back, the witness is wrong: take it out of the configuration");
    free(text);
}

void kr_logbook_witness(struct kr_core *core, const struct kr_witness_said *said)
{
    if (said->word == KR_WITNESS_ASKED) {
        core->log.unasked = false;
        return;
    }
    if (!core->log.has_key || core->log.halted || strcmp(said->origin, origin(core)) != 0)
        return;
    if (said->word != KR_WITNESS_COSIGNED) {
        doubted(core, said);
        return;
    }
    struct kr_write w = {.kind = KR_W_COSIGNATURE,
                         .u.cosignature = {.origin = said->origin,
                                           .size = said->size,
                                           .witness = said->vkey,
                                           .time_s = said->time_s,
                                           .lines = said->lines}};
    kr_output_write(core->out, &w);
    kr_trace(core, KR_TRACE_DEBUG, "checkpoint of %llu entries -> cosigned by %s",
             (unsigned long long)said->size, said->name);
}

static void keep_node(void *state, struct kr_log_node node, const struct kr_digest *hash)
{
    struct kr_digest *nodes = state;
    nodes[node.level] = *hash;
}

void kr_logbook_add(struct kr_core *core, struct kr_span entry)
{
    struct kr_log *log = &core->log;
    struct kr_digest nodes[KR_LOG_PEAKS_MAX], leaf = kr_leaf_hash(entry);
    struct kr_log_sink sink = {keep_node, nodes};
    uint64_t idx = log->tree.size;
    kr_log_tree_append(&log->tree, &leaf, &sink);
    size_t completed = 1; /* as many as the index has ones at its end, and the leaf */
    while (idx >> (completed - 1) & 1)
        completed++;
    struct kr_write w = {.kind = KR_W_LOG,
                         .u.log = {.idx = idx, .entry = entry, .nodes = nodes, .node_count = completed}};
    kr_output_write(core->out, &w);
    if (!log->due_ms)
        log->due_ms = core->now.mono_ms + SIGN_AFTER_MS;
}

void kr_logbook_sign(struct kr_core *core)
{
    struct kr_log *log = &core->log;
    log->due_ms = log->unasked ? core->now.mono_ms + SIGN_AFTER_MS : 0;
    if (log->unasked || !log->has_key || log->halted || log->claim.size == log->tree.size)
        return;
    struct kr_checkpoint c = {.size = log->tree.size, .root = kr_log_tree_root(&log->tree)};
    memcpy(c.origin, origin(core), strlen(origin(core)) + 1);
    struct kr_buf text, note;
    kr_buf_init(&text, KR_NOTE_MAX);
    kr_buf_init(&note, KR_NOTE_MAX);
    kr_checkpoint_text(&c, &text);
    log->claim.size = c.size;
    log->claim.root = c.root;
    log->claim.sig = kr_note_sign_text(&log->signer, kr_buf_span(&text));
    kr_buf_add(&note, text.ptr, text.len);
    kr_buf_add_str(&note, "\n");
    kr_note_add_line(&note, &log->signer.key, kr_span(log->claim.sig.b, sizeof(log->claim.sig.b)));
    struct kr_write w = {.kind = KR_W_CHECKPOINT,
                         .u.checkpoint = {.origin = origin(core),
                                          .size = c.size,
                                          .root = c.root,
                                          .at_ms = core->now.wall_ms,
                                          .note = kr_buf_span(&note)}};
    kr_output_write(core->out, &w);
    kr_buf_done(&text);
    kr_buf_done(&note);
}

void kr_logbook_tick(struct kr_core *core)
{
    if (core->log.due_ms && core->now.mono_ms >= core->log.due_ms)
        kr_logbook_sign(core);
}

uint64_t kr_logbook_deadline(const struct kr_core *core)
{
    return core->log.due_ms ? core->log.due_ms : UINT64_MAX;
}

bool kr_logbook_link(const struct kr_core *core, struct kr_epoch_link *link)
{
    if (!core->log.claim.size)
        return false;
    link->log_size = core->log.claim.size;
    link->log_root = core->log.claim.root;
    link->log_origin = origin(core);
    memcpy(link->log_key, core->log.signer.key.id, sizeof(link->log_key));
    return true;
}

/* --- nodes of the store --- */

static bool collect(void *state, struct kr_log_node node, struct kr_digest *ret_hash)
{
    struct kr_logbook_ask *ask = state;
    kr_grow((void **)&ask->nodes, &ask->cap, ask->count, sizeof(*ask->nodes));
    ask->nodes[ask->count++] = (struct kr_node_ask){.level = node.level, .index = node.index};
    *ret_hash = (struct kr_digest){{0}};
    return true;
}

static bool read_next(void *state, struct kr_log_node node, struct kr_digest *ret_hash)
{
    struct kr_logbook_ask *ask = state;
    if (ask->at >= ask->count || ask->nodes[ask->at].level != node.level ||
        ask->nodes[ask->at].index != node.index)
        return false;
    *ret_hash = ask->nodes[ask->at++].hash;
    return true;
}

struct kr_log_nodes kr_logbook_collect(struct kr_logbook_ask *ask)
{
    *ask = (struct kr_logbook_ask){.count = 0};
    return (struct kr_log_nodes){collect, ask};
}

struct kr_log_nodes kr_logbook_read(struct kr_logbook_ask *ask, const struct kr_query_result *r)
{
    *ask = (struct kr_logbook_ask){.nodes = (struct kr_node_ask *)r->nodes, .count = r->node_count};
    return (struct kr_log_nodes){read_next, ask};
}

/* --- what clients hold against us --- */

static bool is_ours(const struct kr_core *core, const struct kr_log_claim *claim)
{
    struct kr_checkpoint c = {.size = claim->size, .root = claim->root};
    struct kr_buf text;
    memcpy(c.origin, origin(core), strlen(origin(core)) + 1);
    kr_buf_init(&text, KR_NOTE_MAX);
    kr_checkpoint_text(&c, &text);
    bool ours = !text.err && kr_verify(&core->log.signer.key.key, kr_buf_span(&text), &claim->sig);
    kr_buf_done(&text);
    return ours;
}

void kr_logbook_presented(struct kr_core *core, const struct kr_log_claim *claim, const char *claimed_origin)
{
    const struct kr_log *log = &core->log;
    bool known = claim->size == log->claim.size && kr_digest_equal(&claim->root, &log->claim.root);
    if (!claim->size || !log->has_key || log->halted || known || strcmp(claimed_origin, origin(core)) != 0 ||
        !is_ours(core, claim))
        return;
    if (claim->size > log->tree.size) {
        kr_logbook_halt(core,
                        "a client holds a checkpoint of ours that is ahead of the database: it was set back");
        return;
    }
    struct kr_logbook_ask ask;
    struct kr_log_nodes nodes = kr_logbook_collect(&ask);
    struct kr_log_tree tree;
    kr_log_tree_load(&nodes, claim->size, &tree);
    struct kr_pending *p = kr_pending_new(core, KR_PENDING_LOG, NULL, "");
    p->request.log = *claim;
    struct kr_query q = {.kind = KR_Q_LOG, .token = p->token, .nodes = ask.nodes, .node_count = ask.count};
    kr_output_query(core->out, &q);
    free(ask.nodes);
}

void kr_logbook_compare(struct kr_core *core, const struct kr_pending *p, const struct kr_query_result *r)
{
    struct kr_logbook_ask ask;
    struct kr_log_nodes nodes = kr_logbook_read(&ask, r);
    struct kr_log_tree tree;
    if (!r->complete || kr_log_tree_load(&nodes, p->request.log.size, &tree) != KR_LOG_OK)
        return;
    struct kr_digest root = kr_log_tree_root(&tree);
    if (!kr_digest_equal(&root, &p->request.log.root))
        kr_logbook_halt(core,
                        "a client holds a checkpoint of ours that is of another log than the database's");
}
