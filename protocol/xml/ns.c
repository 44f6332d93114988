#include "xml/ns.h"

#include <string.h>

bool kr_ns_is_stanza(const char *ns)
{
    return strcmp(ns, KR_NS_CLIENT) == 0 || strcmp(ns, KR_NS_COMPONENT) == 0;
}
