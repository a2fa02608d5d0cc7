package app

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// waitRoutes wait in one known way for the number of milliseconds in the path.
func waitRoutes(mux *http.ServeMux) {
	wait := func(name string, how func(time.Duration)) {
		prefix := "/wait/" + name + "/"
		mux.HandleFunc(prefix, withNumber(prefix, func(w http.ResponseWriter, _ *http.Request, ms int) {
			how(time.Duration(ms) * time.Millisecond)
			fmt.Fprint(w, name)
		}))
	}
	wait("sleep", waitAsleep)
	wait("channel", waitForChannel)
	wait("select", waitInSelect)
	wait("network", waitForNetwork)
	wait("syscall", waitInSyscall)
	wait("group", waitForGroup)
	wait("cpu", func(d time.Duration) { spin(d) })
	wait("runnable", waitForTurn)
	wait("children", waitForChildren)
	// Goroutines that nobody ends: as many as the path says.
	mux.HandleFunc("/leak/", withNumber("/leak/", func(w http.ResponseWriter, _ *http.Request, n int) {
		for i := 0; i < limit(n, 10_000); i++ {
			leakOne()
		}
		fmt.Fprint(w, "leaked")
	}))
	mux.HandleFunc("/goroutines", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, runtime.NumGoroutine()) })
}

var never = make(chan struct{})

func leakOne() {
	go func() { // the line of the leak
		<-never
	}()
}

//go:noinline
func waitAsleep(d time.Duration) {
	time.Sleep(d)
}

func waitForChannel(d time.Duration) {
	done := make(chan struct{})
	time.AfterFunc(d, func() { close(done) })
	<-done
}

func waitInSelect(d time.Duration) {
	select {
	case <-time.After(d):
	case <-never:
	}
}

// waitForNetwork reads from a peer that answers late.
func waitForNetwork(d time.Duration) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return
	}
	defer listener.Close()
	time.AfterFunc(d, func() {
		if peer, err := listener.Accept(); err == nil {
			peer.Close()
		}
	})
	peer, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		return
	}
	defer peer.Close()
	io.ReadAll(peer)
}

func waitInSyscall(d time.Duration) {
	left := syscall.NsecToTimespec(int64(d))
	for syscall.Nanosleep(&left, &left) == syscall.EINTR {
	}
}

func waitForGroup(d time.Duration) {
	var group sync.WaitGroup
	group.Add(1)
	time.AfterFunc(d, group.Done)
	group.Wait()
}

// waitForTurn gives way all the time, beside many that do not: it waits in the scheduler's queues.
func waitForTurn(d time.Duration) {
	until := time.Now().Add(d)
	var others sync.WaitGroup
	for i := 0; i < 16*runtime.GOMAXPROCS(0); i++ {
		others.Add(1)
		go func() {
			defer others.Done()
			for time.Now().Before(until) {
				spin(100 * time.Microsecond)
				runtime.Gosched()
			}
		}()
	}
	for time.Now().Before(until) {
		runtime.Gosched()
	}
	others.Wait()
}

// waitForChildren lets two goroutines sleep, and waits for both.
func waitForChildren(d time.Duration) {
	var group sync.WaitGroup
	for i := 0; i < 2; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			time.Sleep(d)
		}()
	}
	group.Wait()
}
