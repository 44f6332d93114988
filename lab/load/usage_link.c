/* The kernel counts what each TCP connection carries; sock_diag(7) tells it of any process's. */
#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load/usage.h"

enum { ESTABLISHED = 1, ANSWER_MAX = 65536 };

static bool ask(int fd)
{
    struct {
        struct nlmsghdr head;
        struct inet_diag_req_v2 body;
    } request = {.head = {.nlmsg_len = sizeof(request),
                          .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                          .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
                 .body = {.sdiag_family = AF_INET,
                          .sdiag_protocol = IPPROTO_TCP,
                          .idiag_states = 1U << ESTABLISHED,
                          .idiag_ext = 1U << (INET_DIAG_INFO - 1)}};
    return send(fd, &request, sizeof(request), 0) == (ssize_t)sizeof(request);
}

/* Adds the payload of a connection whose far end is `port`. */
static void add_bytes(const struct nlmsghdr *head, uint16_t port, uint64_t *sum, bool *found)
{
    const struct inet_diag_msg *m = NLMSG_DATA(head);
    if (ntohs(m->id.idiag_dport) != port)
        return;
    size_t left = head->nlmsg_len - NLMSG_LENGTH(sizeof(*m));
    for (const struct rtattr *a = (const struct rtattr *)(m + 1); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
        struct tcp_info info = {.tcpi_state = 0};
        if (a->rta_type != INET_DIAG_INFO)
            continue;
        size_t len = RTA_PAYLOAD(a);
        memcpy(&info, RTA_DATA(a), len < sizeof(info) ? len : sizeof(info));
        *sum += info.tcpi_bytes_acked + info.tcpi_bytes_received;
        *found = true;
    }
}

/* False when the list is over. */
static bool read_some(int fd, uint16_t port, uint64_t *sum, bool *found)
{
    static _Alignas(struct nlmsghdr) char answer[ANSWER_MAX];
    ssize_t n = recv(fd, answer, sizeof(answer), 0);
    if (n <= 0)
        return false;
    size_t left = (size_t)n;
    for (const struct nlmsghdr *h = (const struct nlmsghdr *)answer; NLMSG_OK(h, left);
         h = NLMSG_NEXT(h, left)) {
        if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR)
            return false;
        add_bytes(h, port, sum, found);
    }
    return true;
}

bool kr_usage_link(uint16_t port, uint64_t *ret_bytes)
{
    uint64_t sum = 0;
    bool found = false;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (fd < 0)
        return false;
    if (ask(fd)) {
        while (read_some(fd, port, &sum, &found)) {
        }
    }
    close(fd);
    if (found)
        *ret_bytes = sum;
    return found;
}
