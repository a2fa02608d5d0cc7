//go:build !go1.22

package app

import (
	"fmt"
	"net/http"
	"strings"
)

func patternRoutes(mux *http.ServeMux) {
	mux.HandleFunc("/items/", func(w http.ResponseWriter, r *http.Request) {
		rest := strings.TrimPrefix(r.URL.Path, "/items/")
		fmt.Fprint(w, strings.Replace(rest, "/parts/", "", 1))
	})
	mux.HandleFunc("/files/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, strings.TrimPrefix(r.URL.Path, "/files/"))
	})
}
