// Command bench answers every request with one short line: what a benchmark attaches to. It prints its address.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/trace"
	"sync"
	"time"
)

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("/hello/", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "hello\n")
	})
	var mutex sync.Mutex
	mux.HandleFunc("/contended/", func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < 20; i++ {
			mutex.Lock()
			for end := time.Now().Add(5 * time.Microsecond); time.Now().Before(end); {
			}
			mutex.Unlock()
			runtime.Gosched()
		}
		io.WriteString(w, "hello\n")
	})
	handoffRoutes(mux)
	// For comparison: the runtime's own tracer, whose output nobody keeps.
	if os.Getenv("BENCH_TRACE") != "" {
		if err := trace.Start(io.Discard); err != nil {
			panic(err)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(listener.Addr())
	http.Serve(listener, handler(mux))
}
