#include "show_verify.h"

static const char *who(const struct kr_report *r)
{
    return r->who_count ? r->who[0] : "";
}

static void code_fields(const struct kr_sas_code *code, json_t *f)
{
    json_t *numbers = json_array(), *emoji = json_array();
    for (size_t i = 0; i < KR_SAS_NUMBERS; i++)
        json_array_append_new(numbers, json_integer(code->numbers[i]));
    for (size_t i = 0; i < KR_SAS_EMOJI; i++)
        json_array_append_new(emoji, json_pack("[s,s]", kr_sas_emoji_picture(code->emoji[i]),
                                               kr_sas_emoji_name(code->emoji[i])));
    json_object_set_new(f, "numbers", numbers);
    json_object_set_new(f, "emoji", emoji);
}

void kr_show_verify_fields(const struct kr_report *r, json_t *f)
{
    char device[KR_ID_TEXT];
    kr_id_write(device, &r->device);
    json_object_set_new(f, "who", json_string(who(r)));
    json_object_set_new(f, "device", json_string(device));
    if (r->kind == KR_REPORT_TRUST) {
        json_object_set_new(f, "trust", json_string(kr_trust_name(r->trust)));
        if (r->why)
            json_object_set_new(f, "name", json_string(r->why));
        return;
    }
    json_object_set_new(f, "step", json_string(kr_verify_step_name(r->verify)));
    if (r->verify == KR_VERIFY_CODE)
        code_fields(&r->code, f);
    if (r->what) {
        json_object_set_new(f, "reason", json_string(r->what));
        json_object_set_new(f, "why", json_string(r->why));
        json_object_set_new(f, "by_peer", json_boolean(r->by_peer));
    }
}

static void code_line(const struct kr_report *r, struct kr_buf *b)
{
    kr_buf_printf(b, "compare aloud with %s (`match %s` or `mismatch %s`):\n    ", who(r), who(r), who(r));
    for (size_t i = 0; i < KR_SAS_EMOJI; i++)
        kr_buf_printf(b, "%s%s %s", i ? "  " : "", kr_sas_emoji_picture(r->code.emoji[i]),
                      kr_sas_emoji_name(r->code.emoji[i]));
    kr_buf_printf(b, "\n    ");
    for (size_t i = 0; i < KR_SAS_NUMBERS; i++)
        kr_buf_printf(b, "%s%u", i ? "  " : "", r->code.numbers[i]);
}

static void trust_line(const struct kr_report *r, struct kr_buf *b)
{
    if (r->trust == KR_TRUST_VERIFIED)
        kr_buf_printf(b, "%s has the device that was verified as %s", who(r), r->why);
    else if (r->trust == KR_TRUST_CHANGED)
        kr_buf_printf(b, "NOT VERIFIED: %s has another device than the one that was verified as %s", who(r),
                      r->why);
    else
        kr_buf_printf(b, "%s is not verified", who(r));
}

void kr_show_verify_line(const struct kr_report *r, struct kr_buf *b)
{
    if (r->kind == KR_REPORT_TRUST) {
        trust_line(r, b);
        return;
    }
    switch (r->verify) {
    case KR_VERIFY_ASKED:
        kr_buf_printf(b, "%s asks to verify each other (`verify %s` or `decline %s`)", who(r), who(r),
                      who(r));
        break;
    case KR_VERIFY_CODE:
        code_line(r, b);
        break;
    case KR_VERIFY_DONE:
        kr_buf_printf(b, "VERIFIED: %s", who(r));
        break;
    case KR_VERIFY_MISMATCH:
        kr_buf_printf(b, "THE CODES DIFFER: %s %s: %s", who(r), r->by_peer ? "says so" : "is told so",
                      r->why);
        break;
    case KR_VERIFY_ENDED:
        kr_buf_printf(b, "verification with %s ended%s: %s", who(r), r->by_peer ? " by them" : "", r->why);
        break;
    }
}
