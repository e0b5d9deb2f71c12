//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package main

import (
	"os"
	"syscall"
)

// noDumps keeps a crash from writing the program's memory into a file, which would hold what users were looking at. The second
// file is for systems that hand dumps to a program of their own, whatever the limit; it is Linux's alone.
func noDumps() error {
	_ = os.WriteFile("/proc/self/coredump_filter", []byte("0"), 0)
	return syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{})
}
