// Package app is the whole of probe-me but for the implementation of HTTP/2, which its programs choose.
package app

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"syscall"
)

// Protocols says how a server gets HTTP/2: the standard library's, or that of golang.org/x/net.
type Protocols struct {
	ConfigureTLS func(*http.Server) error
	H2C          func(*http.Server) error
}

type ready struct {
	PID       int        `json:"pid"`
	Go        string     `json:"go"`
	Listeners []listener `json:"listeners"`
	Debug     string     `json:"debug"`
}

// Main serves until SIGINT or SIGTERM. One JSON line on standard output says that all listeners are open.
func Main(protocols Protocols) {
	tcp := flag.String("tcp", "", "addresses for plain HTTP, e.g. 127.0.0.1:0,127.0.0.1:0")
	tls := flag.String("tls", "", "addresses for HTTPS (HTTP/1.1 and h2)")
	h2c := flag.String("h2c", "", "addresses for plain HTTP/1.1 and h2c")
	unix := flag.String("unix", "", "paths of Unix sockets")
	hidden := flag.String("hidden", "", "addresses for plain HTTP on connections whose socket is not found from outside")
	wrapped := flag.String("wrapped", "", "addresses for plain HTTP on connections that are wrapped twice")
	debug := flag.String("debug", "127.0.0.1:0", "address of /debug/requests and /debug/reset")
	readTimeout := flag.Duration("read-timeout", 0, "ReadTimeout of the servers")
	ring := flag.Int("ring", 200_000, "requests that /debug/requests remembers")
	flag.Parse()

	stopProfile, err := startProfile()
	check(err)
	log := newLog(*ring)
	listeners, err := listenAll(addresses{tcp: *tcp, tls: *tls, h2c: *h2c, unix: *unix, hidden: *hidden, wrapped: *wrapped})
	check(err)
	check(serveAll(listeners, log, protocols, *readTimeout))
	debugAddress, err := serveDebug(*debug, log)
	check(err)
	json.NewEncoder(os.Stdout).Encode(ready{os.Getpid(), runtime.Version(), listeners, debugAddress})

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	<-stop
	stopProfile()
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "probe-me:", err)
		os.Exit(1)
	}
}
