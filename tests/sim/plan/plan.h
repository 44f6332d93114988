/* A plan: who there is and what happens to them when. Everything else of a run follows from its seed. */
#ifndef KR_SIM_PLAN_H
#define KR_SIM_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIM_PEOPLE_MAX = 64, SIM_ROOMS = 2, SIM_NAME_MAX = 16 };

/* How a dishonest client misbehaves (world/mischief.c), in this order. */
#define SIM_MISCHIEF_WORDS "mute garbling forging stale replaying crossing denying grasping misshapen"
enum sim_mischief {
    SIM_HONEST = -1,
    SIM_MUTE,      /* never seals */
    SIM_GARBLING,  /* seals what cannot be opened */
    SIM_FORGING,   /* signs with what is no signature */
    SIM_STALE,     /* speaks of old epochs */
    SIM_REPLAYING, /* says what it said before again */
    SIM_CROSSING,  /* seals for others than it should */
    SIM_DENYING,   /* acks that it misses what it holds */
    SIM_GRASPING,  /* claims keys over and over */
    SIM_MISSHAPEN, /* sends what is no request */
    SIM_MISCHIEFS
};

enum sim_subject {
    SIM_PERSON,
    SIM_ON_SERVICE,
    SIM_ON_STORE,
    SIM_ON_SERVER,
    SIM_ON_MUC,
    SIM_ON_OPERATOR,
    SIM_ON_CLOCK
};
enum sim_act_kind {
#define ACT(name, subject, verb, words, least, most) SIM_ACT_##name,
#include "sim/plan/act.def"
#undef ACT
    SIM_ACT_KINDS
};

/* The words of an act, in the order of act.def. */
enum sim_death { SIM_DIES_NOW, SIM_DIES_BEFORE, SIM_DIES_LOST, SIM_DIES_AFTER, SIM_DIES_MIDWAY, SIM_LIVES };
enum sim_store_fault { SIM_FAILS_BEGIN, SIM_FAILS_WRITE, SIM_FAILS_QUERY, SIM_FAILS_COMMIT, SIM_STORE_WORKS };

struct sim_act {
    uint64_t at_ms;
    enum sim_act_kind kind;
    int who;  /* of a person: its index; otherwise 0 */
    int word; /* index into the act's words; 0 if it has none */
    int64_t number;
};

struct sim_role {
    char name[SIM_NAME_MAX];
    int room;         /* 0 .. SIM_ROOMS - 1 */
    bool guest;       /* of a domain that is not registered */
    bool follows;     /* does not offer to lead */
    int same_user_as; /* another device of that person's user; -1: of its own user */
};

enum sim_cipher { SIM_CIPHER_NULL, SIM_CIPHER_OLM };

struct sim_plan {
    uint64_t seed;
    enum sim_cipher cipher;
    bool calm;      /* nothing goes wrong in it: then no frame may be lost and exposure has its short bound */
    bool unsettled; /* it ends without being given the time to settle */
    int policy;     /* enum kr_authorise */
    int source;     /* enum kr_source: participants, leader or service */
    int leader_above; /* with participants; 0: never */
    int jitter_ms;    /* of each stanza on its way */
    uint64_t end_ms;
    struct sim_role *roles;
    size_t role_count, role_cap;
    struct sim_act *acts; /* by rising time */
    size_t act_count, act_cap;
};

void sim_plan_init(struct sim_plan *p);
void sim_plan_done(struct sim_plan *p);
void sim_plan_copy(struct sim_plan *dst, const struct sim_plan *src); /* dst: uninitialised or done */
struct sim_role *sim_plan_add_role(struct sim_plan *p,
                                   const char *name); /* the plan's, until the next is added */
void sim_plan_add(struct sim_plan *p, struct sim_act act);
void sim_plan_sort(struct sim_plan *p);

/* One act as a line, without its end; and back. err: 256 bytes, says what is wrong. */
void sim_act_write(const struct sim_plan *p, const struct sim_act *a, char out[static 128]);
bool sim_act_read(const struct sim_plan *p, const char *line, struct sim_act *ret_act, char err[static 256]);

/* plan/generate.c: the plan that a seed stands for. */
void sim_plan_generate(struct sim_plan *p, uint64_t seed, enum sim_cipher cipher);

#endif
