#include "log/verdict.h"

const char *kr_log_verdict_name(enum kr_log_verdict v)
{
    switch (v) {
    case KR_LOG_OK:
        return "ok";
#define KR_LOG_VERDICT(name, word, text)                                                                     \
    case name:                                                                                               \
        return word;
#include "log/verdict.def"
#undef KR_LOG_VERDICT
    }
    return "unknown";
}

const char *kr_log_verdict_text(enum kr_log_verdict v)
{
    switch (v) {
    case KR_LOG_OK:
        return "as it should be";
#define KR_LOG_VERDICT(name, word, text)                                                                     \
    case name:                                                                                               \
        return text;
#include "log/verdict.def"
#undef KR_LOG_VERDICT
    }
    return "unknown verdict";
}
