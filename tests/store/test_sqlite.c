#include "base/secret.h"
#include "contract.h"
#include "fixture.h"
#include "store_sqlite/sqlite.h"

static char *folder;

static struct kr_store *open_store(void)
{
    struct kr_secret key = KR_SECRET_NONE;
    struct kr_random random = a_random();
    struct kr_store *s = NULL;
    char errmsg[256] = "";
    folder = make_folder();
    kr_secret_set(&key, "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk", 32);
    if (kr_store_sqlite_open(path_in(folder, "k.db"), &key, &random, errmsg, &s) != 0)
        print_error("%s\n", errmsg);
    kr_secret_done(&key);
    return s;
}

static void close_store(struct kr_store *s)
{
    s->ops->close(s);
    remove_folder(folder);
}

int main(void)
{
    static const struct contract_backend backend = {.open = open_store, .close = close_store};
    return run_contract("sqlite", &backend);
}
