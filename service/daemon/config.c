#include "daemon/config.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/limit.h"
#include "daemon/options.h"
#include "io/file.h"
#include "io/seal.h"

#define DAY_MS ((uint64_t)86400000)

void kr_config_done(struct kr_config *c)
{
    for (size_t i = 0; i < KR_OPTIONS; i++)
        kr_option_done(&kr_options[i], (char *)c + kr_options[i].offset);
    for (size_t r = 0; r < c->room_count; r++) {
        for (size_t i = 0; i < KR_ROOM_OPTIONS; i++)
            kr_option_done(&kr_room_options[i], (char *)&c->rooms[r] + kr_room_options[i].offset);
        free(c->rooms[r].glob);
    }
    free(c->rooms);
    free(c->path);
    *c = (struct kr_config){0};
}

static void copy_list(const struct kr_strings *from, char ***ret_v, size_t *ret_len)
{
    char **v = kr_calloc(from->len, sizeof(*v));

    for (size_t i = 0; i < from->len; i++)
        v[i] = kr_strdup(from->v[i]);
    *ret_v = v;
    *ret_len = from->len;
}

void kr_config_settings(const struct kr_config *c, struct kr_settings *ret_settings)
{
    struct kr_settings s = {
        .jid = kr_strdup(c->jid), .nick = kr_strdup(c->nick), .version = kr_strdup(KR_VERSION)};

    s.witnessed = c->witness.len != 0;
    s.keep_names_ms = c->keep_names_d * DAY_MS;
    s.keep_evidence_ms = c->keep_evidence_d * DAY_MS;
    s.keep_guests_ms = c->keep_guests_d * DAY_MS;
    copy_list(&c->room, &s.rooms, &s.room_count);
    copy_list(&c->muc, &s.muc_domains, &s.muc_domain_count);
    copy_list(&c->inviter, &s.inviters, &s.inviter_count);
    copy_list(&c->registered_domain, &s.registered_domains, &s.registered_domain_count);
    copy_list(&c->token_owners, &s.token_owners, &s.token_owner_count);
    s.room_settings = kr_calloc(c->room_count, sizeof(*s.room_settings));
    s.room_settings_count = c->room_count;
    for (size_t i = 0; i < c->room_count; i++) {
        const struct kr_config_room *r = &c->rooms[i];
        bool verified = r->authorise == KR_AUTHORISE_VERIFIED;
        bool counted = verified && r->verified_by == KR_VERIFIED_BY_REGISTERED;

        s.room_settings[i] = (struct kr_room_settings){
            .glob = kr_strdup(r->glob),
            .policy = {.authorise = (enum kr_authorise)r->authorise,
                       .approval = (enum kr_approval)r->approval,
                       .source = (enum kr_source)r->source,
                       .leader_above = r->source == KR_SOURCE_PARTICIPANTS ? r->leader_above : 0,
                       .format = (enum kr_format)r->format,
                       .suite = r->format == KR_FORMAT_JFRAME ? 0 : (uint16_t)r->suite,
                       .rotate_s = r->rotate_s,
                       .verified_by = verified ? (enum kr_verified_by)r->verified_by : 0,
                       .verifiers = counted ? r->verifiers : 0,
                       .verified_for_s = verified ? r->verified_for_s : 0},
            .deadline_ms = r->deadline_ms,
            .deadline_member_ms = r->deadline_member_ms,
            .coalesce_ms = r->coalesce_ms,
            .coalesce_max_ms = r->coalesce_max_ms,
        };
    }
    kr_settings_sort(&s);
    *ret_settings = s;
}

enum kr_log_level kr_config_log_level(const struct kr_config *c)
{
    static const enum kr_log_level levels[] = {KR_LOG_ERROR, KR_LOG_WARN, KR_LOG_INFO, KR_LOG_DEBUG};

    return levels[c->log_level];
}

void kr_config_keep_fixed(const struct kr_config *running, struct kr_config *fresh,
                          void (*each)(void *arg, const char *name), void *arg)
{
    for (size_t i = 0; i < KR_OPTIONS; i++) {
        const struct kr_option *o = &kr_options[i];
        const void *old = (const char *)running + o->offset;
        void *new = (char *)fresh + o->offset;

        if ((o->flags & KR_FLAG_RELOAD) || kr_option_equal(o, old, new))
            continue;
        each(arg, o->name);
        kr_option_done(o, new);
        kr_option_copy(o, new, old);
    }
}

int kr_config_listen(const char *listen, char ret_address[static 64], uint16_t *ret_port)
{
    const char *colon = strrchr(listen, ':');
    char address[64];
    struct in_addr v4;
    struct in6_addr v6;
    size_t len = colon ? (size_t)(colon - listen) : 0;
    unsigned long port;
    char *end;

    if (!colon || len == 0 || len >= sizeof(address) || colon[1] < '1' || colon[1] > '9')
        return KR_E_CONFIG;
    port = strtoul(colon + 1, &end, 10);
    if (*end || port > 65535)
        return KR_E_CONFIG;
    memcpy(address, listen, len);
    address[len] = '\0';
    if (address[0] == '[' && address[len - 1] == ']') {
        memmove(address, address + 1, len - 2);
        address[len - 2] = '\0';
        if (inet_pton(AF_INET6, address, &v6) != 1 || memcmp(&v6, &in6addr_loopback, sizeof(v6)) != 0)
            return KR_E_CONFIG;
    } else if (inet_pton(AF_INET, address, &v4) != 1 || (ntohl(v4.s_addr) >> 24) != 127) {
        return KR_E_CONFIG;
    }
    memcpy(ret_address, address, strlen(address) + 1);
    *ret_port = (uint16_t)port;
    return 0;
}
