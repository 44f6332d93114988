#include "core/settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/limit.h"
#include "message/stanza.h"

static void list_done(char ***list, size_t *count)
{
    for (size_t i = 0; i < *count; i++)
        free((*list)[i]);
    free(*list);
    *list = NULL;
    *count = 0;
}

static void list_copy(char ***dst, size_t *dst_count, char **src, size_t count)
{
    *dst = kr_calloc(count, sizeof(**dst));
    for (size_t i = 0; i < count; i++)
        (*dst)[i] = kr_strdup(src[i]);
    *dst_count = count;
}

void kr_settings_done(struct kr_settings *s)
{
    free(s->jid);
    free(s->nick);
    free(s->version);
    free(s->log_origin);
    list_done(&s->rooms, &s->room_count);
    list_done(&s->muc_domains, &s->muc_domain_count);
    list_done(&s->inviters, &s->inviter_count);
    list_done(&s->registered_domains, &s->registered_domain_count);
    list_done(&s->token_owners, &s->token_owner_count);
    for (size_t i = 0; i < s->room_settings_count; i++)
        free(s->room_settings[i].glob);
    free(s->room_settings);
    memset(s, 0, sizeof(*s));
}

static char *default_origin(const char *jid)
{
    struct kr_buf b;
    kr_buf_init(&b, KR_JID_MAX);
    kr_buf_add_str(&b, jid);
    kr_buf_add_str(&b, "/audit");
    return kr_buf_take_str(&b);
}

void kr_settings_copy(struct kr_settings *dst, const struct kr_settings *src)
{
    memset(dst, 0, sizeof(*dst));
    dst->jid = kr_strdup(src->jid);
    dst->nick = kr_strdup(src->nick);
    dst->has_device = src->has_device;
    dst->device = src->device;
    dst->witnessed = src->witnessed;
    dst->keep_names_ms = src->keep_names_ms;
    dst->keep_evidence_ms = src->keep_evidence_ms;
    dst->keep_guests_ms = src->keep_guests_ms;
    dst->version = kr_strdup(src->version ? src->version : "");
    dst->log_origin =
        src->log_origin && *src->log_origin ? kr_strdup(src->log_origin) : default_origin(src->jid);
    list_copy(&dst->rooms, &dst->room_count, src->rooms, src->room_count);
    list_copy(&dst->muc_domains, &dst->muc_domain_count, src->muc_domains, src->muc_domain_count);
    list_copy(&dst->inviters, &dst->inviter_count, src->inviters, src->inviter_count);
    list_copy(&dst->registered_domains, &dst->registered_domain_count, src->registered_domains,
              src->registered_domain_count);
    list_copy(&dst->token_owners, &dst->token_owner_count, src->token_owners, src->token_owner_count);
    dst->room_settings = kr_calloc(src->room_settings_count, sizeof(*dst->room_settings));
    dst->room_settings_count = src->room_settings_count;
    for (size_t i = 0; i < src->room_settings_count; i++) {
        dst->room_settings[i] = src->room_settings[i];
        dst->room_settings[i].glob = kr_strdup(src->room_settings[i].glob);
    }
}

const struct kr_room_settings *kr_settings_room(const struct kr_settings *s, const char *room)
{
    for (size_t i = 0; i + 1 < s->room_settings_count; i++) {
        if (kr_glob_match(s->room_settings[i].glob, room))
            return &s->room_settings[i];
    }
    return &s->room_settings[s->room_settings_count - 1];
}

static size_t literal_prefix(const char *glob)
{
    return strcspn(glob, "*?");
}

static size_t literals(const char *glob)
{
    size_t n = 0;
    for (; *glob; glob++)
        n += *glob != '*' && *glob != '?';
    return n;
}

static int more_specific(const void *a, const void *b)
{
    const char *x = ((const struct kr_room_settings *)a)->glob;
    const char *y = ((const struct kr_room_settings *)b)->glob;
    size_t px = literal_prefix(x), py = literal_prefix(y);
    if (px != py)
        return px > py ? -1 : 1;
    size_t lx = literals(x), ly = literals(y);
    if (lx != ly)
        return lx > ly ? -1 : 1;
    /* qsort keeps no order of equals: a total one makes the outcome the same everywhere. "?" is narrower than
     * "*". */
    size_t sx = strlen(x), sy = strlen(y);
    if (strcmp(x, "*") == 0 || strcmp(y, "*") == 0)
        return (strcmp(x, "*") == 0) - (strcmp(y, "*") == 0);
    return sx != sy ? (sx > sy ? -1 : 1) : strcmp(x, y);
}

void kr_settings_sort(struct kr_settings *s)
{
    if (s->room_settings_count)
        qsort(s->room_settings, s->room_settings_count, sizeof(*s->room_settings), more_specific);
}
