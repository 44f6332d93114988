/* What a check of a log, a checkpoint or a proof found: one list (verdict.def). A verdict is about bytes that
 * others made and is shown to people; it is never an application condition on the wire. */
#ifndef KR_LOG_VERDICT_H
#define KR_LOG_VERDICT_H

enum kr_log_verdict {
    KR_LOG_OK = 0,
#define KR_LOG_VERDICT(name, word, text) name,
#include "log/verdict.def"
#undef KR_LOG_VERDICT
};

/* The word for scripts and the sentence for people; "ok" and "as it should be" for KR_LOG_OK. */
const char *kr_log_verdict_name(enum kr_log_verdict v);
const char *kr_log_verdict_text(enum kr_log_verdict v);

#endif
