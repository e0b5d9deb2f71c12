package store_test

import (
	"context"
	"fmt"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/store"
)

// tenant returns a context with a host that takes the record type "code"; in a plugin, use the context that the handler
// gets.
func tenant() context.Context {
	h := sdktest.New(&sdk.Plugin{ID: "example.codes", Version: "0.1.0"})
	if err := h.UseManifest([]byte(`{"id": "example.codes", "version": "0.1.0", "permissions": [{"name": "store"}],
		"records": [{"type": "code", "fields": {"issue": {"kind": "jira.issue", "indexed": true}, "state": {"kind": "platform.status"}}}]}`)); err != nil {
		panic(err)
	}
	return h.With(context.Background())
}

func code(id, issue string) store.Record {
	return store.Record{Type: "code", ID: id, Fields: map[string]string{"issue": issue, "state": "active"}}
}

func ExamplePut() {
	ctx := tenant()
	written, err := store.Put(ctx, code("k7", "10001")) // revision 0: create
	if err != nil {
		fmt.Println(err)
		return
	}
	record := written[0]
	record.Fields["state"] = "revoked"
	written, err = store.Put(ctx, record) // the revision that was read: replace
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(written[0].Fields["state"], written[0].Rev)
	_, err = store.Put(ctx, record) // an old revision: somebody else was faster
	fmt.Println(sdk.CodeOf(err))
	_, err = store.Put(ctx, store.Record{Type: "code", ID: "k8", Fields: map[string]string{"issue": "Jane's laptop"}})
	fmt.Println(err)
	// Output:
	// revoked 2
	// exists
	// invalid: want a numeric id of up to 19 digits
}

func ExampleGet() {
	ctx := tenant()
	if _, err := store.Put(ctx, code("k7", "10001")); err != nil {
		fmt.Println(err)
		return
	}
	record, err := store.Get(ctx, "code", "k7")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(record.Fields["issue"], record.Rev)
	_, err = store.Get(ctx, "code", "k8")
	fmt.Println(sdk.CodeOf(err))
	// Output:
	// 10001 1
	// not_found
}

func ExampleList() {
	ctx := tenant()
	if _, err := store.Put(ctx, code("a", "10001"), code("b", "10002"), code("c", "10001")); err != nil {
		fmt.Println(err)
		return
	}
	q := store.Query{Type: "code", Field: "issue", Value: "10001", Limit: 1}
	for {
		page, err := store.List(ctx, q)
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, record := range page.Records {
			fmt.Println(record.ID)
		}
		if page.Next == "" {
			return
		}
		q.Cursor = page.Next
	}
	// Output:
	// a
	// c
}

func ExampleDelete() {
	ctx := tenant()
	if _, err := store.Put(ctx, code("k7", "10001")); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(store.Delete(ctx, "code", "k7"), store.Delete(ctx, "code", "k7"))
	// Output: <nil> <nil>
}

func ExampleValidate() {
	fmt.Println(store.Validate(store.KindField, "customfield_10001"))
	fmt.Println(store.Validate(store.KindStatus, "Out of order"))
	// Output:
	// <nil>
	// invalid: want a word of up to 32 lower-case letters and underscores
}

func ExampleValidID() {
	fmt.Println(store.ValidID("10001.code_1"), store.ValidID("Jane's laptop"))
	// Output: true false
}

func ExampleKinds() {
	fmt.Println(store.Kinds()[:3])
	// Output: [jira.issue jira.project jira.issueType]
}
