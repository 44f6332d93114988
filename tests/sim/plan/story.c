#include "sim/plan/story.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static const char *const ciphers[] = {"null", "olm"};
static const char *const policies[] = {"occupants", "members", "registered"};

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
        } else if (strcmp(trait, "hall") == 0) {
            r->room = 1;
        } else if (strncmp(trait, "device-of=", 10) == 0) {
            for (size_t i = 0; i + 1 < p->role_count; i++)
                if (strcmp(p->roles[i].name, trait + 10) == 0)
                    r->same_user_as = (int)i;
        } else {
            snprintf(err, 256, "nobody is '%.40s': guest, hall or device-of=NAME", trait);
            return false;
        }
    }
    return true;
}

static bool read_people(struct sim_plan *p, char *rest, char err[static 256])
{
    char *save = NULL;
    for (char *w = strtok_r(rest, " \t", &save); w; w = strtok_r(NULL, " \t", &save))
        if (!read_role(p, w, err))
            return false;
    return true;
}

static void expect(struct sim_story *s, const char *text, bool never)
{
    kr_grow((void **)&s->expectations, &s->cap, s->count, sizeof(*s->expectations));
    struct sim_expectation *e = &s->expectations[s->count++];
    *e = (struct sim_expectation){.never = never};
    if (!never && s->plan.act_count)
        e->after_ms = s->plan.acts[s->plan.act_count - 1].at_ms;
    snprintf(e->text, sizeof(e->text), "%s", text);
}

/* One line, without its end. */
static bool read_line(struct sim_story *s, char *line, char err[static 256])
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
    } else if (IS("cipher") || IS("policy")) {
        bool cipher = IS("cipher");
        int at = cipher ? word_of(ciphers, 2, rest) : word_of(policies, 3, rest);
        if (at < 0) {
            snprintf(err, 256, "no such %s: %.40s", cipher ? "cipher" : "policy", rest);
            return false;
        }
        if (cipher)
            p->cipher = (enum sim_cipher)at;
        else
            p->policy = at;
    } else if (IS("expect") || IS("never")) {
        expect(s, rest, IS("never"));
    } else {
        struct sim_act a;
        if (!sim_act_read(p, line, &a, err))
            return false;
        sim_plan_add(p, a);
        p->end_ms = a.at_ms >= p->end_ms ? a.at_ms + 1 : p->end_ms;
    }
#undef IS
    return true;
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
        line[strcspn(line, "\r\n")] = '\0';
        char *at = line + strspn(line, " \t");
        if (*at == '\0' || *at == '#')
            continue;
        if (!read_line(s, at, why)) {
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

void sim_story_write(FILE *f, const struct sim_plan *p, const char *title)
{
    fprintf(f, "story %s\nseed %llu\ncipher %s\npolicy %s\njitter %d\n", title, (unsigned long long)p->seed,
            ciphers[p->cipher], policies[p->policy], p->jitter_ms);
    if (p->calm)
        fprintf(f, "calm\n");
    if (p->unsettled)
        fprintf(f, "unsettled\n");
    fprintf(f, "people");
    for (size_t i = 0; i < p->role_count; i++) {
        const struct sim_role *r = &p->roles[i];
        fprintf(f, " %s%s%s", r->name, r->guest ? ":guest" : "", r->room ? ":hall" : "");
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
