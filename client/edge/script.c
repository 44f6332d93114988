#include "script.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

void kr_script_init(struct kr_script *s, const struct kr_options *options)
{
    *s = (struct kr_script){.options = options};
}

void kr_script_done(struct kr_script *s)
{
    for (size_t i = 0; i < s->count; i++)
        free(s->queue[i].participant);
    free(s->said);
    s->said = NULL;
    s->count = 0;
}

/* More than the queue has place for is left to a person. */
static void say(struct kr_script *s, enum kr_client_event_kind kind, const char *participant, bool same)
{
    if (s->count == KR_SCRIPT_QUEUE)
        return;
    struct kr_saying *q = &s->queue[s->count++];
    *q = (struct kr_saying){.event = {.kind = kind, .same = same}, .participant = kr_strdup(participant)};
}

static void hear_verify(struct kr_script *s, const struct kr_report *r)
{
    enum kr_sas_script script = s->options->sas_answer;
    if (script == KR_SCRIPT_PERSON)
        return;
    if (r->verify == KR_VERIFY_ASKED)
        say(s, script == KR_SCRIPT_DECLINE ? KR_CLIENT_VERIFY_CANCEL : KR_CLIENT_VERIFY, r->who[0], false);
    else if (r->verify == KR_VERIFY_CODE && script != KR_SCRIPT_DECLINE)
        say(s, KR_CLIENT_VERIFY_ANSWER, r->who[0], script == KR_SCRIPT_MATCH);
}

void kr_script_hear(struct kr_script *s, const struct kr_report *r)
{
    if (r->kind == KR_REPORT_VERIFY)
        hear_verify(s, r);
    if (r->kind != KR_REPORT_ANNOUNCE || !s->options->verify || s->begun)
        return;
    for (size_t i = 0; i < r->who_count; i++) {
        if (strcmp(r->who[i], s->options->verify) == 0) {
            s->begun = true;
            say(s, KR_CLIENT_VERIFY, r->who[i], false);
            return;
        }
    }
}

bool kr_script_next(struct kr_script *s, struct kr_client_event *ret_event)
{
    if (!s->count)
        return false;
    free(s->said);
    s->said = s->queue[0].participant;
    *ret_event = s->queue[0].event;
    ret_event->participant = s->said;
    memmove(s->queue, s->queue + 1, --s->count * sizeof(*s->queue));
    return true;
}

bool kr_script_command(const char *command, struct kr_client_event *ret_event)
{
    static const struct {
        const char *word;
        struct kr_client_event event;
    } words[] = {
        {"verify ", {.kind = KR_CLIENT_VERIFY}},
        {"match ", {.kind = KR_CLIENT_VERIFY_ANSWER, .same = true}},
        {"mismatch ", {.kind = KR_CLIENT_VERIFY_ANSWER}},
        {"distrust ", {.kind = KR_CLIENT_UNATTEST}},
        {"decline ", {.kind = KR_CLIENT_VERIFY_CANCEL}},
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t len = strlen(words[i].word);
        if (strncmp(command, words[i].word, len) != 0 || !command[len])
            continue;
        *ret_event = words[i].event;
        ret_event->participant = command + len;
        return true;
    }
    return false;
}
