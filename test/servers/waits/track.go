package main

import _ "unsafe" // for go:linkname

// The runtime tracks one in eight switches of a goroutine, which is too rough an oracle. This switch, made for its own
// tests (runtime/proc.go, from Go 1.20 on), makes it track all of them. Linked with -checklinkname=0.
//
//go:linkname alwaysTrack runtime.casgstatusAlwaysTrack
var alwaysTrack bool

func init() { alwaysTrack = true }
