/* Small files: secrets in, whole files out. */
#ifndef KR_IO_FILE_H
#define KR_IO_FILE_H

#include <stddef.h>

#include "base/secret.h"
#include "base/span.h"

/* Reads a regular file of at most max bytes. Refuses (KR_E_CONFIG) one that group or others may access when
 * private_only, a longer one, and what is no regular file; KR_E_IO if it cannot be read. errmsg (256 bytes)
 * says which file and what to do. The secret is the caller's. */
int kr_file_read_secret(const char *path, size_t max, int private_only, char *errmsg,
                        struct kr_secret *ret_secret);

/* Same and always private, less one trailing line break; KR_E_CONFIG if nothing is left. For passwords. */
int kr_file_read_line_secret(const char *path, size_t max, char *errmsg, struct kr_secret *ret_secret);

/* Writes through a temporary file, fsync and rename; mode 0600. KR_E_IO. */
int kr_file_write_private(const char *path, struct kr_span bytes, char *errmsg);

/* Makes a rename in the folder of `path` durable. KR_E_IO. */
int kr_file_sync_folder(const char *path);

#endif
