package app

import (
	"crypto/tls"
	"errors"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

type addresses struct{ tcp, tls, h2c, unix, hidden, wrapped string }

type listener struct {
	Kind     string `json:"kind"` // tcp, tls, h2c, unix, hidden, wrapped
	Address  string `json:"address"`
	listener net.Listener
}

func listenAll(wanted addresses) ([]listener, error) {
	var all []listener
	for _, kind := range []struct{ name, network, list string }{
		{"tcp", "tcp", wanted.tcp}, {"tls", "tcp", wanted.tls}, {"h2c", "tcp", wanted.h2c}, {"unix", "unix", wanted.unix},
		{"hidden", "tcp", wanted.hidden}, {"wrapped", "tcp", wanted.wrapped},
	} {
		for _, address := range strings.Split(kind.list, ",") {
			if address == "" {
				continue
			}
			if kind.network == "unix" {
				os.Remove(address)
			}
			l, err := net.Listen(kind.network, address)
			if err != nil {
				return nil, err
			}
			switch kind.name {
			case "hidden":
				l = hiding{l}
			case "wrapped":
				l = wrapping{wrapping{l}}
			}
			all = append(all, listener{kind.name, l.Addr().String(), l})
		}
	}
	if len(all) == 0 {
		return nil, errors.New("nothing to listen on: give -tcp, -tls, -h2c, -unix, -hidden or -wrapped")
	}
	return all, nil
}

func serveAll(listeners []listener, log *requestLog, protocols Protocols, readTimeout time.Duration) error {
	upstream := ""
	for _, l := range listeners {
		if l.Kind == "tcp" {
			upstream = l.Address
			break
		}
	}
	handler := log.measure(routes(upstream))
	for _, l := range listeners {
		server := &http.Server{Handler: handler, ErrorLog: stdlog.New(io.Discard, "", 0), ReadTimeout: readTimeout}
		switch l.Kind {
		case "tls":
			certificate, err := selfSigned()
			if err != nil {
				return err
			}
			server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}}
			if err := protocols.ConfigureTLS(server); err != nil {
				return err
			}
			go server.ServeTLS(l.listener, "", "")
			continue
		case "h2c":
			if err := protocols.H2C(server); err != nil {
				return err
			}
		}
		go server.Serve(l.listener)
	}
	return nil
}

// hiding hands out connections that keep the socket's so deep inside that nobody who looks at them from outside finds
// it. Servers that count or throttle bytes do such things.
type hiding struct{ net.Listener }

func (l hiding) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &hidden{Conn: conn}, nil
}

type hidden struct {
	_ [8]uint64
	net.Conn
}

// wrapping hands out connections around those of its listener, which may be wrapped themselves.
type wrapping struct{ net.Listener }

func (l wrapping) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &wrapped{Conn: conn}, nil
}

type wrapped struct {
	_ uint64
	net.Conn
}
