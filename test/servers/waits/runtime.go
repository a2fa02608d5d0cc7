package main

import (
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// large is copied while the channel's lock is held: as much as a channel takes.
type large [60_000]byte

// hammer makes threads wait for a lock of the runtime itself: that of a channel which all of them use at once. Half
// full, it is neither sent to nor received from without its lock; and no goroutine waits for the channel.
func hammer(_ *journal, r *http.Request) {
	shared := make(chan large, 32)
	for len(shared) < cap(shared)/2 {
		shared <- large{}
	}
	var over int32
	var running sync.WaitGroup
	for i := 0; i < runtime.GOMAXPROCS(0); i++ {
		running.Add(1)
		go func() {
			defer running.Done()
			var item large
			for atomic.LoadInt32(&over) == 0 {
				select {
				case shared <- item:
				default:
				}
				select {
				case item = <-shared:
				default:
				}
			}
		}()
	}
	time.Sleep(duration(r, "ms") * time.Millisecond)
	atomic.StoreInt32(&over, 1)
	running.Wait()
}
