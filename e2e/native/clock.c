/* A wall clock that is TEST_CLOCK_AHEAD seconds ahead; preloaded into a process. Other clocks are as they are. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
    int outcome = syscall(SYS_clock_gettime, clock, now);
    const char *ahead = getenv("TEST_CLOCK_AHEAD");
    if (outcome == 0 && clock == CLOCK_REALTIME && ahead != NULL)
        now->tv_sec += atol(ahead);
    return outcome;
}
