package rig

import "syscall"

// dieWithUs has the kernel end a child when we are killed.
func dieWithUs(a *syscall.SysProcAttr, by syscall.Signal) { a.Pdeathsig = by }
