/* Emulates a WAN between two network namespaces, in user space.
 *
 *   wan CLIENT_NAMESPACE SWARM_NAMESPACE CONFIGURATION
 *
 * Opens one TUN device, "wan0", in each namespace, says "ready", and relays IPv4 packets until
 * SIGTERM or the end of its standard input:
 *
 *   host   --[its uplink: rate, queue]--  loss, delay  --[the client's downlink: rate, queue]-->  client
 *   client --[its uplink: rate, queue]--  loss, delay  -------------------------------------->    host
 *
 * A link is a clock: a packet leaves when those before it have left and its own bytes are sent, and is dropped if it
 * would wait longer than the queue allows (a drop-tail queue). Packets of addresses that are not configured, or are
 * configured as dead, vanish. What was counted is said as one line of JSON at the end.
 *
 * CONFIGURATION, a line each:
 *   down MBIT | up MBIT            the client's link
 *   queue SECONDS                  how long a packet may wait for any link
 *   seed NUMBER                    of the random losses
 *   host ADDRESS MBIT DELAY LOSS DEAD     uplink, seconds one way, share lost (0 to 1), 0 or 1
 *
 * The process ends in the client's namespace: /proc/PID/net/dev counts the bytes of the client's link.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

typedef int64_t nanoseconds;

#define SECOND 1000000000LL
#define SHORTEST_WAIT 300000LL /* ns; waking for each packet on its own would cost more than the lateness is worth */
#define TIMER_SLACK 50000UL    /* ns; how late the kernel may wake us */
#define READ_AT_ONCE 256       /* packets, before those that are due are written */
#define IPV4_HEADER 20
#define SWARM (198u << 8 | 18u) /* first half of the swarm's addresses: 198.18.x.y */

enum stage { AT_DOWNLINK, TO_CLIENT, TO_HOST };

struct packet {
    nanoseconds due;
    uint64_t number; /* keeps the order of packets that are due at once */
    enum stage stage;
    int length;
    unsigned char *bytes;
};

struct link {
    double nanoseconds_per_byte;
    nanoseconds free_at;
    uint64_t bytes, drops;
};

struct host {
    struct link uplink;
    nanoseconds delay;
    double loss;
    int known, dead;
};

static struct host hosts[65536]; /* by the second half of the address */
static struct link downlink, uplink;
static nanoseconds longest_wait = SECOND * 15 / 100;
static int client_device, swarm_device;

static volatile sig_atomic_t stopping;

static struct {
    uint64_t written, lost, write_fails;
    double late_sum;
    nanoseconds late_most;
} count;

static void fail(const char *what) {
    perror(what);
    exit(2);
}

static nanoseconds now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * SECOND + time.tv_nsec;
}

/* Packets in flight: a binary heap, the one that is due first on top. */

static struct packet *heap;
static size_t heap_size, heap_room;
static uint64_t next_number;

static int before(const struct packet *a, const struct packet *b) {
    return a->due < b->due || (a->due == b->due && a->number < b->number);
}

static void push(struct packet packet) {
    if (heap_size == heap_room) {
        heap_room = heap_room ? heap_room * 2 : 4096;
        heap = realloc(heap, heap_room * sizeof *heap);
        if (!heap) fail("realloc");
    }
    packet.number = next_number++;
    size_t place = heap_size++;
    while (place && before(&packet, &heap[(place - 1) / 2])) {
        heap[place] = heap[(place - 1) / 2];
        place = (place - 1) / 2;
    }
    heap[place] = packet;
}

static struct packet pop(void) {
    struct packet first = heap[0], last = heap[--heap_size];
    size_t place = 0;
    for (;;) {
        size_t child = 2 * place + 1;
        if (child >= heap_size) break;
        if (child + 1 < heap_size && before(&heap[child + 1], &heap[child])) child++;
        if (!before(&heap[child], &last)) break;
        heap[place] = heap[child];
        place = child;
    }
    heap[place] = last;
    return first;
}

/* Random losses (xorshift64): the same in each run with the same seed, as far as packets come in the same order. */

static uint64_t random_state = 88172645463325252ULL;

static double random_share(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (random_state >> 11) * (1.0 / 9007199254740992.0);
}

/* When a packet that comes at `at` has left the link, or -1 when it is dropped. */
static nanoseconds through(struct link *link, nanoseconds at, int length) {
    nanoseconds start = link->free_at > at ? link->free_at : at;
    if (start - at > longest_wait) {
        link->drops++;
        return -1;
    }
    link->free_at = start + (nanoseconds)(link->nanoseconds_per_byte * length);
    link->bytes += length;
    return link->free_at;
}

static struct host *host_at(uint32_t network_order) {
    uint32_t address = ntohl(network_order);
    struct host *host = &hosts[address & 0xffff];
    return address >> 16 == SWARM && host->known ? host : NULL;
}

/* A packet that a namespace sent: over its uplink, and into flight. */
static void take(const unsigned char *bytes, int length, int from_swarm) {
    if (length < IPV4_HEADER || bytes[0] >> 4 != 4) return;
    uint32_t source, target;
    memcpy(&source, bytes + 12, 4);
    memcpy(&target, bytes + 16, 4);
    struct host *host = host_at(from_swarm ? source : target);
    if (!host || host->dead) return;
    nanoseconds left = through(from_swarm ? &host->uplink : &uplink, now(), length);
    if (left < 0) return;
    if (host->loss > 0 && random_share() < host->loss) {
        count.lost++;
        return;
    }
    struct packet packet = {left + host->delay, 0, from_swarm ? AT_DOWNLINK : TO_HOST, length, malloc(length)};
    if (!packet.bytes) fail("malloc");
    memcpy(packet.bytes, bytes, length);
    push(packet);
}

static void write_out(struct packet packet, nanoseconds time) {
    nanoseconds late = time - packet.due;
    if (late > count.late_most) count.late_most = late;
    count.late_sum += late;
    count.written++;
    int device = packet.stage == TO_CLIENT ? client_device : swarm_device;
    if (write(device, packet.bytes, packet.length) < 0) count.write_fails++;
    free(packet.bytes);
}

static void take_all(int device, int from_swarm) {
    unsigned char bytes[65536];
    for (int number = 0; number < READ_AT_ONCE; number++) {
        int length = read(device, bytes, sizeof bytes);
        if (length <= 0) return;
        take(bytes, length, from_swarm);
    }
}

/* All that is due: into the next queue, or out. */
static void forward(void) {
    nanoseconds time = now();
    while (heap_size && heap[0].due <= time) {
        struct packet packet = pop();
        if (packet.stage != AT_DOWNLINK) {
            write_out(packet, time);
            continue;
        }
        packet.due = through(&downlink, packet.due, packet.length);
        packet.stage = TO_CLIENT;
        if (packet.due < 0)
            free(packet.bytes);
        else
            push(packet);
    }
}

static void wait_for_packets(void) {
    struct pollfd events[3] = {{client_device, POLLIN, 0}, {swarm_device, POLLIN, 0}, {STDIN_FILENO, 0, 0}};
    nanoseconds wait = SECOND;
    if (heap_size) {
        wait = heap[0].due - now();
        if (wait < SHORTEST_WAIT) wait = SHORTEST_WAIT;
        if (wait > SECOND) wait = SECOND;
    }
    struct timespec time = {wait / SECOND, wait % SECOND};
    ppoll(events, 3, &time, NULL);
    if (events[2].revents & POLLHUP) stopping = 1; /* whoever started us is gone */
}

/* From here on, this process is in the namespace. */
static int device_in(const char *namespace) {
    char path[256];
    snprintf(path, sizeof path, "/run/netns/%s", namespace);
    int entrance = open(path, O_RDONLY | O_CLOEXEC);
    if (entrance < 0 || setns(entrance, CLONE_NEWNET)) fail(path);
    close(entrance);
    int device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (device < 0) fail("/dev/net/tun");
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    strcpy(request.ifr_name, "wan0");
    if (ioctl(device, TUNSETIFF, &request)) fail("TUNSETIFF");
    return device;
}

static double rate(double mbit) { return mbit > 0 ? 8000.0 / mbit : 0; }

static int read_line(const char *line) {
    char address[64];
    double first, delay, loss;
    int dead;
    if (sscanf(line, "down %lf", &first) == 1) {
        downlink.nanoseconds_per_byte = rate(first);
    } else if (sscanf(line, "up %lf", &first) == 1) {
        uplink.nanoseconds_per_byte = rate(first);
    } else if (sscanf(line, "queue %lf", &first) == 1) {
        longest_wait = (nanoseconds)(first * SECOND);
    } else if (sscanf(line, "seed %lf", &first) == 1) {
        random_state ^= (uint64_t)first * 2654435761u;
    } else if (sscanf(line, "host %63s %lf %lf %lf %d", address, &first, &delay, &loss, &dead) == 5) {
        struct host *host = &hosts[ntohl(inet_addr(address)) & 0xffff];
        *host = (struct host){.delay = (nanoseconds)(delay * SECOND), .loss = loss, .known = 1, .dead = dead};
        host->uplink.nanoseconds_per_byte = rate(first);
    } else {
        return 0;
    }
    return 1;
}

static void read_configuration(const char *path) {
    FILE *file = fopen(path, "r");
    if (!file) fail(path);
    char line[256];
    while (fgets(line, sizeof line, file)) {
        if (!read_line(line)) {
            fprintf(stderr, "%s: not understood: %s", path, line);
            exit(2);
        }
    }
    fclose(file);
}

static void report(void) {
    uint64_t host_drops = 0;
    for (size_t number = 0; number < sizeof hosts / sizeof *hosts; number++) host_drops += hosts[number].uplink.drops;
    printf("{\"down_bytes\": %llu, \"up_bytes\": %llu, \"host_drops\": %llu, \"down_drops\": %llu, \"up_drops\": %llu, "
           "\"lost\": %llu, \"write_fails\": %llu, \"late\": %.6f, \"late_most\": %.6f}\n",
           (unsigned long long)downlink.bytes, (unsigned long long)uplink.bytes, (unsigned long long)host_drops,
           (unsigned long long)downlink.drops, (unsigned long long)uplink.drops, (unsigned long long)count.lost,
           (unsigned long long)count.write_fails,
           count.written ? count.late_sum / count.written / SECOND : 0.0, (double)count.late_most / SECOND);
}

static void on_signal(int number) {
    (void)number;
    stopping = 1;
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: wan CLIENT_NAMESPACE SWARM_NAMESPACE CONFIGURATION\n");
        return 2;
    }
    read_configuration(argv[3]);
    swarm_device = device_in(argv[2]);
    client_device = device_in(argv[1]);
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    prctl(PR_SET_TIMERSLACK, TIMER_SLACK);
    printf("ready\n");
    fflush(stdout);
    while (!stopping) {
        wait_for_packets();
        take_all(client_device, 0);
        take_all(swarm_device, 1);
        forward();
    }
    report();
    return 0;
}
