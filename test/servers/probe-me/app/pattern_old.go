//go:build !go1.23

package app

import "net/http"

// Before Go 1.23 a handler cannot see which pattern matched.
func patternOf(*http.Request) string { return "" }
