#include "load/record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"

static const char *const names[KR_REC_KINDS] = {[KR_REC_ANNOUNCE] = "announce",
                                                [KR_REC_ENVELOPE] = "envelope",
                                                [KR_REC_ENVELOPE_RESULT] = "envelope-result",
                                                [KR_REC_DELIVER] = "deliver",
                                                [KR_REC_ACK] = "ack",
                                                [KR_REC_COMMIT] = "commit",
                                                [KR_REC_OTHER] = "other"};

void kr_record_done(struct kr_record *r)
{
    for (size_t k = 0; k < KR_REC_KINDS; k++)
        free(r->of[k].bytes);
    *r = (struct kr_record){.of = {{.bytes = NULL}}};
}

void kr_record_clear(struct kr_record *r)
{
    for (size_t k = 0; k < KR_REC_KINDS; k++)
        r->of[k].len = 0;
}

void kr_record_add(struct kr_record *r, enum kr_record_kind kind, size_t bytes)
{
    struct kr_sizes *s = &r->of[kind];
    void *array = s->bytes;
    kr_grow(&array, &s->cap, s->len, sizeof(*s->bytes));
    s->bytes = array;
    s->bytes[s->len++] = bytes;
}

int kr_record_write(const struct kr_record *r, const char *path)
{
    FILE *out = fopen(path, "we");
    if (!out)
        return KR_E_IO;
    for (size_t k = 0; k < KR_REC_KINDS; k++) {
        (void)fputs(names[k], out);
        for (size_t i = 0; i < r->of[k].len; i++)
            (void)fprintf(out, " %zu", r->of[k].bytes[i]);
        (void)fputc('\n', out);
    }
    return fclose(out) == 0 ? 0 : KR_E_IO;
}

static int read_line(char *line, struct kr_record *r)
{
    char *rest = NULL, *word = strtok_r(line, " \n", &rest);
    size_t kind = 0;
    while (word && kind < KR_REC_KINDS && strcmp(word, names[kind]) != 0)
        kind++;
    if (!word || kind == KR_REC_KINDS)
        return KR_E_MALFORMED;
    while ((word = strtok_r(NULL, " \n", &rest))) {
        char *end;
        errno = 0;
        unsigned long long bytes = strtoull(word, &end, 10);
        if (errno || *end || bytes > (1U << 24))
            return KR_E_MALFORMED;
        kr_record_add(r, (enum kr_record_kind)kind, (size_t)bytes);
    }
    return 0;
}

int kr_record_read(const char *path, struct kr_record *ret_record)
{
    FILE *in = fopen(path, "re");
    char *line = NULL;
    size_t cap = 0;
    int err = 0;
    if (!in)
        return KR_E_IO;
    *ret_record = (struct kr_record){.of = {{.bytes = NULL}}};
    while (!err && getline(&line, &cap, in) >= 0)
        err = read_line(line, ret_record);
    free(line);
    (void)fclose(in);
    if (err)
        kr_record_done(ret_record);
    return err;
}
