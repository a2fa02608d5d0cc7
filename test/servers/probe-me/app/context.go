package app

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

type layer struct{}

// contextRoutes work for the number of milliseconds in the path, or less: their context may end before, because the
// client went away or a deadline passed. Some look at it, and stop then; the others never do.
func contextRoutes(mux *http.ServeMux) {
	work := func(name string, how func(http.ResponseWriter, *http.Request, time.Duration)) {
		prefix := "/context/" + name + "/"
		mux.HandleFunc(prefix, withNumber(prefix, func(w http.ResponseWriter, r *http.Request, ms int) {
			how(w, r, time.Duration(ms)*time.Millisecond)
			fmt.Fprint(w, name)
		}))
	}
	work("stops", func(w http.ResponseWriter, r *http.Request, d time.Duration) {
		watch(w, r.Context())
		workUntilDone(r.Context(), d)
	})
	work("goes-on", func(w http.ResponseWriter, r *http.Request, d time.Duration) {
		watch(w, r.Context())
		time.Sleep(d)
	})
	// With a deadline after a quarter of that time.
	work("deadline-stops", func(w http.ResponseWriter, r *http.Request, d time.Duration) {
		ctx, cancel := context.WithTimeout(r.Context(), d/4)
		defer cancel()
		watch(w, ctx)
		workUntilDone(ctx, d)
	})
	work("deadline-goes-on", func(w http.ResponseWriter, r *http.Request, d time.Duration) {
		ctx, cancel := context.WithTimeout(context.WithValue(r.Context(), layer{}, "between"), d/4)
		defer cancel()
		watch(w, ctx)
		time.Sleep(d)
	})
	// The deadline of http.TimeoutHandler, whose own handler runs on a goroutine of its own.
	timeout := func(inner func(context.Context, time.Duration)) func(http.ResponseWriter, *http.Request, time.Duration) {
		return func(w http.ResponseWriter, r *http.Request, d time.Duration) {
			http.TimeoutHandler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				watch(w, r.Context())
				inner(r.Context(), d)
			}), d/4, "too late").ServeHTTP(w, r)
		}
	}
	work("timeout-stops", timeout(workUntilDone))
	work("timeout-goes-on", timeout(func(_ context.Context, d time.Duration) { time.Sleep(d) }))
	// All of the response goes out at once, and the handler works on.
	work("flush", func(w http.ResponseWriter, r *http.Request, d time.Duration) {
		watch(w, r.Context())
		w.(http.Flusher).Flush()
		time.Sleep(d)
	})
	// It reads the request's body, and works on whatever comes of it.
	work("body", func(w http.ResponseWriter, r *http.Request, d time.Duration) {
		watch(w, r.Context())
		end := time.Now().Add(d)
		io.Copy(io.Discard, r.Body)
		time.Sleep(time.Until(end))
	})
	// It writes, now and then, and does not read the request's body.
	work("stream", func(w http.ResponseWriter, r *http.Request, d time.Duration) {
		watch(w, r.Context())
		for end := time.Now().Add(d); time.Now().Before(end); {
			w.Write(make([]byte, 16<<10))
			w.(http.Flusher).Flush()
			time.Sleep(20 * time.Millisecond)
		}
	})
}

func workUntilDone(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// watch notes when a context ends, whether the handler itself looks at it or not.
func watch(w http.ResponseWriter, ctx context.Context) {
	o := w.(*observer)
	go func() {
		<-ctx.Done()
		atomic.StoreInt64(&o.contextEnd, int64(time.Since(o.start)))
	}()
}
