/* The service's log from inside, for lies that are told with its own key. */
#ifndef KR_TEST_CLIENT_PEEK_H
#define KR_TEST_CLIENT_PEEK_H

#include "log/signer.h"
#include "world.h"

const struct kr_note_signer *peek_signer(const struct world *w);
uint64_t peek_size(const struct world *w);   /* entries */
uint64_t peek_signed(const struct world *w); /* of its last checkpoint */
bool peek_halted(const struct world *w);

#endif
