#include "store_sqlite/internal.h"

#include "schema.inc"

const struct kr_migration kr_sqlite_migrations[] = {
    {.version = 1, .sql = sql_0001_initial},      {.version = 2, .sql = sql_0002_key_sources},
    {.version = 3, .sql = sql_0003_attestations}, {.version = 4, .sql = sql_0004_log},
    {.version = 5, .sql = sql_0005_witnesses},
};
const size_t kr_sqlite_migration_count = sizeof(kr_sqlite_migrations) / sizeof(kr_sqlite_migrations[0]);
