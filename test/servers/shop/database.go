package main

import (
	"math/rand/v2"
	"time"
)

// readDatabase stands for a query to another machine: mostly as fast as usual, sometimes not.
func readDatabase(usual time.Duration) {
	took := usual + time.Duration(rand.ExpFloat64()*float64(usual)/4)
	if rand.IntN(200) == 0 {
		took *= 12
	}
	time.Sleep(took)
}
