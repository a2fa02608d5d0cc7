package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// head is what matters of a response's status line and headers.
type head struct {
	status  int
	length  int // -1: none
	chunked bool
	close   bool
}

func readHead(r *bufio.Reader) (head, error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return head{}, err
	}
	if len(line) < 13 || !bytes.HasPrefix(line, []byte("HTTP/1.")) {
		return head{}, fmt.Errorf("not a status line: %q", line)
	}
	status, err := strconv.Atoi(string(line[9:12]))
	if err != nil {
		return head{}, err
	}
	h := head{status: status, length: -1, close: line[7] == '0'}
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return head{}, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			return h, nil
		}
		name, value, _ := bytes.Cut(line, []byte(": "))
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if h.length, err = strconv.Atoi(string(value)); err != nil {
				return head{}, err
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			h.chunked = true
		case bytes.EqualFold(name, []byte("Connection")):
			h.close = h.close || strings.EqualFold(string(value), "close")
		}
	}
}

// readBody returns the length of the body and checks its bytes where they are known.
func readBody(r *bufio.Reader, sent request, h head) (int, error) {
	check := &checker{known: strings.HasPrefix(sent.path, "/bytes/") || sent.path == "/echo"}
	switch {
	case sent.method == "HEAD" || h.status == 204 || h.status == 304:
		return 0, nil
	case h.chunked:
		return readChunks(r, check)
	case h.length >= 0:
		n, err := io.CopyN(check, r, int64(h.length))
		return int(n), err
	}
	n, err := io.Copy(check, r)
	return int(n), err
}

func readChunks(r *bufio.Reader, to io.Writer) (int, error) {
	total := 0
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return total, err
		}
		size, err := strconv.ParseInt(strings.TrimSpace(line), 16, 32)
		if err != nil {
			return total, err
		}
		n, err := io.CopyN(to, r, size)
		total += int(n)
		if err == nil {
			_, err = r.Discard(2)
		}
		if err != nil || size == 0 {
			return total, err
		}
	}
}

// checker knows the bytes that servers under test send: the alphabet, again from the start every 64 KiB.
type checker struct {
	known bool
	at    int
}

func (c *checker) Write(p []byte) (int, error) {
	if c.known {
		for i, b := range p {
			if want := 'a' + byte((c.at+i)%(64<<10)%26); b != want && b != 'a'+byte((c.at+i)%26) {
				return i, errors.New("the body is not what was asked for")
			}
		}
	}
	c.at += len(p)
	return len(p), nil
}
