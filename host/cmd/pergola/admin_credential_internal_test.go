package main

import (
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/host/operator"
)

// formed is a text of the form of a token, which is of nothing.
const formed = operator.Prefix + "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

// wellFormed adds the sum, as a token has it.
func wellFormed(t *testing.T) string {
	t.Helper()
	const sum = "4sk5xpq"
	if !operator.Formed(formed + sum) {
		t.Fatal("the sum is wrong")
	}
	return formed + sum
}

// elsewhere gives commands to a host as somebody on another machine does.
func (b *bench) elsewhere() {
	b.Helper()
	at := "http://" + b.operators
	secret := strings.TrimSpace(succeeds(b.T, "operator", "add", "ci-deploy"))
	reader := strings.TrimSpace(succeeds(b.T, "operator", "add", "watch", "--expires", "12h", "--read-only"))
	write(b.T, "token", secret+"\n")
	write(b.T, "reader", reader+"\n")
	out := succeeds(b.T, "sync", "list", "--host", at, "--token-file", "token")
	b.says(out, "Laptops")
	b.Setenv(tokenVariable, reader)
	b.says(succeeds(b.T, "sync", "plan", "Laptops", "--host", at+"/"), "skipped")
	fails(b.T, "The operator credential watch is read-only", "sync", "run", "Laptops", "--host", at)
	fails(b.T, "no site \"nobody\" here", "sync", "list", "--host", at, "--tenant", "nobody")
	b.says(succeeds(b.T, "sync", "run", "Laptops", "--host", at, "--token-file", "token"), "skipped")
	succeeds(b.T, "events", "dead", "--host", at)
	// Whoever names the address of everybody is told.
	fails(b.T, "--host is the address of operator.listen", "sync", "list", "--host", "http://"+b.address)

	list := succeeds(b.T, "operator", "list")
	b.says(list, "ci-deploy", "everything", "watch", "reading")
	if strings.Contains(list, "never") || strings.Contains(list, operator.Prefix) {
		b.Errorf("the list:\n%s", list)
	}
	b.kill()
	b.start()
	b.says(succeeds(b.T, "sync", "list", "--host", at), "Laptops")
	b.says(succeeds(b.T, "operator", "revoke", "watch"), "watch is revoked")
	fails(b.T, "is revoked, or was never one of this host", "sync", "list", "--host", at)
	fails(b.T, "no operator credential of this name", "operator", "revoke", "watch")
	fails(b.T, "There is a credential ci-deploy already", "operator", "add", "ci-deploy")
	fails(b.T, "name: Name it by what it is for", "operator", "add", "Nightly import")
	fails(b.T, "365 days at most", "operator", "add", "long", "--expires", "366d")
	fails(b.T, `--expires "soon" is no time`, "operator", "add", "soon", "--expires", "soon")
	fails(b.T, "unknown flag --host", "operator", "add", "more", "--host", at)
}

func TestWhatKeepsACommandFromAHostElsewhereIsSaid(t *testing.T) {
	alone(t)
	list := func(args ...string) []string { return append([]string{"sync", "list"}, args...) }
	fails(t, "--host needs an operator token", list("--host", "https://x.example")...)
	fails(t, "--token-file is for --host", list("--token-file", "token")...)
	t.Setenv(tokenVariable, "hush")
	fails(t, tokenVariable+" holds no operator token", list("--host", "https://x.example")...)
	t.Setenv(tokenVariable, wellFormed(t))
	fails(t, "write https", list("--host", "http://x.example")...)
	fails(t, "leave --data", list("--host", "https://x.example", "--data", "data")...)
	for _, wrong := range []string{"x.example", "x.example:8444", "https://x.example/jira", "https://u:p@x.example", "ftp://x.example"} {
		fails(t, "--host is an address such as", list("--host", wrong)...)
	}
	write(t, "token", wellFormed(t))
	fails(t, "there is no file nowhere", list("--host", "https://x.example", "--token-file", "nowhere")...)
	if runtime.GOOS != "windows" {
		if err := os.Chmod("token", 0o640); err != nil {
			t.Fatal(err)
		}
		fails(t, "chmod 600 token", list("--host", "https://x.example", "--token-file", "token")...)
		if err := os.Chmod("token", 0o600); err != nil {
			t.Fatal(err)
		}
	}

	taken := make(chan string, 10)
	record := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		taken <- r.Header.Get("Authorization")
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	})
	encrypted, plain := httptest.NewUnstartedServer(record), httptest.NewServer(record)
	encrypted.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // of those who do not trust it
	encrypted.StartTLS()
	defer encrypted.Close()
	defer plain.Close()
	fails(t, "SSL_CERT_FILE", list("--host", encrypted.URL)...)
	fails(t, "does not speak TLS", list("--host", strings.Replace(plain.URL, "http:", "https:", 1))...)
	if len(taken) != 0 {
		t.Errorf("the token was sent to a host that nobody knows: %s", <-taken)
	}
	fails(t, "the host answers 302", list("--host", plain.URL, "--token-file", "token")...)
	if len(taken) != 1 || <-taken != "Bearer "+wellFormed(t) {
		t.Error("the token went on to where the host led")
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	fails(t, "is not reached", list("--host", "https://"+free.Addr().String())...)
	for _, args := range [][]string{list("--host", plain.URL), {"operator", "list"}} {
		_, stdout, stderr := pergola(t, append([]string{"admin"}, args...)...)
		if strings.Contains(stdout+stderr, formed) {
			t.Errorf("%v shows the token", args)
		}
	}
}
