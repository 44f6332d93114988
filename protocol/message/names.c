#include "message/names.h"

#include <string.h>

#include "base/err.h"

static const char *const notice_names[KR_NOTICE_KINDS] = {
    [KR_NOTICE_ANNOUNCE] = "announce",
    [KR_NOTICE_DELIVER] = "deliver",
    [KR_NOTICE_COMMIT] = "commit",
    [KR_NOTICE_WANTED] = "wanted",
    [KR_NOTICE_LOW] = "low",
    [KR_NOTICE_SESSION] = "session",
    [KR_NOTICE_DETACHED] = "detached",
    [KR_NOTICE_STATE] = "state",
    [KR_NOTICE_ATTESTATIONS] = "attestations",
};

static const char *const mode_names[] = {[KR_MODE_IDLE] = "idle",
                                         [KR_MODE_KEYED] = "keyed",
                                         [KR_MODE_BLIND] = "blind",
                                         [KR_MODE_SUSPENDED] = "suspended"};

/* By bit. */
static const char *const reason_names[] = {"join",  "leave",  "revoke",  "policy",
                                           "timer", "manual", "recover", "leader"};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

const char *kr_notice_name(enum kr_notice_kind kind)
{
    return notice_names[kind];
}

const char *kr_mode_name(enum kr_room_mode mode)
{
    return mode_names[mode];
}

int kr_mode_read(const char *name, enum kr_room_mode *ret_mode)
{
    for (unsigned i = 0; i < COUNT(mode_names); i++) {
        if (strcmp(name, mode_names[i]) == 0) {
            *ret_mode = (enum kr_room_mode)i;
            return 0;
        }
    }
    return KR_E_MALFORMED;
}

void kr_reasons_write(char out[static 64], unsigned reasons)
{
    size_t len = 0;
    for (unsigned i = 0; i < COUNT(reason_names); i++) {
        if (!(reasons & 1u << i))
            continue;
        if (len)
            out[len++] = ' ';
        size_t n = strlen(reason_names[i]);
        memcpy(out + len, reason_names[i], n);
        len += n;
    }
    out[len] = '\0';
}

/* The bit of the word text[0..len), or 0. */
static unsigned reason_bit(const char *text, size_t len)
{
    for (unsigned i = 0; i < COUNT(reason_names); i++) {
        if (strlen(reason_names[i]) == len && memcmp(reason_names[i], text, len) == 0)
            return 1u << i;
    }
    return 0;
}

int kr_reasons_read(const char *text, unsigned *ret_reasons)
{
    unsigned reasons = 0;
    for (;;) {
        size_t len = strcspn(text, " ");
        unsigned bit = reason_bit(text, len);
        if (!bit || (reasons & bit))
            return KR_E_MALFORMED;
        reasons |= bit;
        text += len;
        if (!*text)
            break;
        text++;
    }
    *ret_reasons = reasons;
    return 0;
}
