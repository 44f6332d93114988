/* Memory that is there or the process ends.
 *
 * What hostile input can make us hold is bounded by base/limit.h, so running out of memory is the operator's
 * problem and not a state to program for: these abort with a line on stderr. Free with free(). */
#ifndef KR_BASE_ALLOC_H
#define KR_BASE_ALLOC_H

#include <stddef.h>

void *kr_malloc(size_t size);                               /* size 0 yields a pointer that may be freed */
void *kr_calloc(size_t count, size_t size);                 /* zeroed; aborts on overflow */
void *kr_realloc_array(void *p, size_t count, size_t size); /* aborts on overflow; never for secrets */
char *kr_strdup(const char *s);                             /* s must not be NULL */

/* Makes room for one more element in a growing array; *array, *cap are updated. */
void kr_grow(void **array, size_t *cap, size_t len, size_t elem_size);

#endif
