//go:build linux

package app_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/jobs/natstest"
)

var kills = flag.Int("kills", 4, "how often TestKilledHostsLeaveOneIssueForEachRow kills the host")

const deviceRows = 600

// A host that is killed while it writes, again and again, leaves exactly one issue for each row, with the values that the row holds in the end.
// Searches lag behind all the while.
func TestKilledHostsLeaveOneIssueForEachRow(t *testing.T) {
	t.Parallel()
	site := newSyncSite(t)
	h := newSyncHost(t, site)
	h.start()
	site.Install(h.url + "/atlassian-connect.json")
	d := h.devices(deviceRows)
	for killed := 0; killed < *kills; {
		// A run that makes issues writes fifty at a time, one that changes them each alone.
		most, lives := 3, 2
		if killed > 0 {
			d.change()
			most, lives = deviceRows/6, 4
		}
		written := site.writes(1 + rand.IntN(most))
		run := h.begin(d)
		for range min(lives, *kills-killed) {
			site.await(written)
			h.kill()
			killed++
			written = site.writes(1 + rand.IntN(most))
			h.start()
		}
		h.finish(run)
		site.check(d)
	}
}

// Two hosts share a store and a cluster of NATS. Whichever of them is killed, the other one finishes what is under way.
func TestWhatAKilledHostBeganAnotherOneFinishes(t *testing.T) {
	t.Parallel()
	store, cluster := documentServer(t), natstest.StartCluster(t)
	site := newSyncSite(t)
	one, other := newSyncHost(t, site), newSyncHost(t, site)
	shared := []string{
		"store.driver=mongodb", "store.uri=" + store, fmt.Sprint("store.database=pergola", rand.Uint32()), "store.without_transactions=true",
		"jobs.url=" + cluster.URL(), "keys.file=" + filepath.Join(t.TempDir(), "keys.json"), "base_url=" + one.url,
	}
	one.start(shared...)
	site.Install(one.url + "/atlassian-connect.json")
	d := one.devices(deviceRows)
	other.open(d)
	other.start(shared...)
	for round, pair := range [][2]*syncHost{{one, other}, {other, one}} {
		dies, lives := pair[0], pair[1]
		most := deviceRows / 100 // half of the calls that make them all
		if round > 0 {
			d.change()
			most = deviceRows / 2
		}
		written := site.writes(most)
		run := dies.begin(d)
		site.await(written)
		dies.kill()
		lives.finish(run)
		site.check(d)
		dies.start(shared...)
	}
}

// documentServer is the address of MONGODB_URI, or of a FerretDB that ends with the test.
func documentServer(t *testing.T) string {
	t.Helper()
	if uri := environment("MONGODB_URI"); uri != "" {
		return uri
	}
	where, err := exec.Command("bash", "../../.ci/ferretdb.sh", "-where").Output()
	if err != nil {
		t.Fatal(err)
	}
	name, err := exec.LookPath(strings.TrimSpace(string(where)))
	if err != nil {
		if environment("CI") == "true" {
			t.Fatal("no FerretDB in bin/tools: run .ci/ferretdb.sh")
		}
		t.Skip("no FerretDB in bin/tools: run .ci/ferretdb.sh, or set MONGODB_URI to a replica set")
	}
	dir, addr := t.TempDir(), address(t)
	// The shell kills it when its input ends, which it does in whatever way the tests end.
	cmd := exec.Command("sh", "-c", `"$@" & server=$!; cat >/dev/null; kill -KILL $server; wait`, "sh", name, "--handler=sqlite", "--sqlite-url=file:"+dir+"/",
		"--state-dir="+dir, "--listen-addr="+addr, "--debug-addr=-", "--telemetry=disable", "--log-level=info")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	serving := &heard{text: "Listening on TCP", seen: make(chan bool)}
	cmd.Stdout, cmd.Stderr = serving, serving
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	select {
	case <-serving.seen:
	case <-time.After(time.Minute):
		t.Fatal("FerretDB does not listen")
	}
	return "mongodb://" + addr + "/"
}
