/* For tests that compute contexts of announces: the log's origin and key, which only full announces name. */
#ifndef KR_TEST_LOG_NAME_H
#define KR_TEST_LOG_NAME_H

#include <string.h>

#include "log/note_key.h"
#include "message/event.h"

/* Remembers what the announce names, and completes the link by it. One service at a time. */
static inline void kr_test_log_name(const struct kr_notice_announce *a, struct kr_epoch_link *link)
{
    static struct kr_note_key key;
    if (a && a->log_origin)
        (void)kr_note_key_init(KR_NOTE_ED25519, a->log_origin, &a->log_key, &key);
    link->log_origin = key.name;
    memcpy(link->log_key, key.id, sizeof(link->log_key));
}

#endif
