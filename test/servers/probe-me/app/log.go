package app

import (
	"bufio"
	"encoding/json"
	"net"
	"net/http"
	"sync"
)

// request is one line of /debug/requests.
type request struct {
	ID               string `json:"id"`
	Method           string `json:"method"`
	Path             string `json:"path"`
	Query            string `json:"query"`
	Proto            string `json:"proto"`
	Status           int    `json:"status"`   // 0: the handler did not decide one
	Pattern          string `json:"pattern"`  // of the standard mux from Go 1.23 on
	Returned         bool   `json:"returned"` // false: ended by panic or Goexit
	Hijacked         bool   `json:"hijacked"`
	Informational    int    `json:"informational"`
	Superfluous      int    `json:"superfluous"`
	ContentLength    int64  `json:"content_length"` // -1: not known in advance
	RequestBytes     int64  `json:"request_bytes"`  // read by the handler
	ResponseBytes    int64  `json:"response_bytes"` // written by the handler
	HandlerNanos     int64  `json:"handler_ns"`
	WriteHeaderNanos int64  `json:"write_header_ns"` // -1: the handler did not write a header
	ContextEndNanos  int64  `json:"context_end_ns"`  // when a context that is watched ended; 0: it had not, or none is
	StartUnixNano    int64  `json:"start_unix_ns"`
}

// requestLog remembers the last requests, oldest first.
type requestLog struct {
	mutex sync.Mutex
	ring  []request
	next  int
	size  int
}

// newLog makes room at once: a slice that grows would take time between the end of a measurement and that of its handler.
func newLog(size int) *requestLog { return &requestLog{ring: make([]request, 0, size), size: size} }

func (log *requestLog) add(r request) {
	log.mutex.Lock()
	defer log.mutex.Unlock()
	if len(log.ring) < log.size {
		log.ring = append(log.ring, r)
		return
	}
	log.ring[log.next] = r
	log.next = (log.next + 1) % log.size
}

func (log *requestLog) snapshot() []request {
	log.mutex.Lock()
	defer log.mutex.Unlock()
	return append(append([]request{}, log.ring[log.next:]...), log.ring[:log.next]...)
}

func (log *requestLog) reset() {
	log.mutex.Lock()
	defer log.mutex.Unlock()
	log.ring, log.next = log.ring[:0], 0
}

// serveDebug answers on a listener of its own: its requests are not measured.
func serveDebug(address string, log *requestLog) (string, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return "", err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/requests", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-ndjson")
		out := bufio.NewWriter(w)
		lines := json.NewEncoder(out)
		for _, one := range log.snapshot() {
			lines.Encode(one)
		}
		out.Flush()
	})
	mux.HandleFunc("/debug/reset", func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			http.Error(w, "use POST", http.StatusMethodNotAllowed)
			return
		}
		log.reset()
		w.WriteHeader(http.StatusNoContent)
	})
	go (&http.Server{Handler: mux}).Serve(l)
	return l.Addr().String(), nil
}
