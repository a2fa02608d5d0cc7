package main

import (
	"crypto/rand"
	"encoding/hex"
	"strconv"
	"strings"
)

// Outcomes of a request.
const (
	ok1     = "ok"
	aborted = "aborted" // the client went away
	closed  = "closed"  // the server closed the connection or reset the stream
	wrong   = "wrong"   // an answer that must not be; detail says why
)

// request is one kind with an identity.
type request struct {
	kind
	id          string
	path, query string
	traceparent string // as sent; may be invalid on purpose
	tracestate  string
	traceID     string // what the server must take over; empty: it has to make one
	parentID    string
	sampled     bool
}

// identity makes request number i of a run: ids are unique, and every eighth comes without a trace.
func identity(prefix string, i int, mix []kind) request {
	k := mix[i%len(mix)]
	id := prefix + strconv.Itoa(i)
	path, query, _ := strings.Cut(k.path, "?")
	if query != "" {
		query += "&"
	}
	r := request{kind: k, id: id, path: path, query: query + "rid=" + id}
	if k.outcome == "" {
		r.outcome = ok1
	}
	form := (i + i/len(mix)) % 8
	if form == 0 {
		return r
	}
	if form == 3 { // all zeros are invalid: a receiver starts a new trace
		r.traceparent = "00-00000000000000000000000000000000-0000000000000000-01"
		return r
	}
	var ids [24]byte
	rand.Read(ids[:])
	r.traceID, r.parentID, r.sampled = hex.EncodeToString(ids[:16]), hex.EncodeToString(ids[16:]), form != 1
	flags := "-01"
	if !r.sampled {
		flags = "-00"
	}
	r.traceparent = "00-" + r.traceID + "-" + r.parentID + flags
	if form == 2 {
		r.tracestate = "shop=" + id + ",other=1"
	}
	return r
}

// headers in the order in which they are sent. Padding makes them larger than net/http's first read buffer.
func (r request) headers(padded bool) [][2]string {
	list := make([][2]string, 0, 6)
	list = append(list, [2]string{"User-Agent", "httptrace-load/1"})
	if padded {
		for i := range 24 {
			list = append(list, [2]string{"X-Padding-" + strconv.Itoa(i), padding})
		}
	}
	list = append(list, [2]string{"X-Request-Id", r.id})
	if r.traceparent != "" {
		list = append(list, [2]string{"Traceparent", r.traceparent})
	}
	if r.tracestate != "" {
		list = append(list, [2]string{"Tracestate", r.tracestate})
	}
	return list
}

var padding = strings.Repeat("p", 200)
