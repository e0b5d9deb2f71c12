package web

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"
)

type wordKey struct{}

// Whether somebody waits or not, before or after, it ends as one of the standard library does.
func TestADeadlineEndsAsAnyOther(t *testing.T) {
	for _, tt := range []struct {
		name string
		most time.Duration
		end  func(stop, parent context.CancelFunc)
		want error
	}{
		{"not yet", time.Hour, func(_, _ context.CancelFunc) {}, nil},
		{"its work is done", time.Hour, func(stop, _ context.CancelFunc) { stop(); stop() }, context.Canceled},
		{"its parent ends", time.Hour, func(_, parent context.CancelFunc) { parent() }, context.Canceled},
		{"its time is over", -time.Second, func(_, _ context.CancelFunc) {}, context.DeadlineExceeded},
	} {
		for _, waits := range []string{"nobody waits", "somebody waits before", "somebody waits after"} {
			t.Run(tt.name+", "+waits, func(t *testing.T) {
				above, parent := context.WithCancel(context.WithValue(t.Context(), wordKey{}, "word"))
				defer parent()
				ctx, stop := within(above, tt.most)
				defer stop()
				if waits == "somebody waits before" {
					ctx.Done()
				}
				tt.end(stop, parent)
				if waits != "nobody waits" {
					select {
					case <-ctx.Done():
						if tt.want == nil {
							t.Error("it has ended")
						}
					default:
						if tt.want != nil {
							t.Error("it has not ended for those who wait")
						}
					}
				}
				if err := ctx.Err(); !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
					t.Errorf("error %v, want %v", err, tt.want)
				}
				if ctx.Value(wordKey{}) != "word" {
					t.Error("it hides the values above it")
				}
			})
		}
	}
}

func TestContextsBelowADeadlineEndWithItWithoutGoroutines(t *testing.T) {
	ctx, stop := within(t.Context(), time.Hour)
	before := runtime.NumGoroutine()
	below, cancel := context.WithCancel(ctx)
	defer cancel()
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines wait for it", n-before)
	}
	stop()
	<-below.Done()
	if !errors.Is(below.Err(), context.Canceled) {
		t.Errorf("%v", below.Err())
	}
}
