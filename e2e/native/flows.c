/* Fills the connection tracker of the network that it stands in with flows that look like established connections, which
 * the tracker does not give up for new ones, or ends them.
 *   flows begin|end COUNT
 * All of them are between addresses of the loopback interface. To begin one both ends acknowledge, and the first once
 * more; to end it the first resets it. */
#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define PORTS 60000
#define FIRST_PORT 1024
#define DISCARD 9

struct segment {
    struct iphdr ip;
    struct tcphdr tcp;
};

/* A segment of the flow of this number, there or back. */
static void say(int out, long number, int back, int reset) {
    in_addr_t ends[2] = {htonl(INADDR_LOOPBACK), htonl(INADDR_LOOPBACK + 1 + number / PORTS)};
    in_port_t ports[2] = {htons(FIRST_PORT + number % PORTS), htons(DISCARD)};
    struct segment said = {
        .ip = {.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_TCP, .saddr = ends[back], .daddr = ends[!back]},
        .tcp = {.source = ports[back], .dest = ports[!back], .doff = 5, .ack = 1, .rst = reset, .window = htons(8192),
                .seq = htonl(1), .ack_seq = htonl(1)},
    };
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = ends[!back]};
    /* What is refused did not fit. */
    sendto(out, &said, sizeof said, 0, (struct sockaddr *)&to, sizeof to);
}

static void begin(int out, long number) {
    say(out, number, 0, 0);
    say(out, number, 1, 0);
    say(out, number, 0, 0);
}

int main(int count, char **arguments) {
    long flows = count == 3 ? atol(arguments[2]) : 0;
    int out = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
    if (flows <= 0 || out < 0)
        return 1;
    int begins = strcmp(arguments[1], "begin") == 0;
    for (long number = 0; number < flows; number++) {
        if (begins)
            begin(out, number);
        else
            say(out, number, 0, 1);
    }
    return 0;
}
