package ui_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var gallery = flag.String("gallery", "", "write every sample page, in light and dark, into this directory, to look at in a browser")

func TestGallery(t *testing.T) {
	if *gallery == "" {
		t.Skip("-gallery names no directory")
	}
	statics, err := os.ReadDir("static")
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, b []byte) {
		path := filepath.Join(*gallery, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range statics {
		b, err := os.ReadFile(filepath.Join("static", e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		write("static/"+e.Name(), b)
	}
	for name, page := range pages(t) {
		if strings.HasPrefix(name, "fragment-") {
			continue
		}
		page = strings.ReplaceAll(page, `"/static/`, `"static/`)
		for _, mode := range []string{"light", "dark"} {
			write(name+"-"+mode+".html", []byte(strings.Replace(page, "<html ", `<html data-color-mode="`+mode+`" `, 1)))
		}
	}
}
