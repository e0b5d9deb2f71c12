//go:build linux || darwin

package doctor

import "syscall"

// freeBytes is how much a user may still write where dir lies.
func freeBytes(dir string) (int64, bool) {
	var s syscall.Statfs_t
	if syscall.Statfs(dir, &s) != nil {
		return 0, false
	}
	return int64(s.Bavail) * int64(s.Bsize), true //nolint:unconvert // no disk has 8 EiB; Bsize is of another type on macOS
}

// openFiles is how many files a process of this user may have open.
func openFiles() (uint64, bool) {
	var l syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l) != nil {
		return 0, false
	}
	return l.Max, true // Go raises the soft limit to it
}
