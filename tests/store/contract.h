/* The contract of store/store.h as tests that run on any backend. A backend's test program gives the factory.
 */
#ifndef KR_TESTS_STORE_CONTRACT_H
#define KR_TESTS_STORE_CONTRACT_H

#include "store/store.h"

struct contract_backend {
    struct kr_store *(*open)(void); /* an empty store */
    void (*close)(struct kr_store *s);
};

int run_contract(const char *name, const struct contract_backend *backend);

#endif
