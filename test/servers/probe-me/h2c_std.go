//go:build go1.24

package main

import "net/http"

// standardH2C lets the standard library accept HTTP/2 with prior knowledge without TLS.
func standardH2C(server *http.Server) error {
	server.Protocols = new(http.Protocols)
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	return nil
}
