#include <string.h>

#include "base/limit.h"
#include "base/utf8.h"
#include "message/stanza.h"

enum { PART_MAX = KR_NICK_MAX }; /* every part of a JID has the same limit (RFC 7622) */

bool kr_jid_valid(const char *jid)
{
    if (!kr_utf8_plain(jid, KR_JID_MAX))
        return false;
    size_t bare_len = strcspn(jid, "/");
    const char *at = memchr(jid, '@', bare_len);
    const char *domain = at ? at + 1 : jid;
    size_t domain_len = bare_len - (size_t)(domain - jid);
    if (at && (at == jid || at - jid > PART_MAX || memchr(domain, '@', domain_len)))
        return false;
    if (domain_len == 0 || domain_len > PART_MAX)
        return false;
    if (!jid[bare_len])
        return true;
    size_t resource_len = strlen(jid + bare_len + 1);
    return resource_len >= 1 && resource_len <= PART_MAX;
}

const char *kr_jid_resource(const char *jid)
{
    const char *slash = strchr(jid, '/');
    return slash ? slash + 1 : "";
}

char *kr_jid_bare(struct kr_arena *arena, const char *jid)
{
    return kr_arena_strndup(arena, jid, strcspn(jid, "/"));
}

const char *kr_jid_domain(struct kr_arena *arena, const char *jid)
{
    size_t bare_len = strcspn(jid, "/");
    const char *at = memchr(jid, '@', bare_len);
    const char *domain = at ? at + 1 : jid;
    return kr_arena_strndup(arena, domain, bare_len - (size_t)(domain - jid));
}

bool kr_jid_same_bare(const char *a, const char *b)
{
    size_t a_len = strcspn(a, "/");
    return a_len == strcspn(b, "/") && memcmp(a, b, a_len) == 0;
}

bool kr_glob_match(const char *glob, const char *text)
{
    const char *star = NULL; /* the last star seen, and the text it has eaten up to */
    const char *resume = NULL;
    while (*text) {
        if (*glob == '*') {
            star = glob++;
            resume = text;
        } else if (*glob == '?' || *glob == *text) {
            glob++;
            text++;
        } else if (star) {
            glob = star + 1;
            text = ++resume;
        } else {
            return false;
        }
    }
    while (*glob == '*')
        glob++;
    return *glob == '\0';
}
