//go:build !go1.24

package main

import (
	"errors"
	"net/http"
)

func standardH2C(*http.Server) error {
	return errors.New("the standard library has no h2c before Go 1.24: use probe-me-xnet")
}
