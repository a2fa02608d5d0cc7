//go:build cpuprofile

package app

import (
	"os"
	"runtime"
	"runtime/pprof"
)

// startProfile writes a CPU profile to $PROBE_ME_CPUPROFILE until stop is called: the input of a PGO build.
func startProfile() (stop func(), err error) {
	file, err := os.Create(os.Getenv("PROBE_ME_CPUPROFILE"))
	if err != nil {
		return nil, err
	}
	// The compiler counts the innermost calls only. It takes many samples until those of short functions such as
	// finishRequest are hot. StartCPUProfile complains of the rate, and keeps it.
	runtime.SetCPUProfileRate(1000)
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, err
	}
	return func() { pprof.StopCPUProfile(); file.Close() }, nil
}
