//go:build !linux

package sqlitestore

import "os"

// checkWritable leaves it to the system to refuse writes.
func checkWritable(*os.File) error { return nil }
