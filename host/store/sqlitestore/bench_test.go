package sqlitestore_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
)

const benchDocs = 20_000

func benchDoc(i int) store.Op {
	return store.Op{Doc: store.Doc{
		Key:   store.Key{Tenant: "t", Collection: "notes", ID: fmt.Sprintf("%08d", i)},
		Body:  []byte(`{"text":"` + strings.Repeat("x", 400) + `"}`),
		Index: map[string]string{"owner": strconv.Itoa(i % 100)},
	}, IfRev: store.Any}
}

// filled is a store with benchDocs documents of 400 bytes under one index.
func filled(b *testing.B) *sqlitestore.Store {
	b.Helper()
	s := open(b, b.TempDir(), sqlitestore.Config{})
	b.Cleanup(func() { _ = s.Close() })
	for i := 0; i < benchDocs; {
		var ops []store.Op
		for len(ops) < store.MaxOps && i < benchDocs {
			ops = append(ops, benchDoc(i))
			i++
		}
		if _, err := s.Write(b.Context(), ops...); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

func BenchmarkGet(b *testing.B) {
	s := filled(b)
	b.ResetTimer()
	for i := range b.N {
		if _, err := s.Get(b.Context(), benchDoc(i*7919%benchDocs).Doc.Key); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGetParallel(b *testing.B) {
	s := filled(b)
	var n atomic.Int64
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := s.Get(b.Context(), benchDoc(int(n.Add(7919))%benchDocs).Doc.Key); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

func BenchmarkListByIndex(b *testing.B) {
	s := filled(b)
	for _, limit := range []int{1, 100} {
		b.Run(strconv.Itoa(limit), func(b *testing.B) {
			for i := range b.N {
				q := store.Query{Tenant: "t", Collection: "notes", Index: "owner", Value: strconv.Itoa(i % 100), Limit: limit}
				if docs, err := s.List(b.Context(), q); err != nil || len(docs) != limit {
					b.Fatal(len(docs), err)
				}
			}
		})
	}
}

func BenchmarkWrite(b *testing.B) {
	for _, batch := range []int{1, 100} {
		b.Run(strconv.Itoa(batch), func(b *testing.B) {
			s := filled(b)
			ops := make([]store.Op, batch)
			b.ResetTimer()
			for i := range b.N {
				for j := range ops {
					ops[j] = benchDoc(benchDocs + i*batch + j)
				}
				if _, err := s.Write(b.Context(), ops...); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
