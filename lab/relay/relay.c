/*
 * relay DELAY_US NETNS_A DEVICE_A NETNS_B DEVICE_B: the distance between two regions.
 *
 * Makes a TUN device in each of two network namespaces and hands every packet of the one to the other, DELAY_US microseconds later (one way). Stands in for netem,
 * which many kernels lack. One thread, two queues; ends, and takes the devices with it, on SIGTERM or SIGINT. A queue that is full drops, as a router would.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { MTU = 2048, SLOTS = 32768, BURST = 64 };

struct packet {
  long long due; /* nanoseconds of the monotonic clock */
  int length;
  char data[MTU];
};

struct direction {
  int in, out;
  struct packet *ring;
  unsigned head, tail; /* taken at head, added at tail */
  unsigned long long dropped;
};

static volatile sig_atomic_t stopping;
static void stop(int number) { (void)number; stopping = 1; }

static void fail(const char *what) {
  fprintf(stderr, "relay: %s: %s\n", what, strerror(errno));
  exit(1);
}

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* A TUN device belongs to the namespace in which it is opened. */
static int device(const char *netns, const char *name) {
  char path[256];
  snprintf(path, sizeof path, "/run/netns/%s", netns);
  int space = open(path, O_RDONLY | O_CLOEXEC);
  if (space < 0 || setns(space, CLONE_NEWNET) != 0) fail(netns);
  close(space);
  int tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (tun < 0) fail("/dev/net/tun");
  struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  if (ioctl(tun, TUNSETIFF, &request) != 0) fail(name);
  return tun;
}

static void receive(struct direction *d, long long delay) {
  for (int i = 0; i < BURST; i++) {
    struct packet *p = &d->ring[d->tail % SLOTS];
    char surplus[MTU];
    int full = d->tail - d->head == SLOTS;
    int length = read(d->in, full ? surplus : p->data, MTU);
    if (length <= 0) return;
    if (full) {
      d->dropped++;
      continue;
    }
    p->length = length;
    p->due = now() + delay;
    d->tail++;
  }
}

/* Sends what is due. Returns when the next packet is, or -1. */
static long long deliver(struct direction *d) {
  while (d->head != d->tail) {
    struct packet *p = &d->ring[d->head % SLOTS];
    if (p->due > now()) return p->due;
    /* The other side may be down or full: the packet is lost, as on any network. */
    if (write(d->out, p->data, p->length) < 0) d->dropped++;
    d->head++;
  }
  return -1;
}

int main(int count, char **given) {
  if (count != 6) {
    fprintf(stderr, "usage: relay DELAY_US NETNS_A DEVICE_A NETNS_B DEVICE_B\n");
    return 2;
  }
  long long delay = atoll(given[1]) * 1000;
  int a = device(given[2], given[3]), b = device(given[4], given[5]);
  struct direction ways[2] = {{.in = a, .out = b}, {.in = b, .out = a}};
  for (int i = 0; i < 2; i++)
    if ((ways[i].ring = malloc(sizeof(struct packet) * SLOTS)) == NULL) fail("memory");
  signal(SIGTERM, stop);
  signal(SIGINT, stop);
  printf("ready\n");
  fflush(stdout);
  while (!stopping) {
    long long next = -1;
    for (int i = 0; i < 2; i++) {
      long long due = deliver(&ways[i]);
      if (due >= 0 && (next < 0 || due < next)) next = due;
    }
    long long left = next < 0 ? 1000000000LL : next - now();
    struct timespec wait = {0, left < 0 ? 0 : left > 999999999LL ? 999999999LL : left};
    struct pollfd watched[2] = {{.fd = a, .events = POLLIN}, {.fd = b, .events = POLLIN}};
    if (ppoll(watched, 2, &wait, NULL) < 0 && errno != EINTR) fail("ppoll");
    for (int i = 0; i < 2; i++)
      if (watched[i].revents & POLLIN) receive(&ways[i], delay);
  }
  fprintf(stderr, "relay: stopped; dropped %llu and %llu packets\n", ways[0].dropped, ways[1].dropped);
  return 0;
}
