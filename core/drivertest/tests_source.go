package drivertest

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/drivertest/fixture"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/settings"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// source is the fixture's synchronizer in a module, called as steps.
func source(m driver.Module) *sync.Source {
	return sdktest.Remote(fixture.Rows, func(ctx context.Context, call []byte) ([]byte, error) {
		result, err := m.Call(ctx, driver.Call{Message: call, Tenant: "tenant", Class: driver.Step})
		return result.Message, err
	})
}

func testSource(t *testing.T, b *bench) {
	broken := sync.Config{Settings: settings.Values{Switches: map[string]bool{"broken": true}}, Secrets: map[string]sync.Secret{"password": "hunter2"}}
	s := source(b.load(t, driver.Limits{}))
	sdktest.ConformSource(t, s, sdktest.Connection{Streams: []string{fixture.RowsStream}, Broken: map[string]sync.Config{"as asked": broken}})
}

// Every driver gives the same rows: those of the fixture, value by value.
func testSourceRows(t *testing.T, b *bench) {
	s := source(b.load(t, driver.Limits{}))
	var columns []string
	for _, c := range fixture.RowsColumns() {
		columns = append(columns, c.Name)
	}
	got, err := s.Read.Read(context.Background(), &sync.Read{Stream: fixture.RowsStream, Columns: columns})
	if err != nil {
		t.Fatal(err)
	}
	want := sync.Fill(&sync.Read{Columns: columns})
	for id := range fixture.RowCount {
		want.Add(fixture.Row(id)...)
	}
	if diff := cmp.Diff(want.Last(), got); diff != "" {
		t.Errorf("page (-want +got):\n%s", diff)
	}
	health, err := s.Check.Check(context.Background(), &sync.Check{Config: sync.Config{Secrets: map[string]sync.Secret{"password": "hunter2"}}})
	if err != nil || health.About != "fixture hunter2" {
		t.Errorf("the secret came as %q, %v", health.About, err)
	}
	written, err := s.Write.Write(context.Background(), &sync.Write{Stream: fixture.RowsStream, Columns: []string{"name"}, Changes: []sync.Change{
		{Key: []sync.Value{sync.Int(7)}, Values: []sync.Value{sync.String("x")}}, {Key: []sync.Value{sync.Int(-7)}, Values: []sync.Value{sync.String("x")}},
	}})
	if err != nil || len(written.Outcomes) != 2 || written.Outcomes[0].Code != "" || written.Outcomes[1].Code != sdk.NotFound {
		t.Errorf("write: %+v, %v", written, err)
	}
}

func testSourceBig(t *testing.T, b *bench) {
	s := source(b.load(t, driver.Limits{}))
	page, err := s.Read.Read(context.Background(), &sync.Read{Stream: "big", Columns: []string{"text"}, Limit: sync.MaxRows})
	if err != nil || len(page.Rows) < 20 || len(page.Rows) > 60 || len(page.Next) == 0 {
		t.Fatalf("%d rows, the next page at %q, %v", len(page.Rows), page.Next, err)
	}
}

func testSourceStops(t *testing.T, b *bench) {
	s := source(b.load(t, driver.Limits{}))
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	_, err := s.Read.Read(ctx, &sync.Read{Stream: "stuck", Columns: []string{"text"}})
	wantError(t, err, sdk.Deadline, sdk.FromPlugin)
}
