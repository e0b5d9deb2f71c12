//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package canary_test

import (
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFilesThatAreNoneDoNotHang(t *testing.T) {
	s := newSet(t)
	value := s.Plain("plain")
	dir := t.TempDir()
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	for _, err := range []error{
		os.WriteFile(elsewhere, []byte(s.Text("elsewhere")), 0o600),
		os.Symlink(elsewhere, filepath.Join(dir, "link")),
		os.Symlink(dir, filepath.Join(dir, "round")),
		os.Symlink("/nowhere/"+value, filepath.Join(dir, "dangling")),
		syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600),
		os.MkdirAll(filepath.Join(dir, "in", value), 0o700),
		os.WriteFile(filepath.Join(dir, "empty"), nil, 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("unix", filepath.Join(dir, "socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	x := s.Search()
	if err := x.Dir(dir); err != nil {
		t.Fatal(err)
	}
	r := x.Report()
	if diff := cmp.Diff([]string{"plain as plain within a file's name", "plain as plain within a link"}, said(r)); diff != "" {
		t.Error(diff)
	}
	if len(r.Skipped) != 5 || len(r.Sources) != 1 || len(r.Problems) != 0 {
		t.Errorf("skipped %q, searched %v, problems %q", r.Skipped, r.Sources, r.Problems)
	}
}
