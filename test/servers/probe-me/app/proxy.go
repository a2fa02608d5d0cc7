package app

import (
	"io"
	stdlog "log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
)

// proxyRoutes passes /proxy/X on to /X of this server's first plain listener. The inner request gets an id of its own.
func proxyRoutes(mux *http.ServeMux, upstream string) {
	if upstream == "" {
		return
	}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: upstream})
	proxy.ErrorLog = stdlog.New(io.Discard, "", 0)
	direct := proxy.Director
	proxy.Director = func(r *http.Request) {
		r.URL.Path = strings.TrimPrefix(r.URL.Path, "/proxy")
		direct(r)
		id := r.Header.Get("X-Request-Id") + "-inner"
		r.Header.Set("X-Request-Id", id)
		r.URL.RawQuery = url.Values{"rid": {id}}.Encode()
	}
	mux.Handle("/proxy/", proxy)
}
