package main

import (
	"net/http"
	"sync"
	"time"
)

type sale struct {
	Customer string    `json:"customer"`
	Cents    int       `json:"cents"`
	At       time.Time `json:"at"`
}

// ledger holds all sales behind one lock, which /report keeps for as long as it adds them up: checkouts wait for it.
type ledger struct {
	mutex sync.Mutex
	sales []sale
}

func newLedger() *ledger { return &ledger{} }

// mostSales bounds the memory of a shop that runs for days.
const mostSales = 100_000

func (l *ledger) record(s sale) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if len(l.sales) >= mostSales {
		l.sales = append(l.sales[:0], l.sales[mostSales/2:]...)
	}
	l.sales = append(l.sales, s)
	time.Sleep(400 * time.Microsecond) // the write-ahead log
}

func (s *shop) checkout(w http.ResponseWriter, r *http.Request) {
	customer := customerOf(r)
	total := 0
	for id, count := range s.carts.of(customer) {
		if p, ok := s.catalog.find(id); ok {
			total += p.Cents * count
		}
	}
	readDatabase(3 * time.Millisecond) // the bank
	done := sale{customer, total, time.Now()}
	s.ledger.record(done)
	s.carts.empty(customer)
	writeJSON(w, http.StatusOK, done)
}
