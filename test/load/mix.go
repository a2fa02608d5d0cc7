package main

import (
	"fmt"
	"sort"
	"strings"
)

// kind is a request of a mix and what must come of it.
type kind struct {
	method, path string
	body         int // bytes to send; 0: none
	chunked      bool
	expect       bool // Expect: 100-continue
	upgrade      bool // to the echo protocol
	leave        bool // the client goes away while the handler waits
	close        bool // ask for the connection to be closed
	status       int
	size         int    // of the response's body; -1: not checked
	outcome      string // ok unless given
	only         string // protocols, space-separated; empty: all
}

const (
	any1   = "h10 h11 pipelined split tls11 unix" // HTTP/1 of any form
	single = "h11 split tls11 unix"               // HTTP/1.1, one request at a time
	unpipe = "h10 h11 split tls11 unix h2 h2c"    // where an abort hits nobody else
)

func get(path string, status, size int) kind {
	return kind{method: "GET", path: path, status: status, size: size}
}

func panics(name string) kind {
	return kind{method: "GET", path: "/panic/" + name, outcome: closed, size: -1, only: unpipe}
}

var everything = []kind{
	get("/fast", 200, 2),
	get("/empty", 200, 0),
	get("/bytes/1000", 200, 1000),
	get("/bytes/200000", 200, 200_000),
	get("/chunked/5000", 200, 5000),
	{method: "HEAD", path: "/bytes/1000", status: 200},
	{method: "POST", path: "/echo", body: 500, status: 200, size: 500},
	{method: "POST", path: "/echo", body: 70_000, status: 200, size: 70_000},
	{method: "POST", path: "/echo", body: 3000, chunked: true, status: 200, size: 3000, only: single + " pipelined h2 h2c"},
	{method: "PUT", path: "/echo", body: 800, expect: true, status: 200, size: 800, only: single},
	{method: "POST", path: "/ignore-body", body: 1000, status: 200, size: 8},
	{method: "DELETE", path: "/status/202", status: 202},
	{method: "BREW", path: "/fast", status: 200, size: 2},
	get("/status/204", 204, 0),
	get("/status/304", 304, 0),
	get("/status/503", 503, 0),
	get("/missing", 404, -1),
	get("/superfluous", 202, 8),
	get("/early-hints", 201, 6),
	get("/sse/5", 200, -1),
	get("/sleep/5", 200, 5),
	get("/cpu/300", 200, 4),
	get("/items/42", 200, 2),
	get("/items/42/parts/7", 200, 3),
	get("/files/a/b.txt", 200, 7),
	get("/timeout/in-time", 201, 4),
	get("/timeout/too-late", 503, -1),
	get("/proxy/fast", 200, 2),
	get("/proxy/early-hints", 201, 6),
	get("/proxy/bytes/3000", 200, 3000),
	panics("string"),
	panics("error"),
	panics("custom"),
	panics("nil"),
	panics("index"),
	panics("abort"),
	panics("goexit"),
	{method: "GET", path: "/panic/after-header", outcome: closed, status: 200, size: -1, only: single + " h2 h2c"},
	get("/panic/recovered", 500, -1),
	{method: "GET", path: "/hijack", status: 200, size: 8, only: "h10 " + single},
	{method: "GET", path: "/upgrade", upgrade: true, status: 101, size: -1, only: single},
	{method: "GET", path: "/leave", leave: true, outcome: aborted, size: -1, only: unpipe},
	get("/grow/2000", 200, 4),
	{method: "GET", path: "/grow-header/37", close: true, status: 202, size: 2, only: single + " h2 h2c"},
	get("/alloc/256", 200, 4),
}

// hostile is what a server suffers from while the agent comes and goes.
var hostile = func() []kind {
	list := []kind{
		get("/fast", 200, 2), get("/bytes/20000", 200, 20_000), get("/grow/5000", 200, 4), get("/alloc/2048", 200, -1),
		{method: "POST", path: "/echo", body: 5000, status: 200, size: 5000},
		panics("nil"), panics("string"), get("/panic/recovered", 500, -1), get("/grow/20000", 200, 5),
		{method: "GET", path: "/leave", leave: true, outcome: aborted, size: -1, only: unpipe},
	}
	for depth := 0; depth < 200; depth += 7 {
		list = append(list, kind{
			method: "GET", path: fmt.Sprintf("/grow-header/%d", depth), close: depth%2 == 0, status: 202, size: -1,
		})
	}
	return list
}()

var mixes = map[string][]kind{
	"everything": everything,
	"hostile":    hostile,
	"fast":       {get("/fast", 200, 2)},
	// Handlers of a few lengths, for the comparison of times.
	"timed": {get("/fast", 200, 2), get("/cpu/100", 200, 4), get("/sleep/1", 200, 5), get("/cpu/2000", 200, 4), get("/bytes/30000", 200, 30_000)},
	// The demo's shop. One in forty carts is paid with a coupon, which panics.
	"shop": shop,
}

var shop = func() []kind {
	var list []kind
	for i := range 40 {
		id := i%12 + 1
		list = append(list, get("/products", 200, -1), get(fmt.Sprintf("/products/%d", id), 200, -1))
		switch {
		case i%4 == 1:
			list = append(list, kind{method: "POST", path: fmt.Sprintf("/cart/items?product=%d", id), status: 201, size: -1})
		case i%8 == 2:
			list = append(list, kind{method: "POST", path: "/checkout", status: 200, size: -1})
		case i%10 == 3:
			list = append(list, get("/search?q=lamp", 200, -1))
		case i == 20:
			list = append(list, get("/report", 200, -1))
		case i == 36:
			list = append(list, kind{method: "POST", path: "/coupon", outcome: closed, size: -1})
		}
	}
	return list
}()

// GET / of anything that speaks HTTP: whatever it answers is right.
func target(path string) kind { return kind{method: "GET", path: path, size: -1} }

func mixNames() string {
	names := []string{}
	for name := range mixes {
		names = append(names, name)
	}
	sort.Strings(names)
	return strings.Join(names, ", ") + ", or paths: /a,/b?c"
}

// mixOf leaves out what the protocol cannot do.
func mixOf(name, protocol string) ([]kind, error) {
	if strings.HasPrefix(name, "/") {
		var list []kind
		for _, path := range strings.Split(name, ",") {
			list = append(list, target(path))
		}
		return list, nil
	}
	list, ok := mixes[name]
	if !ok {
		return nil, fmt.Errorf("no mix %q: use %s", name, mixNames())
	}
	var possible []kind
	for _, k := range list {
		if k.only == "" || strings.Contains(" "+k.only+" ", " "+protocol+" ") {
			if k.outcome == "" {
				k.outcome = ok1
			}
			possible = append(possible, k)
		}
	}
	return possible, nil
}
