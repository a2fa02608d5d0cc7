// Command probe-me is the server that tests attach to. It does what Go servers do, also what they should not do, and
// measures each of its handlers itself.
package main

import (
	"net/http"

	"httptrace.test/probe-me/app"
)

func main() {
	app.Main(app.Protocols{ConfigureTLS: func(*http.Server) error { return nil }, H2C: standardH2C})
}
