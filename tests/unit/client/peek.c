/* A file of its own: what the core remembers and what a client remembers do not fit into one. */
#include "peek.h"

#include "core/state.h"

const struct kr_note_signer *peek_signer(const struct world *w)
{
    return &w->core->log.signer;
}

uint64_t peek_size(const struct world *w)
{
    return w->core->log.tree.size;
}

uint64_t peek_signed(const struct world *w)
{
    return w->core->log.claim.size;
}

bool peek_halted(const struct world *w)
{
    return w->core->log.halted;
}
