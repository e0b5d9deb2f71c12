package sqlitestore

import (
	"os"
	"syscall"
)

// rdonly is ST_RDONLY of statfs(2).
const rdonly = 1

// checkWritable returns EROFS where the file system of an open directory has turned read-only. Nobody else would say so: Linux
// goes on to take writes of files that were open before, keeps them in memory, and fsync returns success.
func checkWritable(dir *os.File) error {
	var fs syscall.Statfs_t
	if err := syscall.Fstatfs(int(dir.Fd()), &fs); err != nil {
		return err
	}
	if fs.Flags&rdonly != 0 {
		return syscall.EROFS
	}
	return nil
}
