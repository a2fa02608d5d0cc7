// Command load drives requests at a server under test and notes what it sent and what came back.
//
// With -count it sends that many requests of a mix and writes one NDJSON line for each to -out. With -duration it keeps
// a steady load up and prints one JSON line with rates and latencies.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"
)

func main() {
	options := options{}
	flag.StringVar(&options.protocol, "protocol", "h11", "h10, h11, pipelined, split, tls11, h2, h2c or unix")
	flag.StringVar(&options.address, "address", "", "host:port, or the path of a Unix socket")
	flag.StringVar(&options.mix, "mix", "everything", "which requests: "+mixNames())
	flag.IntVar(&options.connections, "connections", 4, "connections (HTTP/1), requests at a time (HTTP/2)")
	flag.IntVar(&options.count, "count", 0, "how many requests to send")
	flag.DurationVar(&options.duration, "duration", 0, "how long to keep the load up")
	flag.Float64Var(&options.rate, "rate", 0, "requests a second in all; 0: as many as possible")
	flag.StringVar(&options.prefix, "prefix", "r", "what request ids begin with")
	out := flag.String("out", "", "file for NDJSON results; - is standard output")
	flag.Parse()

	if err := run(options, *out); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

type options struct {
	protocol, address, mix, prefix string
	connections, count             int
	duration                       time.Duration
	rate                           float64
}

func run(options options, out string) error {
	mix, err := mixOf(options.mix, options.protocol)
	if err != nil {
		return err
	}
	if options.address == "" || (options.count == 0) == (options.duration == 0) {
		return fmt.Errorf("give -address and one of -count and -duration")
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt)
	results, err := openResults(out)
	if err != nil {
		return err
	}
	if err := drive(options, mix, results, stop); err != nil {
		return err
	}
	if err := results.close(); err != nil {
		return err
	}
	json.NewEncoder(os.Stderr).Encode(results.summary())
	if results.unexpected > 0 {
		return fmt.Errorf("%d requests did not go as expected; the first: %s", results.unexpected, results.first)
	}
	return nil
}
