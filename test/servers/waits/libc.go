//go:build cgo

package main

/*
#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int over;

static void *hammer(void *nothing)
{
	volatile unsigned work = 0;

	while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
		pthread_mutex_lock(&lock);
		for (int i = 0; i < 10000; i++)
			work += i;
		pthread_mutex_unlock(&lock);
	}
	return nothing;
}

static void hammer_for(struct timespec length)
{
	pthread_t threads[8];

	__atomic_store_n(&over, 0, __ATOMIC_RELAXED);
	for (int i = 0; i < 8; i++)
		pthread_create(&threads[i], 0, hammer, 0);
	nanosleep(&length, 0);
	__atomic_store_n(&over, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], 0);
}
*/
import "C"

import (
	"net/http"
	"time"
)

func init() { routes["/libc"] = hammerLibc }

// hammerLibc makes threads wait for a mutex of libc, which has nothing to do with Go.
func hammerLibc(_ *journal, r *http.Request) {
	length := duration(r, "ms") * time.Millisecond
	C.hammer_for(C.struct_timespec{
		tv_sec:  C.time_t(length / time.Second),
		tv_nsec: C.long(length % time.Second),
	})
}
