package desk_test

import (
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/desk"
)

func TestFriendlyTimes(t *testing.T) {
	berlin := time.FixedZone("Berlin", 3600)
	now := time.Date(2026, 11, 20, 23, 30, 0, 0, time.UTC) // it is the 21st in Berlin already, a Saturday
	for _, tt := range []struct {
		name string
		t    time.Time
		want string
	}{
		{"an hour ago, across midnight in UTC", time.Date(2026, 11, 21, 0, 5, 0, 0, berlin), "Today 12:05 AM"},
		{"the day before", time.Date(2026, 11, 20, 14, 1, 0, 0, berlin), "Yesterday 2:01 PM"},
		{"this week", time.Date(2026, 11, 16, 9, 42, 0, 0, berlin), "Monday 9:42 AM"},
		{"a week ago", time.Date(2026, 11, 14, 9, 42, 0, 0, berlin), "14/Nov/26 9:42 AM"},
		{"to come", time.Date(2026, 11, 22, 9, 42, 0, 0, berlin), "22/Nov/26 9:42 AM"},
	} {
		if got := desk.Friendly(now, tt.t); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
