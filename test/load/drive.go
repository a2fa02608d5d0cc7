package main

import (
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// client sends requests one after the other.
type client interface {
	// send returns one result for each of the requests; more than one only when they are pipelined.
	send(requests []request) []result
	close()
}

const pipelineDepth = 5

// drive hands out request numbers to the connections until the count or the time is used up.
func drive(options options, mix []kind, results *results, stop <-chan os.Signal) error {
	dial, err := clients(options)
	if err != nil {
		return err
	}
	var next atomic.Int64
	var stopped atomic.Bool
	go func() { <-stop; stopped.Store(true) }()
	deadline := time.Now().Add(options.duration)
	batch := 1
	if options.protocol == "pipelined" {
		batch = pipelineDepth
	}

	var group sync.WaitGroup
	for connection := range options.connections {
		group.Add(1)
		go func() {
			defer group.Done()
			client := dial()
			defer client.close()
			pace := newPace(options, connection)
			for !stopped.Load() && (options.duration == 0 || time.Now().Before(deadline)) {
				requests := make([]request, 0, batch)
				for range batch {
					i := int(next.Add(1)) - 1
					if options.count > 0 && i >= options.count {
						break
					}
					requests = append(requests, identity(options.prefix, i, mix))
				}
				if len(requests) == 0 {
					return
				}
				for _, one := range client.send(requests) {
					results.add(one)
				}
				pace.wait()
			}
		}()
	}
	group.Wait()
	return nil
}

// pace spreads the rate evenly over the connections. A connection that falls behind does not try to catch up for more
// than a second.
type pace struct {
	interval time.Duration
	next     time.Time
}

func newPace(options options, connection int) *pace {
	if options.rate == 0 {
		return &pace{}
	}
	interval := time.Duration(float64(options.connections) / options.rate * float64(time.Second))
	offset := interval * time.Duration(connection) / time.Duration(options.connections)
	time.Sleep(offset)
	return &pace{interval, time.Now()}
}

func (p *pace) wait() {
	if p.interval == 0 {
		return
	}
	p.next = p.next.Add(p.interval)
	now := time.Now()
	if late := now.Sub(p.next); late > time.Second {
		p.next = now
	}
	time.Sleep(time.Until(p.next))
}
