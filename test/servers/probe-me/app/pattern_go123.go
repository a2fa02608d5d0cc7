//go:build go1.23

package app

import "net/http"

func patternOf(r *http.Request) string { return r.Pattern }
