#include "text/policy.h"

#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/limit.h"
#include "text/canonical.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const authorise_names[] = {"occupants", "members", "registered", "verified"};
static const char *const verified_by_names[] = {"operator", "registered", "owners"};
static const char *const approval_names[] = {"operator", "owners"};
static const char *const source_names[] = {"participants", "leader", "passphrase", "service"};
static const char *const format_names[] = {"sframe", "jframe"};

static const char *name_of(const char *const *names, size_t count, unsigned v)
{
    return v < count ? names[v] : NULL;
}

static int number_of(const char *const *names, size_t count, struct kr_span name, unsigned *ret_v)
{
    for (unsigned i = 0; i < count; i++) {
        if (strlen(names[i]) == name.len && name.len && memcmp(names[i], name.ptr, name.len) == 0) {
            *ret_v = i;
            return 0;
        }
    }
    return KR_E_MALFORMED;
}

const char *kr_authorise_name(enum kr_authorise v)
{
    return name_of(authorise_names, COUNT(authorise_names), (unsigned)v);
}

const char *kr_verified_by_name(enum kr_verified_by v)
{
    return name_of(verified_by_names, COUNT(verified_by_names), (unsigned)v);
}

const char *kr_approval_name(enum kr_approval v)
{
    return name_of(approval_names, COUNT(approval_names), (unsigned)v);
}

const char *kr_source_name(enum kr_source v)
{
    return name_of(source_names, COUNT(source_names), (unsigned)v);
}

const char *kr_format_name(enum kr_format v)
{
    return name_of(format_names, COUNT(format_names), (unsigned)v);
}

int kr_authorise_read(struct kr_span name, enum kr_authorise *ret_v)
{
    unsigned v;
    int err = number_of(authorise_names, COUNT(authorise_names), name, &v);
    if (!err)
        *ret_v = (enum kr_authorise)v;
    return err;
}

int kr_verified_by_read(struct kr_span name, enum kr_verified_by *ret_v)
{
    unsigned v;
    int err = number_of(verified_by_names, COUNT(verified_by_names), name, &v);
    if (!err)
        *ret_v = (enum kr_verified_by)v;
    return err;
}

int kr_approval_read(struct kr_span name, enum kr_approval *ret_v)
{
    unsigned v;
    int err = number_of(approval_names, COUNT(approval_names), name, &v);
    if (!err)
        *ret_v = (enum kr_approval)v;
    return err;
}

int kr_source_read(struct kr_span name, enum kr_source *ret_v)
{
    unsigned v;
    int err = number_of(source_names, COUNT(source_names), name, &v);
    if (!err)
        *ret_v = (enum kr_source)v;
    return err;
}

int kr_format_read(struct kr_span name, enum kr_format *ret_v)
{
    unsigned v;
    int err = number_of(format_names, COUNT(format_names), name, &v);
    if (!err)
        *ret_v = (enum kr_format)v;
    return err;
}

int kr_sources_read(const char *names, unsigned *ret_set)
{
    unsigned set = 0;
    for (;;) {
        enum kr_source source;
        size_t len = strcspn(names, " ");
        if (kr_source_read(kr_span(names, len), &source) || (set & KR_SOURCE_BIT(source)))
            return KR_E_MALFORMED;
        set |= KR_SOURCE_BIT(source);
        if (!names[len])
            break;
        names += len + 1;
    }
    *ret_set = set;
    return 0;
}

struct kr_buf kr_sources_write(unsigned set)
{
    struct kr_buf b;
    kr_buf_init(&b, KR_TEXT_MAX);
    for (unsigned i = 0; i < KR_SOURCES; i++) {
        if (!(set & KR_SOURCE_BIT(i)))
            continue;
        if (b.len)
            kr_buf_add_str(&b, " ");
        kr_buf_add_str(&b, source_names[i]);
    }
    return b;
}

bool kr_policy_allows(const struct kr_policy *p, enum kr_source source)
{
    return source == p->source ||
           (source == KR_SOURCE_LEADER && p->source == KR_SOURCE_PARTICIPANTS && p->leader_above != 0);
}

bool kr_suite_fits(enum kr_format format, uint64_t suite)
{
    return format == KR_FORMAT_SFRAME ? suite >= 1 && suite <= 5 : suite == 0;
}

struct kr_buf kr_policy_text(const struct kr_policy *p, const char *room)
{
    struct kr_buf b;
    kr_buf_init(&b, KR_TEXT_MAX);
    kr_text_begin(&b, "policy");
    kr_text_line(&b, "room", room);
    kr_text_line(&b, "authorise", kr_authorise_name(p->authorise));
    kr_text_line(&b, "approval", kr_approval_name(p->approval));
    kr_text_line(&b, "source", kr_source_name(p->source));
    kr_text_line_u64(&b, "leader-above", p->leader_above);
    kr_text_line(&b, "format", kr_format_name(p->format));
    kr_text_line_u64(&b, "suite", p->suite);
    kr_text_line_u64(&b, "rotate", p->rotate_s);
    if (p->authorise == KR_AUTHORISE_VERIFIED) {
        kr_text_line(&b, "verified-by", kr_verified_by_name(p->verified_by));
        kr_text_line_u64(&b, "verifiers", p->verifiers);
        kr_text_line_u64(&b, "verified-for", p->verified_for_s);
    }
    return b;
}

/* Leading zeros are caught by the re-encoding. */
static int read_u32(struct kr_span digits, uint32_t max, uint32_t *ret_v)
{
    uint64_t v = 0;
    if (digits.len == 0 || digits.len > 10)
        return KR_E_MALFORMED;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
            return KR_E_MALFORMED;
        v = v * 10 + (uint64_t)(digits.ptr[i] - '0');
    }
    if (v > max)
        return KR_E_MALFORMED;
    *ret_v = (uint32_t)v;
    return 0;
}

static int read_verified(struct kr_text_reader *r, struct kr_policy *p)
{
    int err = kr_verified_by_read(kr_text_next(r, "verified-by"), &p->verified_by);
    if (!err)
        err = read_u32(kr_text_next(r, "verifiers"), KR_VERIFIERS_MAX, &p->verifiers);
    if (!err)
        err = read_u32(kr_text_next(r, "verified-for"), UINT32_MAX, &p->verified_for_s);
    bool counted = p->verified_by == KR_VERIFIED_BY_REGISTERED;
    return err || counted != (p->verifiers != 0) || p->verified_for_s == 0 ? KR_E_MALFORMED : 0;
}

int kr_policy_read(struct kr_span text, const char *room, struct kr_policy *ret_p)
{
    struct kr_policy p = {0};
    uint32_t suite = 0;
    struct kr_text_reader r = kr_text_read(text, "policy");
    (void)kr_text_next(&r, "room"); /* compared by the re-encoding */
    int err = kr_authorise_read(kr_text_next(&r, "authorise"), &p.authorise);
    if (!err)
        err = kr_approval_read(kr_text_next(&r, "approval"), &p.approval);
    if (!err)
        err = kr_source_read(kr_text_next(&r, "source"), &p.source);
    if (!err)
        err = read_u32(kr_text_next(&r, "leader-above"), UINT32_MAX, &p.leader_above);
    if (!err)
        err = kr_format_read(kr_text_next(&r, "format"), &p.format);
    if (!err)
        err = read_u32(kr_text_next(&r, "suite"), UINT16_MAX, &suite);
    if (!err)
        err = read_u32(kr_text_next(&r, "rotate"), UINT32_MAX, &p.rotate_s);
    if (!err && p.authorise == KR_AUTHORISE_VERIFIED)
        err = read_verified(&r, &p);
    if (!err)
        err = kr_text_end(&r);
    if (err || !kr_suite_fits(p.format, suite))
        return KR_E_MALFORMED;
    p.suite = (uint16_t)suite;

    struct kr_buf again = kr_policy_text(&p, room);
    bool same = !again.err && again.len == text.len && memcmp(again.ptr, text.ptr, text.len) == 0;
    kr_buf_done(&again);
    if (!same)
        return KR_E_MALFORMED;
    *ret_p = p;
    return 0;
}

struct kr_digest kr_policy_hash(const struct kr_policy *p, const char *room)
{
    struct kr_buf b = kr_policy_text(p, room);
    struct kr_digest d = kr_sha256(kr_buf_span(&b));
    kr_buf_done(&b);
    return d;
}
