#include "log_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "io/file.h"

enum { LINE_LEN = 1024, FILE_LEN = 4096 };

int kr_log_file_read(const char *path, struct kr_note_key *ret_key, struct kr_log_claim *ret_seen,
                     bool *ret_known)
{
    char key[LINE_LEN] = "", line[LINE_LEN] = "";
    FILE *f = fopen(path, "r");
    *ret_known = false;
    if (!f)
        return errno == ENOENT ? 0 : KR_E_IO;
    bool good = fgets(key, sizeof(key), f) && fgets(line, sizeof(line), f) && fgetc(f) == EOF;
    (void)fclose(f);
    key[strcspn(key, "\n")] = line[strcspn(line, "\n")] = '\0';
    char *root = line;
    unsigned long long size = strtoull(line, &root, 10);
    char *sig = *root == ' ' ? strchr(++root, ' ') : NULL;
    if (sig)
        *sig++ = '\0';
    struct kr_log_claim seen = {.size = size};
    if (!good || !sig || kr_note_key_read(kr_span_str(key), ret_key) != KR_LOG_OK ||
        kr_digest_read(root, &seen.root) || kr_sig_read(sig, &seen.sig))
        return KR_E_MALFORMED;
    *ret_seen = seen;
    *ret_known = true;
    return 0;
}

int kr_log_file_write(const char *path, const struct kr_note_key *key, const struct kr_log_claim *seen)
{
    struct kr_buf text;
    char root[KR_KEY_TEXT], sig[KR_SIG_TEXT], why[256];
    kr_buf_init(&text, FILE_LEN);
    kr_digest_write(root, &seen->root);
    kr_sig_write(sig, &seen->sig);
    kr_note_key_add_text(&text, key);
    kr_buf_printf(&text, "\n%llu %s %s\n", (unsigned long long)seen->size, root, sig);
    int err = kr_file_write_private(path, kr_buf_span(&text), why);
    kr_buf_done(&text);
    return err;
}
