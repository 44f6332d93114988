/* kr-vectors: does this build agree with the published test vectors? Kinds are told apart by the keys they
 * stand under, so a file may hold any of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vector.h"

enum { OK = 0, WRONG = 1, MISUSE = 2 };

enum {
    FILE_MAX = 67108864, /* bytes: far above any file of vectors, far below memory */
    JSON_INT_DIGITS = 19 /* numbers with as many digits may not fit jansson's signed 64 bits */
};

static const struct kind {
    const char *name;
    void (*check)(struct vector *v); /* NULL: not built */
} kinds[] = {
    {"header", vector_sframe_header},    {"aes_ctr_hmac", vector_sframe_ctr_hmac},
    {"aes_256_ctr_hmac", NULL},          {"sframe", vector_sframe},
    {"gcm", vector_jframe_gcm},          {"ratchet", vector_jframe_ratchet},
    {"ctr", vector_jframe_ctr},          {"ctr_signed", vector_jframe_ctr_signed},
    {"pbkdf2", vector_pbkdf2},           {"inclusion", vector_inclusion},
    {"consistency", vector_consistency}, {"events", NULL},
};

static const struct kind *find_kind(const char *name)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    }
    return NULL;
}

static void usage(FILE *to)
{
    fputs("usage: kr-vectors FILE...\n"
          "       kr-vectors --help | --version\n"
          "\n"
          "Checks files of test vectors (JSON). For each kind in a file prints a line with the kind and\n"
          "how many cases held, or `skipped KIND` for a kind that this build does not check.\n"
          "\n"
          "exit status: 0 all held, 1 at the first wrong verdict, 2 on misuse or an unreadable file\n"
          "\n"
          "kinds:",
          to);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (kinds[i].check)
            fprintf(to, " %s", kinds[i].name);
    }
    fputs("\n", to);
}

static int check_case(const char *path, const struct kind *kind, size_t index, const json_t *json)
{
    struct vector v = {.json = json};
    kr_arena_init(&v.arena, FILE_MAX);
    vector_check(&v, json_is_object(json), "the case");
    if (!v.why[0])
        kind->check(&v);
    if (v.why[0])
        fprintf(stderr, "kr-vectors: %s: %s[%zu]: %s\n", path, kind->name, index, v.why);
    kr_arena_done(&v.arena);
    return v.why[0] ? WRONG : OK;
}

static int check_kind(const char *path, const struct kind *kind, const json_t *list)
{
    if (!kind->check) {
        printf("skipped %s\n", kind->name);
        return OK;
    }
    size_t count = json_array_size(list);
    for (size_t i = 0; i < count; i++) {
        if (check_case(path, kind, i, json_array_get(list, i)) != OK)
            return WRONG;
    }
    printf("%s %zu\n", kind->name, count);
    return OK;
}

/* jansson's integers are signed: puts longer ones in quotes, where the reader of a field finds them. */
static void quote_long_integers(struct kr_span text, struct kr_buf *out)
{
    bool in_string = false;
    size_t i = 0;
    while (i < text.len) {
        uint8_t c = text.ptr[i];
        size_t digits = 0;
        while (!in_string && i + digits < text.len && text.ptr[i + digits] >= '0' &&
               text.ptr[i + digits] <= '9')
            digits++;
        if (digits) {
            bool quote = digits >= JSON_INT_DIGITS && i && strchr(" \t\r\n:,[", text.ptr[i - 1]);
            kr_buf_add(out, "\"", quote ? 1 : 0);
            kr_buf_add(out, text.ptr + i, digits);
            kr_buf_add(out, "\"", quote ? 1 : 0);
            i += digits;
            continue;
        }
        size_t len = in_string && c == '\\' && i + 1 < text.len ? 2 : 1;
        if (c == '"')
            in_string = !in_string;
        kr_buf_add(out, text.ptr + i, len);
        i += len;
    }
}

static int read_file(const char *path, struct kr_buf *out)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return MISUSE;
    uint8_t chunk[8192];
    size_t n;
    while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
        kr_buf_add(out, chunk, n);
    int result = ferror(f) || out->err ? MISUSE : OK;
    fclose(f);
    return result;
}

static int check_file(const char *path)
{
    struct kr_buf raw, text;
    json_t *root = NULL;
    int result;
    size_t known = 0;
    kr_buf_init(&raw, FILE_MAX);
    kr_buf_init(&text, 2 * (size_t)FILE_MAX);
    result = read_file(path, &raw);
    if (result != OK) {
        fprintf(stderr, "kr-vectors: %s: cannot be read\n", path);
        goto out;
    }
    quote_long_integers(kr_buf_span(&raw), &text);
    json_error_t error = {0};
    root = json_loadb(text.len ? (const char *)text.ptr : "", text.len, JSON_REJECT_DUPLICATES, &error);
    result = MISUSE;
    if (!json_is_object(root)) {
        fprintf(stderr, "kr-vectors: %s: line %d: not a JSON object: %s\n", path, error.line, error.text);
        goto out;
    }
    for (void *it = json_object_iter(root); it; it = json_object_iter_next(root, it)) {
        const struct kind *kind = find_kind(json_object_iter_key(it));
        if (!kind || !json_is_array(json_object_iter_value(it)))
            continue;
        known++;
        result = check_kind(path, kind, json_object_iter_value(it));
        if (result != OK)
            goto out;
    }
    if (known == 0) {
        fprintf(stderr, "kr-vectors: %s: holds no known kind of vectors\n", path);
        result = MISUSE;
    }
out:
    json_decref(root);
    kr_buf_done(&raw);
    kr_buf_done(&text);
    return result;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        usage(stdout);
        return OK;
    }
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("kr-vectors " KR_VERSION);
        return OK;
    }
    if (argc < 2 || argv[1][0] == '-') {
        usage(stderr);
        return MISUSE;
    }
    for (int i = 1; i < argc; i++) {
        int result = check_file(argv[i]);
        if (result != OK)
            return result;
    }
    if (fflush(stdout) != 0) {
        fputs("kr-vectors: cannot write\n", stderr);
        return WRONG;
    }
    return OK;
}
