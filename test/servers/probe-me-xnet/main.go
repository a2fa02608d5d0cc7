// Command probe-me-xnet is probe-me with the HTTP/2 of golang.org/x/net, over TLS and as h2c.
package main

import (
	"net/http"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/h2c"

	"httptrace.test/probe-me/app"
)

func main() {
	app.Main(app.Protocols{
		ConfigureTLS: func(server *http.Server) error { return http2.ConfigureServer(server, nil) },
		H2C: func(server *http.Server) error {
			server.Handler = h2c.NewHandler(server.Handler, &http2.Server{})
			return nil
		},
	})
}
