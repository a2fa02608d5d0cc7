package app

import (
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// measure is the outermost handler: what it sees as the time of a handler is what an observer from outside should see.
func (log *requestLog) measure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		seen := &observer{ResponseWriter: w, start: start, writeHeader: -1}
		body := &countedBody{ReadCloser: r.Body}
		r.Body = body
		method, path, query := r.Method, r.URL.Path, r.URL.RawQuery
		returned := false
		defer func() {
			elapsed := time.Since(start)
			log.add(request{
				ID: r.Header.Get("X-Request-Id"), Method: method, Path: path, Query: query, Proto: r.Proto,
				Status: seen.final(returned), Pattern: patternOf(r), Returned: returned, Hijacked: seen.hijacked,
				Informational: seen.informational, Superfluous: seen.superfluous,
				ContentLength: r.ContentLength, RequestBytes: body.bytes, ResponseBytes: seen.bytes,
				HandlerNanos: elapsed.Nanoseconds(), WriteHeaderNanos: seen.writeHeader.Nanoseconds(),
				ContextEndNanos: atomic.LoadInt64(&seen.contextEnd), StartUnixNano: start.UnixNano(),
			})
		}()
		next.ServeHTTP(seen, r)
		returned = true
	})
}

type countedBody struct {
	io.ReadCloser
	bytes int64
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.bytes += int64(n)
	return n, err
}
