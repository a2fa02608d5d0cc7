package app

import (
	"fmt"
	"net/http"
	"time"
)

func stressRoutes(mux *http.ServeMux) {
	mux.HandleFunc("/cpu/", withNumber("/cpu/", func(w http.ResponseWriter, _ *http.Request, us int) {
		fmt.Fprint(w, spin(time.Duration(us)*time.Microsecond) != 0)
	}))
	// The stack grows while the handler runs: the frames that a probe saw move.
	mux.HandleFunc("/grow/", withNumber("/grow/", func(w http.ResponseWriter, _ *http.Request, depth int) {
		fmt.Fprint(w, deep(limit(depth, 50_000)))
	}))
	// The stack grows on the way into WriteHeader: with many depths, in every function of it.
	mux.HandleFunc("/grow-header/", withNumber("/grow-header/", func(w http.ResponseWriter, _ *http.Request, depth int) {
		atDepth(limit(depth, 50_000), func() { w.WriteHeader(http.StatusAccepted) })
		fmt.Fprint(w, depth)
	}))
	mux.HandleFunc("/alloc/", withNumber("/alloc/", func(w http.ResponseWriter, _ *http.Request, kilobytes int) {
		fmt.Fprint(w, garbage(limit(kilobytes, 64<<10)))
	}))
}

func limit(n, most int) int {
	if n > most {
		return most
	}
	return n
}

func spin(d time.Duration) uint64 {
	x := uint64(88172645463325252)
	for end := time.Now().Add(d); time.Now().Before(end); {
		for i := 0; i < 64; i++ {
			x ^= x << 13
			x ^= x >> 7
			x ^= x << 17
		}
	}
	return x
}

//go:noinline
func deep(n int) int {
	var frame [256]byte
	if n == 0 {
		return 0
	}
	frame[n%len(frame)] = byte(n)
	return deep(n-1) + 1 + int(frame[(n+1)%len(frame)])
}

//go:noinline
func atDepth(n int, then func()) int {
	if n == 0 {
		then()
		return 0
	}
	return atDepth(n-1, then) + 1
}

// garbage makes short-lived trees, which costs the collector more than plain memory does.
func garbage(kilobytes int) int {
	type node struct {
		left, right *node
		payload     [112]byte
	}
	var keep [64]*node
	count := 0
	for made := 0; made < kilobytes<<10; made += 128 {
		slot := count % len(keep)
		keep[slot] = &node{left: keep[(slot+1)%len(keep)]}
		if count%len(keep) == 0 {
			keep = [64]*node{}
		}
		count++
	}
	return count
}
