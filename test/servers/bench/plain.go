//go:build !otelhttp

package main

import "net/http"

func handler(h http.Handler) http.Handler { return h }
