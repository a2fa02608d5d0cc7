package main

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// http1 speaks HTTP/1 by hand: it can pipeline, split and leave in the middle, which net/http's client cannot.
type http1 struct {
	options options
	conn    net.Conn
	reader  *bufio.Reader
	buffer  []byte
}

const patience = 30 * time.Second

// leaveAfter is how long a client waits before it goes away.
const leaveAfter = 15 * time.Millisecond

func (c *http1) dial() error {
	network, address := "tcp", c.options.address
	if c.options.protocol == "unix" {
		network = "unix"
	}
	conn, err := net.DialTimeout(network, address, patience)
	if err != nil {
		return err
	}
	if c.options.protocol == "tls11" {
		conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
	}
	c.conn, c.reader = conn, bufio.NewReaderSize(conn, 1<<16)
	return nil
}

func (c *http1) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

func (c *http1) send(requests []request) []result {
	list := make([]result, len(requests))
	for i, r := range requests {
		list[i] = r.begin(c.options.protocol)
	}
	err := c.exchange(requests, list)
	for i, r := range requests {
		if list[i].End == 0 {
			list[i].finish(r, err)
		}
	}
	return list
}

func (c *http1) exchange(requests []request, list []result) error {
	if c.conn == nil {
		if err := c.dial(); err != nil {
			return err
		}
	}
	c.conn.SetDeadline(time.Now().Add(patience))
	local := localPort(c.conn)
	c.buffer = c.buffer[:0]
	for i, r := range requests {
		list[i].Local = local
		c.buffer = c.appendHead(c.buffer, r)
		if r.body > 0 && !r.expect {
			c.buffer = appendBody(c.buffer, r)
			list[i].Sent = r.body
		}
	}
	if err := c.write(c.buffer); err != nil {
		c.close()
		return err
	}
	for i, r := range requests {
		keep, err := c.receive(r, &list[i])
		list[i].finish(r, err)
		if err != nil || !keep {
			c.close()
			if i+1 < len(requests) {
				return errors.New("the connection was closed before this pipelined request was answered")
			}
		}
	}
	return nil
}

func localPort(conn net.Conn) int {
	if address, ok := conn.LocalAddr().(*net.TCPAddr); ok {
		return address.Port
	}
	return 0
}

func (c *http1) appendHead(b []byte, r request) []byte {
	version := " HTTP/1.1\r\nHost: "
	if c.options.protocol == "h10" {
		version = " HTTP/1.0\r\nHost: "
	}
	host := c.options.address
	if c.options.protocol == "unix" {
		host = "localhost"
	}
	b = append(append(append(append(b, r.method...), ' '), r.path...), '?')
	b = append(append(append(append(b, r.query...), version...), host...), "\r\n"...)
	for _, h := range r.headers(c.options.protocol == "split") {
		b = appendHeader(b, h[0], h[1])
	}
	switch {
	case r.chunked:
		b = appendHeader(b, "Transfer-Encoding", "chunked")
	case r.body > 0:
		b = appendHeader(b, "Content-Length", strconv.Itoa(r.body))
	}
	if r.expect {
		b = appendHeader(b, "Expect", "100-continue")
	}
	if r.upgrade {
		b = appendHeader(appendHeader(b, "Connection", "Upgrade"), "Upgrade", "echo")
	}
	if r.close {
		b = appendHeader(b, "Connection", "close")
	}
	return append(b, "\r\n"...)
}

func appendHeader(b []byte, name, value string) []byte {
	return append(append(append(append(b, name...), ": "...), value...), "\r\n"...)
}

func appendBody(b []byte, r request) []byte {
	if !r.chunked {
		return append(b, payload(r.body)...)
	}
	for body := payload(r.body); len(body) > 0; {
		part := min(len(body), 1000)
		b = append(strconv.AppendInt(b, int64(part), 16), "\r\n"...)
		b = append(append(b, body[:part]...), "\r\n"...)
		body = body[part:]
	}
	return append(b, "0\r\n\r\n"...)
}

// write sends everything at once, or in four pieces that reach the server as segments of their own.
func (c *http1) write(b []byte) error {
	if c.options.protocol == "split" {
		for range 3 {
			part := len(b) / 4
			if _, err := c.conn.Write(b[:part]); err != nil {
				return err
			}
			b = b[part:]
			time.Sleep(300 * time.Microsecond)
		}
	}
	_, err := c.conn.Write(b)
	return err
}

// receive reads the response to r. keep: the connection can take another request.
func (c *http1) receive(r request, res *result) (keep bool, err error) {
	if r.leave {
		time.Sleep(leaveAfter)
		return false, nil
	}
	for {
		head, err := readHead(c.reader)
		if err != nil {
			return false, err
		}
		res.Status = head.status
		switch {
		case head.status == 100 && r.expect:
			if err := c.write(payload(r.body)); err != nil {
				return false, err
			}
			res.Sent = r.body
		case head.status == 101:
			res.Received, err = c.talk()
			return false, err
		case head.status >= 200:
			res.Received, err = readBody(c.reader, r, head)
			return !head.close, err
		}
	}
}

// talk uses the echo protocol after an upgrade.
func (c *http1) talk() (int, error) {
	received := 0
	for range 3 {
		if _, err := io.WriteString(c.conn, "hello\n"); err != nil {
			return received, err
		}
		line, err := c.reader.ReadString('\n')
		if err != nil {
			return received, err
		}
		received += len(line)
	}
	_, err := io.WriteString(c.conn, "bye\n")
	return received, err
}

func payload(n int) []byte { return []byte(strings.Repeat("abcdefghijklmnopqrstuvwxyz", n/26+1)[:n]) }
