package doctor_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/doctor"
)

// answering is a host, or what stands in its place.
type answering struct {
	health, key, base string // base is its own address where it is ""
	status            int
	date              time.Time
}

func (a answering) start(t *testing.T, with func(*httptest.Server)) string {
	t.Helper()
	var base string
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		if !a.date.IsZero() {
			w.Header().Set("Date", a.date.UTC().Format(http.TimeFormat))
		}
		if a.status != 0 {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(a.status)
		}
		_, _ = fmt.Fprintln(w, a.health)
	})
	mux.HandleFunc("GET /atlassian-connect.json", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"key":%q,"baseUrl":%q}`, a.key, base)
	})
	s := httptest.NewUnstartedServer(mux)
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	with(s)
	t.Cleanup(s.Close)
	if base = a.base; base == "" {
		base = s.URL
	}
	return s.URL
}

func plain(s *httptest.Server) { s.Start() }

func lines(r *doctor.Report) string {
	var out strings.Builder
	for _, l := range r.Lines {
		fmt.Fprintf(&out, "%s %s: %s → %s\n", l.State, l.Check, l.Found, l.Do)
	}
	return out.String()
}

func TestAddressesThatAreNotThisHostAreFoundOut(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + closed.Addr().String()
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	good := answering{health: "ok", key: "pergola"}
	for _, tt := range []struct {
		name, base string
		want       []string
		worst      doctor.State
	}{
		{"this host, by plain HTTP", good.start(t, plain), []string{"warning base URL", "https address", "ok descriptor: key pergola"}, doctor.Warning},
		{"nobody", nobody, []string{"failure base URL", "connection refused", "Start the host"}, doctor.Failure},
		{"a name without an address", "https://nothing.invalid", []string{"failure base URL", "DNS"}, doctor.Failure},
		{"something else", answering{health: "<html>", key: "pergola"}.start(t, plain), []string{"failure base URL", "not as a host does", "Something else answers"}, doctor.Failure},
		{"a redirect", answering{status: 302}.start(t, plain), []string{"failure base URL", "status 302", "follows no redirect"}, doctor.Failure},
		{"another app", answering{health: "ok", key: "other"}.start(t, plain), []string{`failure descriptor`, `the key "other" and not "pergola"`, "connect.app_key"}, doctor.Failure},
		{"a host with another address", answering{health: "ok", key: "pergola", base: "https://other.example"}.start(t, plain), []string{"failure descriptor", "calls itself https://other.example"}, doctor.Failure},
		{"a host without a descriptor", answering{health: "ok"}.start(t, plain), []string{"failure descriptor", "is no descriptor"}, doctor.Failure},
		{"an authority that nobody knows", good.start(t, (*httptest.Server).StartTLS), []string{"failure base URL", "authority"}, doctor.Failure},
		{"no TLS", strings.Replace(good.start(t, plain), "http:", "https:", 1), []string{"failure base URL", "speaks plain HTTP"}, doctor.Failure},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var r doctor.Report
			client := doctor.Client()
			defer client.CloseIdleConnections()
			r.Address(t.Context(), client, tt.base, "pergola", time.Now())
			got := lines(&r)
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("it does not say %q:\n%s", want, got)
				}
			}
			if r.Worst() != tt.worst {
				t.Errorf("the worst is %s, want %s", r.Worst(), tt.worst)
			}
			for _, l := range r.Lines {
				if (l.Do == "") != (l.State == doctor.OK) {
					t.Errorf("%s %s says %q about what to do", l.State, l.Check, l.Do)
				}
			}
		})
	}
}

func TestCertificatesAreLookedAtBeforeTheyEnd(t *testing.T) {
	var server *httptest.Server
	base := answering{health: "ok", key: "pergola"}.start(t, func(s *httptest.Server) { s.StartTLS(); server = s })
	end := server.Certificate().NotAfter
	for _, tt := range []struct {
		now  time.Time
		want string
	}{{end.Add(-30 * 24 * time.Hour), "ok TLS"}, {end.Add(-5 * 24 * time.Hour), "warning TLS"}, {end.Add(time.Hour), "failure TLS"}} {
		var r doctor.Report
		r.Address(t.Context(), server.Client(), base, "pergola", tt.now)
		if got := lines(&r); !strings.Contains(got, tt.want) {
			t.Errorf("at %s: want %q:\n%s", tt.now, tt.want, got)
		}
	}
	other := doctor.Client()
	defer other.CloseIdleConnections()
	other.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}
	var r doctor.Report
	r.Address(t.Context(), other, strings.Replace(base, "127.0.0.1", "localhost", 1), "pergola", time.Now())
	if got := lines(&r); !strings.Contains(got, "for another name") {
		t.Errorf("by a name that it is not for:\n%s", got)
	}
}

func TestClockIsComparedWithAnAnswer(t *testing.T) {
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	client := doctor.Client()
	defer client.CloseIdleConnections()
	for _, tt := range []struct {
		name string
		date time.Time
		want string
	}{
		{"right", now.Add(time.Second), "ok clock"},
		{"late", now.Add(5 * time.Minute), "failure clock: it is off by -5m0s"},
		{"early", now.Add(-time.Minute), "failure clock: it is off by 1m0s"},
		{"nobody to ask", time.Time{}, "warning clock"},
	} {
		var r doctor.Report
		r.Clock(t.Context(), client, tt.date, func() time.Time { return now })
		if got := lines(&r); !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: want %q: %s", tt.name, tt.want, got)
		}
	}
	var r doctor.Report
	asked := answering{date: now.Add(time.Hour)}.start(t, plain) + "/healthz"
	r.Clock(t.Context(), client, now, func() time.Time { return now }, asked)
	if got := lines(&r); !strings.Contains(got, "off by -1h0m0s") {
		t.Errorf("an answer from elsewhere counts for more than the host's own: %s", got)
	}
}

func TestWhatTheHostCallsIsTried(t *testing.T) {
	client := doctor.Client()
	defer client.CloseIdleConnections()
	mux := http.NewServeMux()
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, `{"keys":[{},{}]}`) })
	mux.HandleFunc("/none", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, `{"keys":[]}`) })
	mux.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	s := httptest.NewServer(mux)
	defer s.Close()
	var r doctor.Report
	r.KeySet(t.Context(), client, s.URL+"/keys")
	r.KeySet(t.Context(), client, s.URL+"/none")
	r.KeySet(t.Context(), client, "https://nothing.invalid/")
	r.Outbound(t.Context(), client, "a", "x.y", s.URL+"/missing", true) // 404 is an answer
	r.Outbound(t.Context(), client, "b", "x.y", s.URL+"/broken", true)
	r.Outbound(t.Context(), client, "c", "x.y", "https://nothing.invalid/", false)
	var got []string
	for _, l := range r.Lines {
		got = append(got, string(l.State))
	}
	if want := "ok failure failure ok failure warning"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s:\n%s", got, want, lines(&r))
	}
	if !strings.Contains(lines(&r), "HTTPS_PROXY") || !strings.Contains(lines(&r), "forge.jwks_url") {
		t.Errorf("it does not say what to do:\n%s", lines(&r))
	}
}

func TestAddressesThatAreTakenAreFoundOut(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var r doctor.Report
	r.Listen(context.Background(), "listen", l.Addr().String(), false)
	r.Listen(t.Context(), "listen", l.Addr().String(), true)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	r.Listen(t.Context(), "listen", l.Addr().String(), false)
	got := lines(&r)
	if r.Lines[0].State != doctor.Failure || r.Lines[1].State != doctor.OK || r.Lines[2].State != doctor.OK || !strings.Contains(got, "address already in use") {
		t.Errorf("got\n%s", got)
	}
}

func TestFilesOfSecretsAreTheirOwners(t *testing.T) {
	name := filepath.Join(t.TempDir(), "keys.json")
	var r doctor.Report
	r.Private("keys", name) // is not there
	if len(r.Lines) != 0 {
		t.Errorf("of a file that is not there: %s", lines(&r))
	}
	for i, mode := range []os.FileMode{0o600, 0o640, 0o604} {
		if err := os.WriteFile(name, nil, mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
		r.Private("keys", name)
		if want := []doctor.State{doctor.OK, doctor.Warning, doctor.Warning}[i]; r.Lines[i].State != want {
			t.Errorf("mode %#o: %s", mode, lines(&r))
		}
	}
}

func TestMachineIsMeasured(t *testing.T) {
	var r doctor.Report
	r.Disk(t.TempDir())
	r.Limits(64 << 20)
	r.Limits(1 << 60)
	if got := lines(&r); !strings.Contains(got, "disk: ") || !strings.Contains(got, "open files: ") || !strings.Contains(got, "failure memory: ") || !strings.Contains(got, "ok memory: ") {
		t.Errorf("got\n%s", got)
	}
}

func TestCertificateFilesAreTriedAsTheHostWould(t *testing.T) {
	var r doctor.Report
	r.CertFiles("nothing.crt", "nothing.key", time.Now())
	if got := lines(&r); !strings.Contains(got, "failure TLS files: server.tls.cert_file: there is no file nothing.crt") {
		t.Errorf("got %s", got)
	}
}
