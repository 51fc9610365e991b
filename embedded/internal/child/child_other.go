//go:build unix && !linux

package child

import "syscall"

// Without a death signal an orphan is found and stopped by the next start.
func dieWithParent(*syscall.SysProcAttr, syscall.Signal) {}
