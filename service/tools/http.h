/* One HTTP/1.1 request over keyroomd's Unix socket. Only what that server sends is understood: a status line,
 * headers, a body that ends with the connection. */
#ifndef KR_TOOLS_HTTP_H
#define KR_TOOLS_HTTP_H

#include <stddef.h>

enum { KR_HTTP_ERR = 512 }; /* bytes of a message */

struct kr_http_answer {
    unsigned status;
    char *body; /* NUL-terminated; the caller frees it */
    size_t len;
};

/* body NULL: GET, else POST of JSON. KR_E_IO: errmsg says what went wrong and what to look at. */
int kr_http_request(const char *socket_path, const char *path, const char *body,
                    char errmsg[static KR_HTTP_ERR], struct kr_http_answer *ret_answer);

#endif
