package main

import (
	"net/http"
	"strings"
	"sync"
	"time"
	"unsafe"
)

var (
	mutexes   = map[string]*sync.Mutex{"a": {}, "b": {}, "c": {}}
	rwmutexes = map[string]*sync.RWMutex{"p": {}, "q": {}}
)

func addresses() map[string]uintptr {
	found := map[string]uintptr{}
	for name, mutex := range mutexes {
		found[name] = uintptr(unsafe.Pointer(mutex))
	}
	for name, mutex := range rwmutexes {
		found[name] = uintptr(unsafe.Pointer(mutex))
	}
	return found
}

func nameOf(r *http.Request) string { return r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:] }

func lock(j *journal, r *http.Request) {
	name := nameOf(r)
	mutex := mutexes[name]
	start := now()
	mutex.Lock()
	j.waited(name, start)
	j.hold(name, r, mutex.Unlock)
}

func read(j *journal, r *http.Request) {
	name := nameOf(r)
	mutex := rwmutexes[name]
	start := now()
	mutex.RLock()
	j.waited(name, start)
	j.hold(name, r, mutex.RUnlock)
}

func write(j *journal, r *http.Request) {
	name := nameOf(r)
	mutex := rwmutexes[name]
	start := now()
	mutex.Lock()
	j.waited(name, start)
	j.hold(name, r, mutex.Unlock)
}

// nested holds one lock while it waits for another.
func nested(j *journal, r *http.Request) {
	start := now()
	mutexes["a"].Lock()
	j.waited("a", start)
	held := now()
	mutexes["b"].Lock()
	j.waited("b", held)
	j.hold("b", r, mutexes["b"].Unlock)
	j.Holds = append(j.Holds, period{"a", held, now()})
	mutexes["a"].Unlock()
}

func group(j *journal, r *http.Request) {
	var done sync.WaitGroup
	done.Add(1)
	go func() {
		pause(r)
		done.Done()
	}()
	start := now()
	done.Wait()
	j.waited("group", start)
}

func cond(j *journal, r *http.Request) {
	var mutex sync.Mutex
	ready := sync.NewCond(&mutex)
	isReady := false
	go func() {
		pause(r)
		mutex.Lock()
		isReady = true
		mutex.Unlock()
		ready.Broadcast()
	}()
	mutex.Lock()
	start := now()
	for !isReady {
		ready.Wait()
	}
	j.waited("cond", start)
	mutex.Unlock()
}

// child waits for a lock in a goroutine of its own, and for that goroutine by a channel.
func child(j *journal, r *http.Request) {
	name := nameOf(r)
	done := make(chan struct{})
	go func() {
		mutexes[name].Lock()
		time.Sleep(time.Millisecond)
		mutexes[name].Unlock()
		close(done)
	}()
	<-done
}
