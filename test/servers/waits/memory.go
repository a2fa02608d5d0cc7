package main

import (
	"encoding/json"
	"net/http"
	"runtime"
	"runtime/metrics"
)

type node struct {
	next *node
	data [120]byte
}

var (
	kept    [64]*node
	sources = make([]byte, 64<<20)
	targets = make([]byte, 64<<20)
)

// garbage allocates fast enough that it is made to mark.
func garbage(_ *journal, r *http.Request) {
	slot := int(duration(r, "slot")) % len(kept)
	for i := 0; i < int(duration(r, "nodes")); i++ {
		if i%10000 == 0 {
			kept[slot] = nil
		}
		kept[slot] = &node{next: kept[slot]}
	}
}

func collect(*journal, *http.Request) { runtime.GC() }

// stopTheWorld stops it for another reason than a collection.
func stopTheWorld(*journal, *http.Request) {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
}

// copyMemory cannot be preempted while it copies: whoever stops the world waits for it.
func copyMemory(_ *journal, r *http.Request) {
	for i := 0; i < int(duration(r, "times")); i++ {
		copy(targets, sources)
	}
}

var wanted = []string{
	"/sync/mutex/wait/total:seconds",
	"/cpu/classes/gc/mark/assist:cpu-seconds",
	"/sched/latencies:seconds",
}

// figures is what the runtime says of itself; what this version does not have is absent.
func figures(w http.ResponseWriter, _ *http.Request) {
	samples := make([]metrics.Sample, len(wanted))
	for i, name := range wanted {
		samples[i].Name = name
	}
	metrics.Read(samples)
	found := map[string]any{}
	for _, sample := range samples {
		switch sample.Value.Kind() {
		case metrics.KindFloat64:
			found[sample.Name] = sample.Value.Float64()
		case metrics.KindFloat64Histogram:
			found[sample.Name] = total(sample.Value.Float64Histogram())
		}
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	found["PauseTotalNs"] = stats.PauseTotalNs
	found["NumGC"] = stats.NumGC
	for name, address := range addresses() {
		found["lock "+name] = address
	}
	json.NewEncoder(w).Encode(found)
}

// total of a histogram, by the middles of its buckets.
func total(histogram *metrics.Float64Histogram) float64 {
	sum := 0.0
	for i, count := range histogram.Counts {
		low, high := histogram.Buckets[i], histogram.Buckets[i+1]
		if low < 0 {
			low = 0
		}
		if high > 1e6 {
			high = low
		}
		sum += float64(count) * (low + high) / 2
	}
	return sum
}
