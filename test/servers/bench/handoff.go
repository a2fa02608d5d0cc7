package main

import (
	"encoding/json"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

// handoff is a lock that one request takes, and another one has to wait for, again and again: with one processor
// (GOMAXPROCS=1) each round has exactly one contended acquisition, and nothing else of it depends on who watches.
type handoff struct {
	mutex sync.Mutex
	turn  chan bool
	done  chan bool
}

func handoffRoutes(mux *http.ServeMux) {
	h := &handoff{turn: make(chan bool), done: make(chan bool)}
	mux.HandleFunc("/handoff/wait", h.wait)
	mux.HandleFunc("/handoff/hold", h.hold)
}

// wait is the request that waits, until the other one is over.
func (h *handoff) wait(http.ResponseWriter, *http.Request) {
	for <-h.turn {
		h.mutex.Lock()
		h.mutex.Unlock()
		h.done <- true
	}
}

// hold answers with the CPU time of the process in each burst, ns. Between bursts there is time to carry records away.
func (h *handoff) hold(w http.ResponseWriter, r *http.Request) {
	bursts, _ := strconv.Atoi(r.FormValue("bursts"))
	rounds, _ := strconv.Atoi(r.FormValue("rounds"))
	costs := make([]int64, bursts)
	for burst := range costs {
		time.Sleep(30 * time.Millisecond)
		start := cpuTime()
		for i := 0; i < rounds; i++ {
			tick(i)
			h.mutex.Lock()
			h.turn <- true
			// The other one runs, until it waits.
			runtime.Gosched()
			h.mutex.Unlock()
			<-h.done
		}
		costs[burst] = cpuTime() - start
	}
	h.turn <- false
	json.NewEncoder(w).Encode(costs)
}

// tick is called once a round: an empty probe in it is the unit.
//
//go:noinline
func tick(n int) int { return leaf(n) + 1 }

//go:noinline
func leaf(n int) int { return n }

// cpuTime of the process, ns (CLOCK_PROCESS_CPUTIME_ID).
func cpuTime() int64 {
	var at syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, 2, uintptr(unsafe.Pointer(&at)), 0)
	return at.Nano()
}
