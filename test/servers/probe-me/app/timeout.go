package app

import (
	"fmt"
	"net/http"
	"time"
)

func timeoutRoutes(mux *http.ServeMux) {
	work := func(d time.Duration) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-time.After(d):
			case <-r.Context().Done():
			}
			w.WriteHeader(http.StatusCreated)
			fmt.Fprint(w, "done")
		})
	}
	mux.Handle("/timeout/in-time", http.TimeoutHandler(work(time.Millisecond), 5*time.Second, "too late"))
	mux.Handle("/timeout/too-late", http.TimeoutHandler(work(5*time.Second), 10*time.Millisecond, "too late"))
}
