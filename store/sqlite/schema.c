#include "store_sqlite/internal.h"

#include "schema.inc"

const struct kr_migration kr_sqlite_migrations[] = {
    {.version = 1, .sql = sql_0001_initial},
};
const size_t kr_sqlite_migration_count = sizeof(kr_sqlite_migrations) / sizeof(kr_sqlite_migrations[0]);
