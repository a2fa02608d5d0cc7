package app

import (
	"fmt"
	"net/http"
	"time"
)

func streamRoutes(mux *http.ServeMux) {
	mux.HandleFunc("/sse/", withNumber("/sse/", func(w http.ResponseWriter, r *http.Request, events int) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := 0; i < events; i++ {
			fmt.Fprintf(w, "id: %d\ndata: tick\n\n", i)
			w.(http.Flusher).Flush()
			time.Sleep(time.Millisecond)
		}
	}))
	mux.HandleFunc("/early-hints", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		time.Sleep(time.Millisecond)
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, "hinted")
	})
	// Waits for the client to go away; gives up after ten seconds so that a test cannot hang here.
	mux.HandleFunc("/leave", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(10 * time.Second):
			http.Error(w, "nobody left", http.StatusGatewayTimeout)
		}
	})
}
