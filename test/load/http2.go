package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"time"
)

// http2 sends through net/http's transport; all of a run's requests share its connection.
type http2 struct {
	options options
	client  *http.Client
}

func clients(options options) (func() client, error) {
	switch options.protocol {
	case "h10", "h11", "pipelined", "split", "tls11", "unix":
		return func() client { return &http1{options: options} }, nil
	case "h2", "h2c":
		transport := &http.Transport{
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, Protocols: new(http.Protocols), DisableCompression: true,
		}
		transport.Protocols.SetHTTP2(options.protocol == "h2")
		transport.Protocols.SetUnencryptedHTTP2(options.protocol == "h2c")
		shared := &http2{options, &http.Client{Transport: transport}}
		return func() client { return shared }, nil
	}
	return nil, fmt.Errorf("no protocol %q", options.protocol)
}

func (c *http2) close() {}

func (c *http2) send(requests []request) []result {
	list := make([]result, len(requests))
	for i, r := range requests {
		list[i] = r.begin(c.options.protocol)
		list[i].finish(r, c.exchange(r, &list[i]))
	}
	return list
}

func (c *http2) exchange(r request, res *result) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if r.leave {
		time.AfterFunc(leaveAfter, cancel)
	}
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) { res.Local = localPort(info.Conn) },
	})
	scheme := "https://"
	if c.options.protocol == "h2c" {
		scheme = "http://"
	}
	var body io.Reader
	if r.body > 0 {
		body = strings.NewReader(string(payload(r.body)))
		if r.chunked {
			body = io.MultiReader(body) // hides the length
		}
	}
	out, err := http.NewRequestWithContext(ctx, r.method, scheme+c.options.address+r.path+"?"+r.query, body)
	if err != nil {
		return err
	}
	for _, h := range r.headers(false) {
		out.Header.Set(h[0], h[1])
	}
	response, err := c.client.Do(out)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	res.Status, res.Sent = response.StatusCode, r.body
	n, err := io.Copy(&checker{known: strings.HasPrefix(r.path, "/bytes/") || r.path == "/echo"}, response.Body)
	res.Received = int(n)
	return err
}
