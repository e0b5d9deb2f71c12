package limit_test

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/jira/limit"
)

// BenchmarkNothingIsLimited is what a call costs that need not wait: leave, and what the headers of the answer say.
func BenchmarkNothingIsLimited(b *testing.B) {
	read := limit.Call{Site: "t1", Method: http.MethodGet, Path: "/rest/api/3/issue/10001"}
	headers := http.Header{
		"Beta-Ratelimit-Policy": {`"global-app-quota";q=2000000000;w=3600,"jira-burst-based";q=100;w=1`}, "Beta-Ratelimit": {`"global-app-quota";t=300,"jira-burst-based";t=1`},
	}
	for name, h := range map[string]http.Header{"alone": {}, "with headers": headers} {
		b.Run(name, func(b *testing.B) {
			l := open(b, limit.Config{Points: -1, Unpaced: true})
			b.ReportAllocs()
			for b.Loop() {
				p, err := l.Acquire(b.Context(), read)
				if err != nil {
					b.Fatal(err)
				}
				p.Done(limit.Read(http.StatusOK, h, time.Time{}))
			}
		})
	}
	b.Run("1000 sites", func(b *testing.B) {
		l := open(b, limit.Config{Points: -1, Unpaced: true})
		calls := make([]limit.Call, 1000)
		for n := range calls {
			calls[n] = read
			calls[n].Site = capability.TenantID("t" + strconv.Itoa(n))
		}
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			p, err := l.Acquire(b.Context(), calls[n%len(calls)])
			if err != nil {
				b.Fatal(err)
			}
			p.Done(limit.Answer{})
		}
	})
}
