package snapshot

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// noFaultAround keeps the kernel from mapping, with a page that is read, up to fifteen neighbours that nobody asked for. Each of
// them would cost every reset some 25 ns, and guests read a page here and there. There is no call for it, but memory that is
// registered for write protection by userfaultfd is exempt. Nothing is ever protected: no fault is reported to anybody.
type noFaultAround struct{ fd int }

// From include/uapi/linux/userfaultfd.h.
const (
	uffdUserModeOnly = 1 // as anybody may

	uffdAPI      = 0xc018aa3f // _IOWR(0xAA, 0x3F, struct uffdio_api)
	uffdRegister = 0xc020aa00 // _IOWR(0xAA, 0x00, struct uffdio_register)

	uffdVersion        = 0xaa
	uffdFeatureWP      = 1 << 0
	uffdFeatureWPShmem = 1 << 12 // Linux 5.19

	uffdRegisterModeWP = 1 << 1
)

type uffdAPIArg struct{ api, features, ioctls uint64 }

type uffdRegisterArg struct{ start, length, mode, ioctls uint64 }

// openNoFaultAround fails where the system does not know or allow it; then neighbours are mapped.
func openNoFaultAround() (noFaultAround, error) {
	fd, _, errno := unix.Syscall(unix.SYS_USERFAULTFD, unix.O_CLOEXEC|uffdUserModeOnly, 0, 0)
	if errno != 0 {
		return noFaultAround{-1}, fmt.Errorf("open userfaultfd: %w", errno)
	}
	api := uffdAPIArg{api: uffdVersion, features: uffdFeatureWP | uffdFeatureWPShmem}
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, fd, uffdAPI, uintptr(unsafe.Pointer(&api))); errno != 0 {
		_ = unix.Close(int(fd))
		return noFaultAround{-1}, fmt.Errorf("set userfaultfd up: %w", errno)
	}
	return noFaultAround{int(fd)}, nil
}

// apply exempts a mapping. Where that fails it is slower, and nothing else.
func (n noFaultAround) apply(base unsafe.Pointer, length int) error {
	if n.fd < 0 {
		return nil
	}
	arg := uffdRegisterArg{start: uint64(uintptr(base)), length: uint64(length), mode: uffdRegisterModeWP}
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(n.fd), uffdRegister, uintptr(unsafe.Pointer(&arg))); errno != 0 {
		return fmt.Errorf("register with userfaultfd: %w", errno)
	}
	return nil
}

func (n noFaultAround) close() error {
	if n.fd < 0 {
		return nil
	}
	return unix.Close(n.fd)
}
