/* Fields of a JSON answer; what is missing or of another type reads as empty. */
#ifndef KR_TOOLS_FIELD_H
#define KR_TOOLS_FIELD_H

#include <jansson.h>
#include <stdbool.h>

static inline const char *kr_field_text(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));

    return s ? s : "";
}

static inline json_int_t kr_field_number(const json_t *o, const char *name)
{
    return json_integer_value(json_object_get(o, name));
}

static inline bool kr_field_flag(const json_t *o, const char *name)
{
    return json_is_true(json_object_get(o, name));
}

#endif
