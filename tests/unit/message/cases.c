#include "cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/limit.h"
#include "parse/text.h"

int case_run(case_recode recode, const char *xml, char **ret_again)
{
    struct kr_arena arena;
    struct kr_el *el = NULL;
    struct kr_xml x;
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    kr_xml_init(&x, KR_STANZA_MAX);
    int err = kr_el_parse(&arena, xml, strlen(xml), &el);
    if (!err)
        err = recode(el, &arena, &x);
    if (!err) {
        *ret_again = kr_xml_take(&x);
        assert_non_null(*ret_again);
    }
    kr_xml_done(&x);
    kr_arena_done(&arena);
    return err;
}

char *case_replace(const char *xml, const char *find, const char *put)
{
    const char *at = strstr(xml, find);
    if (!at)
        fail_msg("%s is not in %s", find, xml);
    size_t len = strlen(xml) + strlen(put) + 1;
    char *s = kr_malloc(len);
    snprintf(s, len, "%.*s%s%s", (int)(at - xml), xml, put, at + strlen(find));
    return s;
}

static void expect_same(case_recode recode, const char *xml, const char *want)
{
    char *again = NULL;
    int err = case_run(recode, xml, &again);
    if (err)
        fail_msg("%d for %s", err, xml);
    assert_string_equal(again, want);
    free(again);
}

static void expect_err(case_recode recode, const char *xml, int want)
{
    char *again = NULL;
    int err = case_run(recode, xml, &again);
    free(again);
    if (err != want)
        fail_msg("%d instead of %d for %s", err, want, xml);
}

static void drop_attributes(case_recode recode, const struct case_good *c)
{
    for (const char *p = strchr(c->xml, ' '); p; p = strchr(p + 1, ' ')) {
        size_t name_len = strcspn(p + 1, "='<> ");
        if (p[1 + name_len] != '=')
            continue;
        const char *end = strchr(p + 1 + name_len + 2, '\'') + 1;
        char name[64], padded[68], without[8192];
        snprintf(name, sizeof(name), "%.*s", (int)name_len, p + 1);
        snprintf(padded, sizeof(padded), " %s ", name);
        snprintf(without, sizeof(without), "%.*s%s", (int)(p - c->xml), c->xml, end);
        char *again = NULL;
        int err = case_run(recode, without, &again);
        free(again);
        if ((err == 0) != (strstr(c->optional, padded) != NULL))
            fail_msg("%d without %s: %s", err, name, without);
    }
}

static void ignore_unknown(case_recode recode, const struct case_good *c)
{
    char *with = case_replace(c->xml, " ", " future='1' ");
    expect_same(recode, with, c->xml);
    free(with);
    const char *tag_end = strchr(c->xml, '>');
    if (tag_end[-1] == '/')
        return;
    with = case_replace(c->xml, ">", "><future/><otk xmlns='urn:other'/><member xmlns='urn:other'/>");
    expect_same(recode, with, c->xml);
    free(with);
}

static void mutate(case_recode recode, const struct case_good *c)
{
    char *xml = kr_strdup(c->xml);
    size_t len = strlen(xml);
    for (size_t i = 0; i < len; i++) {
        for (const char *m = " 09Az'<=/\x7f\xc3-"; *m; m++) {
            char *again = NULL;
            xml[i] = *m;
            if (case_run(recode, xml, &again) == 0)
                expect_same(recode, again, again);
            free(again);
        }
        xml[i] = '\0';
        char *again = NULL;
        assert_int_not_equal(case_run(recode, xml, &again), 0);
        xml[i] = c->xml[i];
    }
    free(xml);
}

void case_check(case_recode recode, const struct case_good *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct case_good *c = &cases[i];
        expect_same(recode, c->xml, c->xml);
        drop_attributes(recode, c);
        ignore_unknown(recode, c);
        for (const struct case_edit *e = c->edits; e->find; e++) {
            char *edited = case_replace(c->xml, e->find, e->put);
            expect_err(recode, edited, e->err);
            free(edited);
        }
        mutate(recode, c);
    }
}
