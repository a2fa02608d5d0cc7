//go:build go1.22

// The module says go 1.19, which would switch the patterns of 1.22 off.
//
//go:debug httpmuxgo121=0
package main
