#include "contract.h"
#include "store_memory/memory.h"

static void close_store(struct kr_store *s)
{
    s->ops->close(s);
}

int main(void)
{
    static const struct contract_backend backend = {.open = kr_store_memory_new, .close = close_store};
    return run_contract("memory", &backend);
}
