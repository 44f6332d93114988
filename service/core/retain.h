/* How long what is erasable stays (docs/storage.md): names, evidence, devices of guests. */
#ifndef KR_CORE_RETAIN_H
#define KR_CORE_RETAIN_H

#include "core/state.h"

void kr_retain_plan(struct kr_core *core); /* the settings are there, or are others */
void kr_retain_tick(struct kr_core *core);
uint64_t kr_retain_deadline(const struct kr_core *core);
void kr_retain_continue(struct kr_core *core, const struct kr_query_result *result);

#endif
