//go:build !linux

package rig

import "syscall"

// dieWithUs is Linux's alone: elsewhere a child outlives us if we are killed.
func dieWithUs(*syscall.SysProcAttr, syscall.Signal) {}
