#include "sim/plan/story.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static const char *const ciphers[] = {"null", "olm"};
static const char *const policies[] = {"occupants", "members", "registered"};
static const char *const sources[] = {"participants", "leader", "", "service"}; /* enum kr_source */

static int word_of(const char *const *words, int count, const char *word)
{
    for (int i = 0; i < count; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    return -1;
}

/* `ann`, `gus:guest`, `ivy:hall`, `pad:device-of=ann` */
static bool read_role(struct sim_plan *p, char *word, char err[static 256])
{
    char *save = NULL, *name = strtok_r(word, ":", &save);
    if (!name || strlen(name) >= SIM_NAME_MAX || p->role_count == SIM_PEOPLE_MAX) {
        snprintf(err, 256, "too long a name, or too many people");
        return false;
    }
    struct sim_role *r = sim_plan_add_role(p, name);
    for (char *trait = strtok_r(NULL, ":", &save); trait; trait = strtok_r(NULL, ":", &save)) {
        if (strcmp(trait, "guest") == 0) {
            r->guest = true;
        } else if (strcmp(trait, "follows") == 0) {
            r->follows = true;
        } else if (strcmp(trait, "hall") == 0) {
            r->room = 1;
        } else if (strncmp(trait, "device-of=", 10) == 0) {
            for (size_t i = 0; i + 1 < p->role_count; i++)
                if (strcmp(p->roles[i].name, trait + 10) == 0)
                    r->same_user_as = (int)i;
        } else {
            snprintf(err, 256, "nobody is '%.40s': guest, hall, follows or device-of=NAME", trait);
            return false;
        }
    }
    return true;
}

/* Cuts `p1..p40` in two. False: it is no range. */
static bool split_range(char *word, char **ret_last)
{
    char *dots = strstr(word, "..");
    if (dots) {
        *dots = '\0';
        *ret_last = dots + 2;
    }
    return dots != NULL;
}

/* `p1..p40:guest`: forty of them */
static bool read_roles(struct sim_plan *p, char *word, char err[static 256])
{
    char *last;
    if (!split_range(word, &last))
        return read_role(p, word, err);
    size_t prefix = strcspn(word, "0123456789");
    char *end, *traits = last;
    unsigned long from = strtoul(word + prefix, &end, 10);
    unsigned long to = strncmp(last, word, prefix) == 0 ? strtoul(last + prefix, &traits, 10) : 0;
    if (*end || to < from || (*traits && *traits != ':')) {
        snprintf(err, 256, "no range of people: %.40s..%.40s", word, last);
        return false;
    }
    for (; from <= to; from++) {
        char one[128];
        snprintf(one, sizeof(one), "%.*s%lu%s", (int)prefix, word, from, traits);
        if (!read_role(p, one, err))
            return false;
    }
    return true;
}

static bool read_people(struct sim_plan *p, char *rest, char err[static 256])
{
    char *save = NULL;
    for (char *w = strtok_r(rest, " \t", &save); w; w = strtok_r(NULL, " \t", &save))
        if (!read_roles(p, w, err))
            return false;
    return true;
}

static uint64_t ms_of(const char *text, char **ret_end)
{
    double s = strtod(text, ret_end);
    return s >= 0 && s < 1e6 ? (uint64_t)(s * 1000 + 0.5) : 0;
}

static bool expect(struct sim_story *s, enum sim_expectation_kind kind, char *text, unsigned line,
                   char err[static 256])
{
    struct sim_expectation e = {.kind = kind, .line = line, .after_ms = s->act_ms, .before_ms = UINT64_MAX};
    if (kind != SIM_NEVER && strncmp(text, "within ", 7) == 0) {
        e.before_ms = s->act_ms + ms_of(text + 7, &text);
        text += strspn(text, " \t");
    } else if (kind == SIM_NEVER && strncmp(text, "again ", 6) == 0) {
        text += 6;
    } else if (kind == SIM_NEVER) {
        e.after_ms = 0;
    }
    if (*text == '\0' || strlen(text) >= sizeof(e.text)) {
        snprintf(err, 256, "no text, or too long a one");
        return false;
    }
    snprintf(e.text, sizeof(e.text), "%s", text);
    kr_grow((void **)&s->expectations, &s->cap, s->count, sizeof(*s->expectations));
    s->expectations[s->count++] = e;
    return true;
}

static bool add_act(struct sim_story *s, const char *line, char err[static 256])
{
    struct sim_act a;
    if (!sim_act_read(&s->plan, line, &a, err))
        return false;
    sim_plan_add(&s->plan, a);
    s->act_ms = a.at_ms;
    s->plan.end_ms = a.at_ms >= s->plan.end_ms ? a.at_ms + 1 : s->plan.end_ms;
    return true;
}

static size_t role_at(const struct sim_plan *p, const char *name)
{
    size_t i = 0;
    while (i < p->role_count && strcmp(p->roles[i].name, name) != 0)
        i++;
    return i;
}

/* `10..60 every 0.5 p1..p40 leaves`: one after the other, and the first again behind the last */
static bool read_series(struct sim_story *s, char *line, char err[static 256])
{
    const struct sim_plan *p = &s->plan;
    char *save = NULL, *until, *last, *end;
    char *from = strtok_r(line, " \t", &save), *every = strtok_r(NULL, " \t", &save);
    const char *step = strtok_r(NULL, " \t", &save);
    char *who = strtok_r(NULL, " \t", &save);
    uint64_t step_ms = step ? ms_of(step, &end) : 0;
    if (!who || !split_range(from, &until) || strcmp(every, "every") != 0 || !step_ms || *end) {
        snprintf(err, 256, "not FROM..TO every SECONDS SUBJECT VERB");
        return false;
    }
    bool many = split_range(who, &last);
    size_t first = many ? role_at(p, who) : 0, behind = many ? role_at(p, last) + 1 : 1, at = first;
    if (many && (behind > p->role_count || behind <= first)) {
        snprintf(err, 256, "no such people: %.40s..%.40s", who, last);
        return false;
    }
    uint64_t begin_ms = ms_of(from, &end), to_ms = ms_of(until, &end);
    for (uint64_t ms = begin_ms; ms <= to_ms; ms += step_ms) {
        char one[160];
        snprintf(one, sizeof(one), "%llu.%03llu %s %s", (unsigned long long)(ms / 1000),
                 (unsigned long long)(ms % 1000), many ? p->roles[at].name : who, save);
        if (!add_act(s, one, err))
            return false;
        at = at + 1 < behind ? at + 1 : first;
    }
    s->act_ms = begin_ms;
    return true;
}

/* One line, without its end. */
static bool read_line(struct sim_story *s, char *line, unsigned number, char err[static 256])
{
    struct sim_plan *p = &s->plan;
    char *rest = line + strcspn(line, " \t");
    size_t len = (size_t)(rest - line);
    rest += strspn(rest, " \t");
#define IS(word) (len == strlen(word) && strncmp(line, word, len) == 0)
    if (IS("story")) {
        snprintf(s->title, sizeof(s->title), "%s", rest);
    } else if (IS("seed")) {
        p->seed = strtoull(rest, NULL, 10);
    } else if (IS("people")) {
        return read_people(p, rest, err);
    } else if (IS("jitter")) {
        p->jitter_ms = (int)(strtoul(rest, NULL, 10) % 100000);
    } else if (IS("calm")) {
        p->calm = true;
    } else if (IS("unsettled")) {
        p->unsettled = true;
    } else if (IS("end")) {
        p->end_ms = (uint64_t)(strtod(rest, NULL) * 1000 + 0.5);
    } else if (IS("at")) {
        s->act_ms = ms_of(rest, &rest);
    } else if (IS("leader-above")) {
        p->leader_above = (int)(strtoul(rest, NULL, 10) % SIM_PEOPLE_MAX);
    } else if (IS("cipher") || IS("policy") || IS("source")) {
        bool cipher = IS("cipher"), source = IS("source");
        int at = cipher   ? word_of(ciphers, 2, rest)
                 : source ? word_of(sources, 4, rest)
                          : word_of(policies, 3, rest);
        if (at < 0) {
            snprintf(err, 256, "no such %.*s: %.40s", (int)len, line, rest);
            return false;
        }
        if (cipher)
            p->cipher = (enum sim_cipher)at;
        else if (source)
            p->source = at;
        else
            p->policy = at;
    } else if (IS("expect") || IS("also") || IS("never")) {
        return expect(s, IS("expect") ? SIM_EXPECT : IS("also") ? SIM_ALSO : SIM_NEVER, rest, number, err);
    } else {
        const char *dots = strstr(line, "..");
        return dots && dots < line + len ? read_series(s, line, err) : add_act(s, line, err);
    }
#undef IS
    return true;
}

/* Cuts off a comment, and spaces before it. */
static void end_line(char *line)
{
    line[strcspn(line, "\r\n")] = '\0';
    for (char *at = line; (at = strchr(at, '#')) != NULL; at++)
        if (at == line || at[-1] == ' ') {
            *at = '\0';
            break;
        }
    for (size_t len = strlen(line); len && (line[len - 1] == ' ' || line[len - 1] == '\t'); len--)
        line[len - 1] = '\0';
}

bool sim_story_read(FILE *f, struct sim_story *s, char err[static 256])
{
    char line[512];
    unsigned number = 0;
    *s = (struct sim_story){.count = 0};
    sim_plan_init(&s->plan);
    s->plan.seed = 1;
    while (fgets(line, sizeof(line), f)) {
        char why[256] = "";
        number++;
        if (!strchr(line, '\n') && !feof(f))
            snprintf(why, sizeof(why), "too long a line");
        end_line(line);
        char *at = line + strspn(line, " \t");
        if (*at == '\0' && !why[0])
            continue;
        if (why[0] || !read_line(s, at, number, why)) {
            snprintf(err, 256, "line %u: %.200s", number, why);
            sim_story_done(s);
            return false;
        }
    }
    sim_plan_sort(&s->plan);
    return true;
}

void sim_story_done(struct sim_story *s)
{
    sim_plan_done(&s->plan);
    free(s->expectations);
    *s = (struct sim_story){.count = 0};
}

void sim_story_line(struct sim_story *s, uint64_t at_ms, const char *line)
{
    bool next = true; /* only the first `expect` that is not met may be */
    for (size_t i = 0; i < s->count; i++) {
        struct sim_expectation *e = &s->expectations[i];
        bool now = e->kind != SIM_EXPECT || (next && !e->met);
        next = next && (e->kind != SIM_EXPECT || e->met);
        if (now && at_ms >= e->after_ms && at_ms <= e->before_ms && strstr(line, e->text))
            e->met = true;
    }
}

const struct sim_expectation *sim_story_unmet(const struct sim_story *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->expectations[i].met == (s->expectations[i].kind == SIM_NEVER))
            return &s->expectations[i];
    return NULL;
}

void sim_story_write(FILE *f, const struct sim_plan *p, const char *title)
{
    fprintf(f, "story %s\nseed %llu\ncipher %s\npolicy %s\njitter %d\n", title, (unsigned long long)p->seed,
            ciphers[p->cipher], policies[p->policy], p->jitter_ms);
    if (p->source)
        fprintf(f, "source %s\n", sources[p->source]);
    if (p->leader_above)
        fprintf(f, "leader-above %d\n", p->leader_above);
    if (p->calm)
        fprintf(f, "calm\n");
    if (p->unsettled)
        fprintf(f, "unsettled\n");
    fprintf(f, "people");
    for (size_t i = 0; i < p->role_count; i++) {
        const struct sim_role *r = &p->roles[i];
        fprintf(f, " %s%s%s%s", r->name, r->guest ? ":guest" : "", r->room ? ":hall" : "",
                r->follows ? ":follows" : "");
        if (r->same_user_as >= 0)
            fprintf(f, ":device-of=%s", p->roles[r->same_user_as].name);
    }
    fprintf(f, "\n\n");
    for (size_t i = 0; i < p->act_count; i++) {
        char line[128];
        sim_act_write(p, &p->acts[i], line);
        fprintf(f, "%s\n", line);
    }
    fprintf(f, "end %llu.%03llu\n", (unsigned long long)(p->end_ms / 1000),
            (unsigned long long)(p->end_ms % 1000));
}
