package main_test

import (
	"testing"

	"github.com/pergola-platform/pergola/sdk"
)

func BenchmarkPanel(b *testing.B) {
	s := newSite(b, 1)
	s.act("create", s.beside(0))
	for b.Loop() {
		s.view("panel", s.beside(0))
	}
}

func BenchmarkPNG(b *testing.B) {
	s := newSite(b, 1)
	s.act("create", s.beside(0))
	for b.Loop() {
		s.file("png", s.beside(0))
	}
}

// The whole chain of steps to the ready page, 500 labels whose codes exist.
func BenchmarkCollect500(b *testing.B) {
	s := newSite(b, 500)
	s.finish(s.act("start", submit()))
	for b.Loop() {
		s.finish(s.act("start", submit()))
	}
}

func BenchmarkSheet500(b *testing.B) {
	s := newSite(b, 500)
	page, _ := s.finish(s.act("start", submit("second", "true")))
	r := sdk.Request{Context: elsewhere().Context, State: buttons(page)["Download PDF"].State}
	var size int
	for b.Loop() {
		size = len(s.file("sheet", r).Body)
	}
	b.ReportMetric(float64(size), "bytes")
}
