#include "sim/plan/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static const struct {
    enum sim_subject subject;
    const char *verb, *words;
    int64_t least, most;
} acts[SIM_ACT_KINDS] = {
#define PERSON                                       SIM_PERSON
#define SERVICE                                      SIM_ON_SERVICE
#define STORE                                        SIM_ON_STORE
#define SERVER                                       SIM_ON_SERVER
#define MUC                                          SIM_ON_MUC
#define OPERATOR                                     SIM_ON_OPERATOR
#define CLOCK                                        SIM_ON_CLOCK
#define ACT(name, subject, verb, words, least, most) [SIM_ACT_##name] = {subject, verb, words, least, most},
#include "sim/plan/act.def"
#undef ACT
};
static const char *const subjects[] = {"", "service", "store", "server", "muc", "operator", "clock"};

void sim_plan_init(struct sim_plan *p)
{
    *p = (struct sim_plan){.jitter_ms = 30};
}

void sim_plan_done(struct sim_plan *p)
{
    free(p->roles);
    free(p->acts);
    *p = (struct sim_plan){0};
}

void sim_plan_copy(struct sim_plan *dst, const struct sim_plan *src)
{
    *dst = *src;
    dst->role_cap = src->role_count;
    dst->act_cap = src->act_count;
    dst->roles = kr_calloc(src->role_count, sizeof(*dst->roles));
    dst->acts = kr_calloc(src->act_count, sizeof(*dst->acts));
    if (src->role_count)
        memcpy(dst->roles, src->roles, src->role_count * sizeof(*dst->roles));
    if (src->act_count)
        memcpy(dst->acts, src->acts, src->act_count * sizeof(*dst->acts));
}

struct sim_role *sim_plan_add_role(struct sim_plan *p, const char *name)
{
    kr_grow((void **)&p->roles, &p->role_cap, p->role_count, sizeof(*p->roles));
    struct sim_role *r = &p->roles[p->role_count];
    *r = (struct sim_role){.same_user_as = -1};
    snprintf(r->name, sizeof(r->name), "%s", name);
    p->role_count++;
    return r;
}

void sim_plan_add(struct sim_plan *p, struct sim_act act)
{
    kr_grow((void **)&p->acts, &p->act_cap, p->act_count, sizeof(*p->acts));
    p->acts[p->act_count++] = act;
}

/* Insertion: equal times keep their order, and plans are nearly sorted. */
void sim_plan_sort(struct sim_plan *p)
{
    for (size_t i = 1; i < p->act_count; i++) {
        struct sim_act a = p->acts[i];
        size_t k = i;
        for (; k && p->acts[k - 1].at_ms > a.at_ms; k--)
            p->acts[k] = p->acts[k - 1];
        p->acts[k] = a;
    }
}

/* Copies the word of that index out of "one two three"; false behind the last. */
static bool word_at(const char *words, int index, char out[static 32])
{
    for (; words && *words; index--) {
        size_t len = strcspn(words, " ");
        if (index == 0) {
            snprintf(out, 32, "%.*s", (int)len, words);
            return true;
        }
        words += len + (words[len] == ' ');
    }
    return false;
}

void sim_act_write(const struct sim_plan *p, const struct sim_act *a, char out[static 128])
{
    char word[32] = "", number[32] = "";
    const char *who =
        acts[a->kind].subject == SIM_PERSON ? p->roles[a->who].name : subjects[acts[a->kind].subject];
    bool has_word = word_at(acts[a->kind].words, a->word, word);
    if (acts[a->kind].least || acts[a->kind].most)
        snprintf(number, sizeof(number), " %lld", (long long)a->number);
    snprintf(out, 128, "%llu.%03llu %s %s%s%s%s", (unsigned long long)(a->at_ms / 1000),
             (unsigned long long)(a->at_ms % 1000), who, acts[a->kind].verb, has_word ? " " : "", word,
             number);
}

static bool read_time(const char *text, uint64_t *ret_ms)
{
    char *end;
    double s = strtod(text, &end);
    if (end == text || *end || !(s >= 0 && s < 1e6))
        return false;
    *ret_ms = (uint64_t)(s * 1000 + 0.5);
    return true;
}

static int find_role(const struct sim_plan *p, const char *name)
{
    for (size_t i = 0; i < p->role_count; i++)
        if (strcmp(p->roles[i].name, name) == 0)
            return (int)i;
    return -1;
}

static bool subject_is(enum sim_act_kind kind, int role, const char *name)
{
    return acts[kind].subject == SIM_PERSON ? role >= 0 : strcmp(subjects[acts[kind].subject], name) == 0;
}

/* What stands behind the verb. */
static bool read_rest(struct sim_act *a, char **words, size_t count, char err[static 256])
{
    size_t at = 0;
    char word[32];
    if (acts[a->kind].words) {
        for (a->word = 0; at < count && word_at(acts[a->kind].words, a->word, word); a->word++)
            if (strcmp(word, words[at]) == 0)
                break;
        if (at >= count || !word_at(acts[a->kind].words, a->word, word)) {
            snprintf(err, 256, "behind '%s' stands one of: %s", acts[a->kind].verb, acts[a->kind].words);
            return false;
        }
        at++;
    }
    if (acts[a->kind].least || acts[a->kind].most) {
        char *end = NULL;
        a->number = at < count ? strtoll(words[at], &end, 10) : 0;
        if (at >= count || *end || a->number < acts[a->kind].least || a->number > acts[a->kind].most) {
            snprintf(err, 256, "'%s' wants a number from %lld to %lld", acts[a->kind].verb,
                     (long long)acts[a->kind].least, (long long)acts[a->kind].most);
            return false;
        }
        at++;
    }
    if (at < count)
        snprintf(err, 256, "too much behind '%s': %s", acts[a->kind].verb, words[at]);
    return at == count;
}

bool sim_act_read(const struct sim_plan *p, const char *line, struct sim_act *ret_act, char err[static 256])
{
    char copy[128], *words[8], *save = NULL;
    size_t count = 0;
    snprintf(copy, sizeof(copy), "%s", line);
    for (char *w = strtok_r(copy, " \t\r\n", &save); w && count < 8; w = strtok_r(NULL, " \t\r\n", &save))
        words[count++] = w;
    *ret_act = (struct sim_act){0};
    if (count < 3 || !read_time(words[0], &ret_act->at_ms)) {
        snprintf(err, 256, "not SECONDS SUBJECT VERB: %.100s", line);
        return false;
    }
    int role = find_role(p, words[1]);
    for (int k = 0; k < SIM_ACT_KINDS; k++) {
        if (strcmp(acts[k].verb, words[2]) != 0 || !subject_is((enum sim_act_kind)k, role, words[1]))
            continue;
        ret_act->kind = (enum sim_act_kind)k;
        ret_act->who = acts[k].subject == SIM_PERSON ? role : 0;
        return read_rest(ret_act, words + 3, count - 3, err);
    }
    snprintf(err, 256, "nobody '%s' that '%s'", words[1], words[2]);
    return false;
}
