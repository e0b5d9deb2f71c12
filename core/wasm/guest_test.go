package wasm_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/drivertest"
	"github.com/pergola-platform/pergola/core/drivertest/fixture"
	"github.com/pergola-platform/pergola/core/wasm"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
	"github.com/pergola-platform/pergola/sdk/wire"
)

func load(t *testing.T, code []byte, l driver.Limits) driver.Module {
	t.Helper()
	m, err := newDriver(t, wasm.Config{CacheDir: cacheDir}).Load(context.Background(), code, l)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// ask makes a call and returns the bytes of the answer.
func ask(m driver.Module, c driver.Call) ([]byte, error) {
	if c.Message == nil {
		c.Message = []byte{0xc0}
	}
	result, err := m.Call(context.Background(), c)
	return result.Message, err
}

// onlyIn is code of pergola_call that runs where the message is so long, and not in the calls that warm a guest up.
func onlyIn(length int32, body ...[]byte) []byte {
	return cat(ops(opLocalGet, 0), i32Const(-length), ops(opI32Add, opI32Eqz, opIf, blockVoid), cat(body...), ops(opEnd))
}

// hostCallImport declares pergola.host_call.
func (b *moduleBuilder) hostCallImport() int {
	return b.importFunction("pergola", "host_call", types(i32, i32), types(i32))
}

func (b *moduleBuilder) hostReadImport() int {
	return b.importFunction("pergola", "host_read", types(i32, i32), nil)
}

func TestMisbehaviourOfAGuestIsItsOwnDefect(t *testing.T) {
	tests := []struct {
		name string
		code func(b *moduleBuilder) []byte
		want string
	}{
		{"result outside of the memory", func(b *moduleBuilder) []byte { return b.answering(i64Const(packed(1<<16, 10))) }, "outside of its memory"},
		{"result over the end of the memory", func(b *moduleBuilder) []byte { return b.answering(i64Const(packed(1<<16-5, 10))) }, "outside of its memory"},
		{"result that wraps around", func(b *moduleBuilder) []byte { return b.answering(i64Const(packed(0xffff_fff0, 0x20))) }, "outside of its memory"},
		{"result over the limit", func(b *moduleBuilder) []byte { return b.answering(i64Const(packed(0, wire.MaxMessage+1))) }, "at most 4194304"},
		{"buffer outside of the memory", func(b *moduleBuilder) []byte {
			b.memoryOf(1)
			b.function("pergola_buffer", types(i32), types(i32), i32Const(1<<16-2))
			b.function("pergola_call", types(i32), types(i64), i64Const(0))
			return b.bytes()
		}, "buffer outside"},
		{"host call from outside of the memory", func(b *moduleBuilder) []byte {
			f := b.hostCallImport()
			return b.answering(i32Const(1<<16-4), i32Const(8), call(f), ops(opDrop), i64Const(0))
		}, "host_call was given an address"},
		{"host read to outside of the memory", func(b *moduleBuilder) []byte {
			f, g := b.hostCallImport(), b.hostReadImport()
			return b.answering(i32Const(-1), i32Const(0), i32Const(1), call(f), call(g), i64Const(0))
		}, "host_read was given an address"},
		{"host read of more than is there", func(b *moduleBuilder) []byte {
			f, g := b.hostCallImport(), b.hostReadImport()
			return b.answering(i32Const(0), i32Const(0), i32Const(1), call(f), i32Const(1), ops(opI32Add), call(g), i64Const(0))
		}, "more than the answer"},
		{"host read without a host call", func(b *moduleBuilder) []byte {
			f := b.hostReadImport()
			return b.answering(i32Const(0), i32Const(1), call(f), i64Const(0))
		}, "more than the answer"},
		{"unreachable", func(b *moduleBuilder) []byte { return b.answering(ops(opUnreachable)) }, "unreachable"},
		{"load outside of the memory", func(b *moduleBuilder) []byte {
			return b.answering(i32Const(-8), ops(opI32Load, 2, 0, opDrop), i64Const(0))
		}, "out of bounds memory access"},
		{"recursion without a loop", func(b *moduleBuilder) []byte {
			b.function("", nil, nil, call(0))
			return b.answering(call(0), i64Const(0))
		}, "stack overflow"},
		{"exit", func(b *moduleBuilder) []byte {
			f := b.importFunction("wasi_snapshot_preview1", "proc_exit", types(i32), nil)
			return b.answering(i32Const(7), call(f), i64Const(0))
		}, "exit code 7"},
		{"exit with the code of a cancelled call", func(b *moduleBuilder) []byte {
			f := b.importFunction("wasi_snapshot_preview1", "proc_exit", types(i32), nil)
			return b.answering(i32Const(-1), call(f), i64Const(0))
		}, "exit code -1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := load(t, tt.code(guest()), driver.Limits{})
			host := hostcall.HostFunc(func(context.Context, []byte) []byte { return emptyResult })
			for range 2 {
				_, err := m.Call(context.Background(), driver.Call{Message: []byte("hello"), Tenant: "tenant", Host: host})
				e, isError := err.(*sdk.Error)
				if !isError || e.Code != sdk.Internal || e.Source != sdk.FromPlugin || !strings.Contains(e.Message, tt.want) {
					t.Errorf("got %v, want internal of the plugin that says %q", err, tt.want)
				}
			}
		})
	}
}

func TestResultAtTheVeryEndOfMemoryIsRead(t *testing.T) {
	b := guest()
	b.put(1<<16-int32(len(emptyResult)), emptyResult)
	m := load(t, b.answering(i64Const(packed(1<<16-int64(len(emptyResult)), int64(len(emptyResult))))), driver.Limits{})
	got, err := ask(m, driver.Call{})
	if err != nil || !bytes.Equal(got, emptyResult) {
		t.Errorf("got %x, %v", got, err)
	}
}

func TestAnswerIsACopy(t *testing.T) {
	// The guest answers with its own buffer, which the next call overwrites.
	m := load(t, guest().answering(i64Const(packed(32<<10, 5))), driver.Limits{Instances: 1})
	first, err := ask(m, driver.Call{Message: []byte("first"), Tenant: "tenant"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Call(context.Background(), driver.Call{Message: []byte("later"), Tenant: "tenant"}); err != nil {
		t.Fatal(err)
	}
	if string(first) != "first" {
		t.Errorf("the first answer became %q", first)
	}
}

func TestHostCallIsACopyAndIsBounded(t *testing.T) {
	b := guest()
	f := b.hostCallImport()
	b.put(0, []byte("question"))
	code := b.answering(
		i32Const(0), i32Const(8), call(f), ops(opDrop),
		i32Const(0), i32Const(wire.MaxMessage+1), call(f), ops(opDrop), // never reaches the host
		onlyIn(1, i32Const(0), i32Const(0), ops(opI32Store, 2, 0)),
		i64Const(packed(0, 0)))
	var got [][]byte
	host := hostcall.HostFunc(func(_ context.Context, c []byte) []byte { got = append(got, c); return emptyResult })
	if _, err := load(t, code, driver.Limits{}).Call(context.Background(), driver.Call{Message: []byte{0xc0}, Host: host}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]byte{[]byte("question")}, got); diff != "" {
		t.Errorf("host calls (-want +got):\n%s", diff)
	}
}

func TestHostCallReplacesAReplyThatWaits(t *testing.T) {
	b := guest()
	f, g := b.hostCallImport(), b.hostReadImport()
	b.put(0, []byte("12"))
	// Two host calls, then one read of the length that the second returned, answered from address 2048.
	code := b.answering(
		i32Const(0), i32Const(1), call(f), ops(opDrop),
		i32Const(2048), i32Const(1), i32Const(1), call(f), call(g),
		i64Const(packed(2048, 6)))
	host := hostcall.HostFunc(func(_ context.Context, c []byte) []byte { return append([]byte("reply"), c...) })
	got, err := ask(load(t, code, driver.Limits{}), driver.Call{Host: host})
	if err != nil || string(got) != "reply2" {
		t.Errorf("got %q, %v; want the second reply", got, err)
	}
}

func TestReplyDoesNotOutliveItsCall(t *testing.T) {
	b := guest()
	f, g := b.hostCallImport(), b.hostReadImport()
	// A message of one byte asks and does not read; a longer one reads without asking.
	code := b.answering(
		onlyIn(1, i32Const(0), i32Const(1), call(f), ops(opDrop), i64Const(0), ops(opReturn)),
		i32Const(2048), i32Const(6), call(g), i64Const(packed(2048, 6)))
	m := load(t, code, driver.Limits{Instances: 1})
	host := hostcall.HostFunc(func(context.Context, []byte) []byte { return []byte("secret") })
	if _, err := ask(m, driver.Call{Message: []byte("a"), Host: host}); err != nil {
		t.Fatal(err)
	}
	if got, err := ask(m, driver.Call{Message: []byte("bb"), Host: host}); err == nil {
		t.Errorf("the second call read %q", got)
	}
}

func TestMemoryGrowsToTheLimitAndNotFurther(t *testing.T) {
	b := guest()
	// Grows by 9 pages and answers what memory.grow returned, as a length.
	code := b.answering(onlyIn(1, i32Const(9), ops(opMemoryGrow, 0, opDrop), i32Const(1), ops(opMemoryGrow, 0, opI64Extend, opReturn)), i64Const(0))
	for _, tt := range []struct {
		pages uint64
		want  int // memory.grow returns the old size, or -1, which is no length that a result may have
		code  sdk.Code
	}{{11, 10, ""}, {10, 0, sdk.Internal}} {
		got, err := ask(load(t, code, driver.Limits{Budget: driver.Budget{MemoryBytes: tt.pages * 64 << 10}}), driver.Call{})
		if len(got) != tt.want || sdk.CodeOf(err) != tt.code {
			t.Errorf("%d pages: got %d bytes, %v", tt.pages, len(got), err)
		}
	}
}

func TestEveryCallFindsTheGuestInitialized(t *testing.T) {
	b := guest()
	b.global()
	b.put(1024, emptyResult)
	b.function("_initialize", nil, nil, i32Const(1), ops(opGlobalSet, 0))
	code := b.answering(ops(opGlobalGet, 0, opI32Eqz, opIf, blockVoid, opUnreachable, opEnd), answerEmpty())
	m := load(t, code, driver.Limits{Instances: 2})
	for _, tenant := range []string{"a", "b", "c", "", "a"} {
		if _, err := m.Call(context.Background(), driver.Call{Message: []byte{0xc0}, Tenant: tenant}); err != nil {
			t.Errorf("tenant %q: %v", tenant, err)
		}
	}
}

func TestModuleWithoutInitializeRuns(t *testing.T) {
	b := guest()
	b.put(1024, emptyResult)
	if _, err := load(t, b.answering(answerEmpty()), driver.Limits{}).Call(context.Background(), driver.Call{Message: []byte{0xc0}}); err != nil {
		t.Error(err)
	}
}

func TestSpinningGuestDoesNotStopTheGarbageCollector(t *testing.T) {
	b := guest()
	f := b.hostCallImport()
	m := load(t, b.answering(i32Const(0), i32Const(0), call(f), ops(opDrop, opLoop, blockVoid, opBr, 0, opEnd), i64Const(0)), driver.Limits{Budget: driver.Budget{Timeout: time.Minute}})
	ctx, cancel := context.WithCancel(context.Background())
	inside, done := make(chan struct{}), make(chan error, 1)
	host := hostcall.HostFunc(func(context.Context, []byte) []byte { close(inside); return emptyResult })
	go func() {
		_, err := m.Call(ctx, driver.Call{Message: []byte{0xc0}, Host: host})
		done <- err
	}()
	<-inside
	for range 5 {
		runtime.GC() // returns only if every goroutine can be stopped
	}
	select {
	case err := <-done:
		t.Fatalf("the guest ended by itself: %v", err)
	default:
	}
	cancel()
	if err := <-done; sdk.CodeOf(err) != sdk.Canceled {
		t.Errorf("got %v", err)
	}
}

func TestGoGuestFindsNoFilesArgumentsOrEnvironmentAndExitIsADefect(t *testing.T) {
	t.Setenv("PERGOLA_SECRET", "hunter2")
	m := load(t, drivertest.Guest(t), driver.Limits{Budget: driver.Budget{Timeout: time.Minute}})
	raw, err := ask(m, driver.Call{Message: drivertest.Message(t, wire.OpView, &sdk.Request{Name: fixture.Look})})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(raw, []byte("[] []")) || bytes.Contains(raw, []byte("/")) || bytes.Contains(raw, []byte("writes")) {
		t.Errorf("the guest found %q", raw)
	}
	_, err = m.Call(context.Background(), driver.Call{Message: drivertest.Message(t, wire.OpView, &sdk.Request{Name: fixture.Exit})})
	if sdk.CodeOf(err) != sdk.Internal || !strings.Contains(err.Error(), "exit code 3") {
		t.Errorf("exit: got %v", err)
	}
}

func TestOutputOfAGuestReachesTheDeveloperAlone(t *testing.T) {
	text := func(b *bytes.Buffer) *slog.Logger {
		return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	lines := "summary of OPS-7\nsecond line\n" + strings.Repeat("x", 5000) + "\nno end \xff"
	b := guest()
	f := b.importFunction("wasi_snapshot_preview1", "fd_write", types(i32, i32, i32, i32), types(i32))
	b.put(0, binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, 1024), uint32(len(lines))))
	b.put(1024, []byte(lines))
	code := b.answering(i32Const(2), i32Const(0), i32Const(1), i32Const(512), call(f), ops(opDrop, opUnreachable))
	for _, developing := range []bool{true, false} {
		var operator, developer bytes.Buffer
		c := wasm.Config{Logger: text(&operator)}
		if developing {
			c.Output = text(&developer)
		}
		m, err := newDriver(t, c).Load(context.Background(), code, driver.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			_, err = m.Call(context.Background(), driver.Call{Message: []byte{0xc0}, Tenant: "tenant"})
			if sdk.CodeOf(err) != sdk.Internal || strings.Contains(err.Error(), "summary") {
				t.Errorf("got %v", err)
			}
		}
		if operator.Len() > 0 {
			t.Errorf("the operator's log has\n%s", operator.String())
		}
		want := 0
		if developing {
			want = 2
		}
		for _, line := range []string{`line="summary of OPS-7"`, `line="second line"`, "line=" + strings.Repeat("x", 4096) + "\n", "line=" + strings.Repeat("x", 904) + "\n", `line="no end �"`, "unreachable"} {
			if got := strings.Count(developer.String(), line); got != want {
				t.Errorf("developing %t: %.40s… is there %d times, want %d", developing, line, got, want)
			}
		}
		if strings.Contains(developer.String(), "level=INFO") {
			t.Error("guest output above debug level")
		}
	}
}

func TestGuestSeesTheHostsClock(t *testing.T) {
	b := guest()
	f := b.importFunction("wasi_snapshot_preview1", "clock_time_get", types(i32, i64, i32), types(i32))
	now := time.Date(2026, 8, 21, 10, 0, 0, 0, time.UTC)
	d := newDriver(t, wasm.Config{Now: func() time.Time { return now }})
	m, err := d.Load(context.Background(), b.answering(
		i32Const(0), i64Const(0), i32Const(1024), call(f), ops(opDrop), i64Const(packed(1024, 8))), driver.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := ask(m, driver.Call{})
	if err != nil || binary.LittleEndian.Uint64(got) != uint64(now.UnixNano()) {
		t.Errorf("got %x, %v", got, err)
	}
}
