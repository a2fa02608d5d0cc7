// A small server to plan probes for. With a file name it loads itself over a
// keep-alive connection and writes a CPU profile there, for -pgo.
package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime/pprof"
	"sync"
	"time"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "hello") })
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	go func() { check(http.Serve(plain, nil)) }()
	if len(os.Args) > 1 {
		profile(os.Args[1], "http://"+plain.Addr().String())
		return
	}
	secure, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{})
	check(err)
	check(http.ServeTLS(secure, nil, "cert.pem", "key.pem"))
}

func profile(name, url string) {
	f, err := os.Create(name)
	check(err)
	check(pprof.StartCPUProfile(f))
	end := time.Now().Add(3 * time.Second)
	var wg sync.WaitGroup
	for i := 0; i < 8; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			client := &http.Client{Transport: &http.Transport{}}
			for time.Now().Before(end) {
				response, err := client.Get(url)
				check(err)
				io.Copy(io.Discard, response.Body)
				response.Body.Close()
			}
		}()
	}
	wg.Wait()
	pprof.StopCPUProfile()
	check(f.Close())
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
