#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "core/audit.h"
#include "core/logbook.h"
#include "core/pending.h"
#include "core/request.h"
#include "core/tell.h"
#include "log/proof.h"

/* The announced epoch of that number, or NULL. */
static const struct kr_link_kept *find(const struct kr_room *room, uint64_t epoch)
{
    for (size_t i = 0; i < room->chain_len; i++) {
        if (room->chain[i].link.epoch == epoch)
            return &room->chain[i];
    }
    return NULL;
}

int kr_request_proof(struct kr_core *core, const struct kr_ask *ask)
{
    const struct kr_req_proof *r = &ask->request->u.proof;
    if (!ask->room->has_instance || !kr_id_equal(&r->instance, &ask->room->instance))
        return KR_E_STALE_EPOCH;
    const struct kr_link_kept *k = find(ask->room, r->epoch);
    const struct kr_digest *opening = k ? kr_audit_roster_opening(core, ask->room, &k->link.roster) : NULL;
    if (!k || !opening || r->size > core->log.tree.size || r->size < k->link.log_size)
        return KR_E_UNKNOWN_EPOCH;
    struct kr_logbook_ask nodes;
    struct kr_log_proof proof;
    struct kr_log_nodes from = kr_logbook_collect(&nodes);
    kr_inclusion_make(&from, k->link.log_size - 1, r->size, &proof);
    if (r->since)
        kr_consistency_make(&from, r->since, r->size, &proof);
    struct kr_pending *p = kr_pending_new(core, KR_PENDING_PROOF, ask->asker, ask->room->jid);
    p->proof = *r;
    p->proof_index = k->link.log_size - 1;
    p->proof_opening = *opening;
    struct kr_query q = {.kind = KR_Q_LOG,
                         .token = p->token,
                         .nodes = nodes.nodes,
                         .node_count = nodes.count,
                         .entry_wanted = true,
                         .entry = p->proof_index};
    kr_output_query(core->out, &q);
    free(nodes.nodes);
    return 0;
}

void kr_proof_continue(struct kr_core *core, const struct kr_pending *p, const struct kr_query_result *r)
{
    struct kr_log_proof inclusion, consistency = {.count = 0};
    struct kr_logbook_ask nodes;
    struct kr_log_nodes from = kr_logbook_read(&nodes, r);
    bool made = r->complete &&
                kr_inclusion_make(&from, p->proof_index, p->proof.size, &inclusion) == KR_LOG_OK &&
                (!p->proof.since ||
                 kr_consistency_make(&from, p->proof.since, p->proof.size, &consistency) == KR_LOG_OK);
    if (!made) {
        kr_refuse(core, &p->asker, p->room, "proof", KR_E_INTERNAL);
        return;
    }
    struct kr_res_proof res = {.room = p->room,
                               .epoch = p->proof.epoch,
                               .index = p->proof_index,
                               .size = p->proof.size,
                               .since = p->proof.since,
                               .opening = p->proof_opening,
                               .entry = r->entry,
                               .inclusion = inclusion.hashes,
                               .inclusion_count = inclusion.count,
                               .consistency = consistency.hashes,
                               .consistency_count = consistency.count};
    struct kr_xml x;
    kr_answer_start(core, &p->asker, &x);
    kr_res_proof_encode(&x, &res);
    kr_answer_end(core, &p->asker, &x);
}
