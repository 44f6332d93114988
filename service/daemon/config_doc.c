#include <string.h>

#include "daemon/options.h"

/* --- keyroom.conf(5) --- */

/* roff: a backslash, and a '.' or '\'' at the start of a line, mean something; a '-' in an option is a minus.
 */
static void roff(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '-')
            (void)fputs("\\-", out);
        else if (*text == '\\')
            (void)fputs("\\e", out);
        else
            (void)fputc(*text, out);
    }
}

static void values(FILE *out, const struct kr_option *o)
{
    const char *name;

    if (o->type == KR_TYPE_U32) {
        (void)fprintf(out, "A number from %u to %u. ", o->min, o->max);
    } else if (kr_option_choice(o->type, 0)) {
        (void)fputs("One of ", out);
        for (uint32_t v = 0; (name = kr_option_choice(o->type, v)); v++)
            (void)fprintf(out, "%s%s", v ? ", " : "", name);
        (void)fputs(". ", out);
    } else if (o->type == KR_TYPE_PATH) {
        (void)fputs("An absolute path. ", out);
    }
}

static void man_option(FILE *out, const struct kr_option *o)
{
    (void)fputs(".TP\n.B ", out);
    roff(out, o->name);
    (void)fputc('\n', out);
    roff(out, o->help);
    (void)fputc('\n', out);
    values(out, o);
    if (o->flags & KR_FLAG_REQUIRED)
        (void)fputs("Required. ", out);
    else if (*o->def) {
        (void)fputs("Default: ", out);
        roff(out, o->def);
        (void)fputs(". ", out);
    }
    if (kr_option_is_list(o->type))
        (void)fputs("May be given several times. ", out);
    if (o->flags & KR_FLAG_SECRET)
        (void)fputs("Group and others must not have access to the file (mode 0600). ", out);
    (void)fputs(o->flags & KR_FLAG_RELOAD ? "Applied on reload.\n" : "Applied on restart.\n", out);
}

void kr_config_print_man(FILE *out)
{
    (void)fputs(
        ".TH KEYROOM.CONF 5 \"\" \"keyroom\" \"File formats\"\n"
        ".SH NAME\n"
        "keyroom.conf \\- configuration of keyroomd\n"
        ".SH SYNOPSIS\n"
        ".I /etc/keyroom/keyroom.conf\n"
        ".SH DESCRIPTION\n"
        "One option a line, written\n"
        ".IR name \" = \" value .\n"
        "A '#' at the start of a line, or behind white space, begins a comment. Options for rooms stand in "
        "sections\n"
        "at the end of the file, each begun by a line\n"
        ".BI \"[room \\(dq\" GLOB \"\\(dq]\"\n"
        "with a pattern for room JIDs, in which '*' is any text and '?' any character. The most specific "
        "section\n"
        "that matches a room counts: the one with the longest text before its first '*' or '?'. What it "
        "leaves open is\n"
        "taken from the section \\(dq*\\(dq, and what that leaves open is the default.\n"
        ".PP\n"
        "An unknown option, an option set twice, or a value that is not of its form is an error with file "
        "and line;\n"
        ".B keyroomd \\-t\n"
        "checks a file without starting anything. SIGHUP reloads the file; a bad one is refused as a whole.\n"
        ".SH OPTIONS\n",
        out);
    for (size_t i = 0; i < KR_OPTIONS; i++)
        man_option(out, &kr_options[i]);
    (void)fputs(".SH ROOM OPTIONS\n", out);
    for (size_t i = 0; i < KR_ROOM_OPTIONS; i++)
        man_option(out, &kr_room_options[i]);
    (void)fputs(".SH SEE ALSO\n.BR keyroomd (8),\n.BR keyroomctl (8)\n", out);
}

/* --- the example --- */

enum { WIDTH = 100 };

static void comment(FILE *out, const char *text)
{
    size_t column = 0;

    while (*text) {
        size_t len = strcspn(text, " ");

        if (column && column + 1 + len > WIDTH) {
            (void)fputc('\n', out);
            column = 0;
        }
        column += (size_t)fprintf(out, "%s%.*s", column ? " " : "# ", (int)len, text);
        text += len + (text[len] ? 1 : 0);
    }
    (void)fputc('\n', out);
}

/* Values that show the form where there is no default. */
static const char *sample(const struct kr_option *o)
{
    static const char *const samples[][2] = {
        {"jid", "keyroom.example.org"},
        {"secret-file", "/etc/keyroom/secret"},
        {"seal-key-file", "/etc/keyroom/seal.key"},
        {"muc", "conference.example.org"},
        {"room", "standup@conference.example.org"},
        {"inviter", "*@example.org"},
        {"registered-domain", "example.org"},
        {"witness", "witness.example.org+0ea12664+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X "
                    "https://witness.example.org"},
        {"token-owners", "conference.example.org"},
    };

    for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++)
        if (strcmp(samples[i][0], o->name) == 0)
            return samples[i][1];
    return o->def;
}

static void example_option(FILE *out, const struct kr_option *o)
{
    const char *name;

    (void)fputc('\n', out);
    comment(out, o->help);
    if (kr_option_choice(o->type, 0)) {
        (void)fputs("#", out);
        for (uint32_t v = 0; (name = kr_option_choice(o->type, v)); v++)
            (void)fprintf(out, "%s %s", v ? " |" : "", name);
        (void)fputc('\n', out);
    }
    /* What must be set to start stands there uncommented; the rest shows its default. */
    (void)fprintf(out, "%s%s = %s\n", (o->flags & (KR_FLAG_REQUIRED | KR_FLAG_SECRET)) ? "" : "#", o->name,
                  sample(o));
}

void kr_config_print_example(FILE *out)
{
    (void)fputs("# Configuration of keyroomd; see keyroom.conf(5). Check it with: keyroomd -t\n", out);
    for (size_t i = 0; i < KR_OPTIONS; i++)
        example_option(out, &kr_options[i]);
    (void)fputs(
        "\n\n# Options for rooms: one section per pattern, the most specific one counts.\n[room \"*\"]\n",
        out);
    for (size_t i = 0; i < KR_ROOM_OPTIONS; i++)
        example_option(out, &kr_room_options[i]);
}
