#include "core/output.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum { LINE_MAX_BYTES = 1024 };

void kr_output_init(struct kr_output *o)
{
    memset(o, 0, sizeof(*o));
}

void kr_output_clear_writes(struct kr_output *o)
{
    for (size_t i = 0; i < o->write_count; i++)
        kr_write_done(&o->writes[i]);
    o->write_count = 0;
}

void kr_output_clear_queries(struct kr_output *o)
{
    for (size_t i = 0; i < o->query_count; i++) {
        free((char *)o->queries[i].owner);
        free((char *)o->queries[i].room);
        free(o->queries[i].nodes);
    }
    o->query_count = 0;
}

void kr_output_done(struct kr_output *o)
{
    kr_output_clear_writes(o);
    kr_output_clear_queries(o);
    for (size_t i = 0; i < o->send_count; i++)
        free(o->sends[i].xml);
    for (size_t i = 0; i < o->own_count; i++)
        kr_own_note_done(&o->own[i]);
    for (size_t i = 0; i < o->trace_count; i++)
        free(o->traces[i].line);
    for (size_t i = 0; i < o->reply_count; i++)
        free(o->replies[i].text);
    free(o->writes);
    free(o->queries);
    free(o->sends);
    free(o->own);
    free(o->traces);
    free(o->replies);
    kr_output_init(o);
}

void kr_output_write(struct kr_output *o, const struct kr_write *w)
{
    kr_grow((void **)&o->writes, &o->write_cap, o->write_count, sizeof(*o->writes));
    kr_write_copy(&o->writes[o->write_count++], w);
}

void kr_output_query(struct kr_output *o, const struct kr_query *q)
{
    kr_grow((void **)&o->queries, &o->query_cap, o->query_count, sizeof(*o->queries));
    struct kr_query *copy = &o->queries[o->query_count++];
    *copy = *q;
    copy->owner = kr_strdup(q->owner ? q->owner : "");
    copy->room = kr_strdup(q->room ? q->room : "");
    copy->nodes = kr_calloc(q->node_count, sizeof(*copy->nodes));
    if (q->node_count)
        memcpy(copy->nodes, q->nodes, q->node_count * sizeof(*copy->nodes));
}

void kr_output_send(struct kr_output *o, char *xml)
{
    if (!xml)
        return;
    kr_grow((void **)&o->sends, &o->send_cap, o->send_count, sizeof(*o->sends));
    o->sends[o->send_count++] = (struct kr_send){.xml = xml, .len = strlen(xml)};
}

void kr_own_note_done(struct kr_own_note *note)
{
    free(note->room);
    free(note->text);
    *note = (struct kr_own_note){0};
}

void kr_output_own(struct kr_output *o, enum kr_own_kind kind, const char *room, char *text)
{
    if (kind == KR_OWN_STANZA && !text)
        return;
    kr_grow((void **)&o->own, &o->own_cap, o->own_count, sizeof(*o->own));
    struct kr_own_note *note = &o->own[o->own_count++];
    *note = (struct kr_own_note){.kind = kind, .room = kr_strdup(room)};
    note->text = text;
}

static char *format(const char *fmt, va_list args) __attribute__((format(printf, 1, 0)));
static char *format(const char *fmt, va_list args)
{
    char *line = kr_malloc(LINE_MAX_BYTES);
    int len = vsnprintf(line, LINE_MAX_BYTES, fmt, args);
    if (len < 0)
        line[0] = '\0';
    return line;
}

void kr_output_trace(struct kr_output *o, enum kr_trace_level level, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    kr_grow((void **)&o->traces, &o->trace_cap, o->trace_count, sizeof(*o->traces));
    o->traces[o->trace_count++] = (struct kr_trace){.level = level, .line = format(fmt, args)};
    va_end(args);
}

void kr_output_reply(struct kr_output *o, uint64_t token, int err, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    kr_grow((void **)&o->replies, &o->reply_cap, o->reply_count, sizeof(*o->replies));
    o->replies[o->reply_count++] =
        (struct kr_control_reply){.token = token, .err = err, .text = format(fmt, args)};
    va_end(args);
}
