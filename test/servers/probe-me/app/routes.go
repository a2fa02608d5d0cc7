package app

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

func routes(upstream string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/fast", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "ok") })
	mux.HandleFunc("/empty", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/status/", withNumber("/status/", func(w http.ResponseWriter, _ *http.Request, n int) { w.WriteHeader(n) }))
	mux.HandleFunc("/superfluous", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusAccepted)
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprint(w, "accepted")
	})
	mux.HandleFunc("/sleep/", withNumber("/sleep/", func(w http.ResponseWriter, _ *http.Request, ms int) {
		time.Sleep(time.Duration(ms) * time.Millisecond)
		fmt.Fprint(w, "slept")
	}))
	bodyRoutes(mux)
	streamRoutes(mux)
	connectionRoutes(mux)
	panicRoutes(mux)
	stressRoutes(mux)
	waitRoutes(mux)
	timeoutRoutes(mux)
	contextRoutes(mux)
	proxyRoutes(mux, upstream)
	patternRoutes(mux)
	return mux
}

// withNumber parses the decimal number that is the rest of the path.
func withNumber(prefix string, next func(http.ResponseWriter, *http.Request, int)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, prefix))
		if err != nil || n < 0 || n > 64<<20 {
			http.Error(w, "want a number", http.StatusBadRequest)
			return
		}
		next(w, r, n)
	}
}
