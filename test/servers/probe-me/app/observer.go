package app

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

// observer notes what a handler does with its ResponseWriter and passes everything on.
type observer struct {
	http.ResponseWriter
	start         time.Time
	status        int
	informational int
	superfluous   int
	bytes         int64
	writeHeader   time.Duration // -1: the handler did not write a header
	hijacked      bool
	contextEnd    int64 // nanoseconds after the start; atomic
}

// final is the status that the client gets; 0 where the handler did not decide it.
func (o *observer) final(returned bool) int {
	if o.status == 0 && returned && !o.hijacked {
		return http.StatusOK
	}
	return o.status
}

func (o *observer) WriteHeader(status int) {
	switch {
	case o.status != 0:
		o.superfluous++
	case status >= 100 && status < 200 && status != http.StatusSwitchingProtocols:
		o.informational++
	default:
		o.status, o.writeHeader = status, time.Since(o.start)
	}
	o.ResponseWriter.WriteHeader(status)
}

func (o *observer) implicitHeader() {
	if o.status == 0 {
		o.status, o.writeHeader = http.StatusOK, time.Since(o.start)
	}
}

func (o *observer) Write(p []byte) (int, error) {
	o.implicitHeader()
	n, err := o.ResponseWriter.Write(p)
	o.bytes += int64(n)
	return n, err
}

// ReadFrom keeps the way that io.Copy takes to a TCP connection.
func (o *observer) ReadFrom(source io.Reader) (int64, error) {
	o.implicitHeader()
	n, err := io.Copy(o.ResponseWriter, source)
	o.bytes += n
	return n, err
}

func (o *observer) Flush() {
	o.implicitHeader()
	if flusher, ok := o.ResponseWriter.(http.Flusher); ok {
		flusher.Flush()
	}
}

func (o *observer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	hijacker, ok := o.ResponseWriter.(http.Hijacker)
	if !ok {
		return nil, nil, errors.New("this connection cannot be hijacked")
	}
	conn, buffered, err := hijacker.Hijack()
	o.hijacked = err == nil
	return conn, buffered, err
}

// Unwrap serves http.ResponseController.
func (o *observer) Unwrap() http.ResponseWriter { return o.ResponseWriter }
