package load

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of processor time in /proc: Linux promises a hundred a second.
const tick = 10 * time.Millisecond

// CPU is what processes have used so far. Those that are gone count nothing.
func CPU(processes ...int) time.Duration {
	var sum time.Duration
	for _, id := range processes {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", id))
		if err != nil {
			continue
		}
		// The name, in brackets, may hold anything: count from behind it.
		words := strings.Fields(string(status[bytes.LastIndexByte(status, ')')+1:]))
		for _, word := range words[11:13] { // in the program, and in the kernel
			ticks, _ := strconv.ParseInt(word, 10, 64)
			sum += time.Duration(ticks) * tick
		}
	}
	return sum
}

// Resident is how many bytes of memory a process holds.
func Resident(process int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", process))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if size, found := strings.CutPrefix(line, "VmRSS:"); found {
			kib, _ := strconv.ParseInt(strings.Fields(size)[0], 10, 64)
			return kib << 10
		}
	}
	return 0
}
