package app

import (
	"io"
	"net/http"
	"strconv"
)

// block is what bodies are made of; clients check them.
var block = func() []byte {
	b := make([]byte, 64<<10)
	for i := range b {
		b[i] = 'a' + byte(i%26)
	}
	return b
}()

func bodyRoutes(mux *http.ServeMux) {
	mux.HandleFunc("/bytes/", withNumber("/bytes/", func(w http.ResponseWriter, _ *http.Request, n int) {
		w.Header().Set("Content-Length", strconv.Itoa(n))
		writeBytes(w, n)
	}))
	mux.HandleFunc("/chunked/", withNumber("/chunked/", func(w http.ResponseWriter, _ *http.Request, n int) {
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush() // from here on no length can be known
		writeBytes(w, n)
	}))
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Write(body)
	})
	mux.HandleFunc("/ignore-body", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "not read") })
}

func writeBytes(w io.Writer, n int) {
	for n > 0 {
		part := n
		if part > len(block) {
			part = len(block)
		}
		if _, err := w.Write(block[:part]); err != nil {
			return
		}
		n -= part
	}
}
