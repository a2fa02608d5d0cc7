// A server whose handlers wait for locks, conditions and the garbage collector, and time it themselves: the truth
// that waits are held against. Each handler's own view goes to standard output, one JSON object a line.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address")
	flag.Parse()
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for path, handler := range routes {
		http.HandleFunc(path, observed(handler))
	}
	http.HandleFunc("/figures", figures)
	fmt.Printf("{\"address\":%q,\"pid\":%d}\n", listener.Addr(), os.Getpid())
	go writeJournals()
	http.Serve(listener, nil)
}

var routes = map[string]func(*journal, *http.Request){
	"/lock/":   lock,
	"/read/":   read,
	"/write/":  write,
	"/nested":  nested,
	"/group":   group,
	"/cond":    cond,
	"/child/":  child,
	"/garbage": garbage,
	"/collect": collect,
	"/stop":    stopTheWorld,
	"/copy":    copyMemory,
	"/sleep":   sleep,
	"/hammer":  hammer,
}

// journal is what one handler saw of itself. Times are nanoseconds since the process started.
type journal struct {
	Rid   string   `json:"rid"`
	Path  string   `json:"path"`
	Waits []period `json:"waits"`
	Holds []period `json:"holds"`
}

type period struct {
	Lock  string `json:"lock"`
	Start int64  `json:"start"`
	End   int64  `json:"end"`
}

var (
	started  = time.Now()
	journals = make(chan *journal, 1<<16)
)

func now() int64 { return int64(time.Since(started)) }

func observed(handler func(*journal, *http.Request)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		j := &journal{Rid: r.FormValue("rid"), Path: r.URL.Path}
		handler(j, r)
		w.WriteHeader(http.StatusOK)
		journals <- j
	}
}

// writeJournals is one goroutine's: handlers wait for no lock that is not measured.
func writeJournals() {
	for j := range journals {
		line, _ := json.Marshal(j)
		os.Stdout.Write(append(line, '\n'))
	}
}

func (j *journal) waited(lock string, start int64) {
	j.Waits = append(j.Waits, period{lock, start, now()})
}

// hold keeps a lock that has just been taken: busy or asleep, as the request says.
func (j *journal) hold(lock string, r *http.Request, release func()) {
	start := now()
	pause(r)
	end := now()
	release()
	j.Holds = append(j.Holds, period{lock, start, end})
}

func pause(r *http.Request) {
	for_ := duration(r, "us") * time.Microsecond
	if r.FormValue("busy") == "" {
		if for_ > 0 {
			time.Sleep(for_)
		}
		return
	}
	for end := time.Now().Add(for_); time.Now().Before(end); {
	}
}

func duration(r *http.Request, name string) time.Duration {
	n, _ := strconv.Atoi(r.FormValue(name))
	return time.Duration(n)
}

func sleep(_ *journal, r *http.Request) { pause(r) }
