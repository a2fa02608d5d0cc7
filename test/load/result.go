package main

import (
	"bufio"
	"encoding/json"
	"os"
	"sort"
	"sync"
	"time"
)

// result is one line of -out.
type result struct {
	ID       string `json:"id"`
	Method   string `json:"method"`
	Path     string `json:"path"`
	Query    string `json:"query"`
	Protocol string `json:"protocol"`
	Status   int    `json:"status"`   // 0: no response came
	Sent     int    `json:"sent"`     // bytes of the body
	Received int    `json:"received"` // bytes of the body
	TraceID  string `json:"trace_id"`
	ParentID string `json:"parent_id"`
	Sampled  bool   `json:"sampled"`
	State    string `json:"tracestate"`
	Local    int    `json:"local_port"` // 0: not TCP
	Start    int64  `json:"start_unix_ns"`
	End      int64  `json:"end_unix_ns"`
	Outcome  string `json:"outcome"`
	Expected string `json:"expected"`
	Detail   string `json:"detail,omitempty"`
}

func (r request) begin(protocol string) result {
	return result{
		ID: r.id, Method: r.method, Path: r.path, Query: r.query, Protocol: protocol, TraceID: r.traceID,
		ParentID: r.parentID, Sampled: r.sampled, State: r.tracestate, Start: time.Now().UnixNano(), Expected: r.outcome,
	}
}

// finish judges what came: err is what ended the exchange early, if anything did.
func (res *result) finish(r request, err error) {
	res.End = time.Now().UnixNano()
	switch {
	case r.leave:
		res.Outcome = aborted
	case err != nil:
		res.Outcome, res.Detail = closed, err.Error()
	case r.outcome == ok1 && r.status != 0 && res.Status != r.status:
		res.Outcome, res.Detail = wrong, "status"
	case r.outcome == ok1 && r.size >= 0 && res.Received != r.size:
		res.Outcome, res.Detail = wrong, "size"
	default:
		res.Outcome = ok1
	}
}

// results collects from all connections.
type results struct {
	mutex      sync.Mutex
	out        *bufio.Writer
	file       *os.File
	lines      *json.Encoder
	latencies  []int64
	outcomes   map[string]int
	unexpected int
	first      string
	began      time.Time
}

func openResults(path string) (*results, error) {
	r := &results{outcomes: map[string]int{}, began: time.Now()}
	if path == "" {
		return r, nil
	}
	r.file = os.Stdout
	if path != "-" {
		file, err := os.Create(path)
		if err != nil {
			return nil, err
		}
		r.file = file
	}
	r.out = bufio.NewWriterSize(r.file, 1<<16)
	r.lines = json.NewEncoder(r.out)
	return r, nil
}

const mostLatencies = 2_000_000

func (r *results) add(one result) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.outcomes[one.Outcome]++
	if len(r.latencies) < mostLatencies {
		r.latencies = append(r.latencies, one.End-one.Start)
	}
	if one.Outcome != one.Expected {
		r.unexpected++
		if r.first == "" {
			line, _ := json.Marshal(one)
			r.first = string(line)
		}
	}
	if r.lines != nil {
		r.lines.Encode(one)
	}
}

func (r *results) close() error {
	if r.out == nil {
		return nil
	}
	if err := r.out.Flush(); err != nil {
		return err
	}
	return r.file.Close()
}

type summary struct {
	Requests   int            `json:"requests"`
	Outcomes   map[string]int `json:"outcomes"`
	Unexpected int            `json:"unexpected"`
	Seconds    float64        `json:"seconds"`
	Rate       float64        `json:"rate"`
	P50        float64        `json:"p50_us"`
	P95        float64        `json:"p95_us"`
	P99        float64        `json:"p99_us"`
	Max        float64        `json:"max_us"`
}

func (r *results) summary() summary {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	seconds := time.Since(r.began).Seconds()
	s := summary{Outcomes: r.outcomes, Unexpected: r.unexpected, Seconds: seconds}
	for _, n := range r.outcomes {
		s.Requests += n
	}
	s.Rate = float64(s.Requests) / seconds
	if n := len(r.latencies); n > 0 {
		sort.Slice(r.latencies, func(i, j int) bool { return r.latencies[i] < r.latencies[j] })
		at := func(q float64) float64 { return float64(r.latencies[int(q*float64(n-1))]) / 1000 }
		s.P50, s.P95, s.P99, s.Max = at(0.5), at(0.95), at(0.99), at(1)
	}
	return s
}
