#define _GNU_SOURCE /* RTLD_NEXT */
#include "io/expat.h"

#include <dlfcn.h>
#include <expat.h>
#include <string.h>

static _Thread_local bool failed;

bool kr_expat_take_failure(void)
{
    bool was = failed;
    failed = false;
    return was;
}

/* A function pointer out of dlsym's object pointer, which C does not convert. */
static void find(const char *name, void *ret_function, size_t size)
{
    void *found = dlsym(RTLD_NEXT, name);
    memcpy(ret_function, &found, size);
}

/* For each call, since libstrophe resets its parser, and that with it. */
static void no_deferral(XML_Parser parser)
{
    static _Thread_local bool found;
    static _Thread_local XML_Bool (*set)(XML_Parser, XML_Bool); /* Expat before 2.6 has none */
    if (!found)
        find("XML_SetReparseDeferralEnabled", &set, sizeof(set));
    found = true;
    if (set)
        set(parser, XML_FALSE);
}

enum XML_Status XML_Parse(XML_Parser parser, const char *s, int len, int isFinal)
{
    static _Thread_local enum XML_Status (*parse)(XML_Parser, const char *, int, int);
    if (!parse)
        find("XML_Parse", &parse, sizeof(parse));
    no_deferral(parser);
    enum XML_Status status = parse ? parse(parser, s, len, isFinal) : XML_STATUS_ERROR;
    if (status == XML_STATUS_ERROR)
        failed = true;
    return status;
}
