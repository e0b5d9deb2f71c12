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
		"records": [{"type": "code", "id": {"kind": "platform.token"}, "fields": {"issue": {"kind": "jira.issue", "indexed": true},
			"state": {"kind": "platform.status", "values": ["active", "revoked"]}}}]}`)); err != nil {
		panic(err)
	}
	return h.With(context.Background())
}

// code returns a fresh record: its id is a token of the host's.
func code(ctx context.Context, issue string) store.Record {
	tokens, err := store.Tokens(ctx, 1)
	if err != nil {
		panic(err)
	}
	return store.Record{Type: "code", ID: tokens[0], Fields: map[string]string{"issue": issue, "state": "active"}}
}

func ExamplePut() {
	ctx := tenant()
	written, err := store.Put(ctx, code(ctx, "10001")) // revision 0: create
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
	_, err = store.Put(ctx, code(ctx, "Jane's laptop"))
	fmt.Println(err)
	_, err = store.Put(ctx, store.Record{Type: "code", ID: "Jane's-laptop"})
	fmt.Println(err)
	// Output:
	// revoked 2
	// exists
	// invalid: want a numeric id of up to 19 digits
	// invalid: want a token that store.Tokens returned
}

func ExampleGet() {
	ctx := tenant()
	written, err := store.Put(ctx, code(ctx, "10001"))
	if err != nil {
		fmt.Println(err)
		return
	}
	record, err := store.Get(ctx, "code", written[0].ID)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(record.Fields["issue"], record.Rev)
	_, err = store.Get(ctx, "code", code(ctx, "10001").ID)
	fmt.Println(sdk.CodeOf(err))
	// Output:
	// 10001 1
	// not_found
}

func ExampleList() {
	ctx := tenant()
	if _, err := store.Put(ctx, code(ctx, "10001"), code(ctx, "10002"), code(ctx, "10001")); err != nil {
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
			fmt.Println(record.Fields["issue"], record.Fields["state"])
		}
		if page.Next == "" {
			return
		}
		q.Cursor = page.Next
	}
	// Output:
	// 10001 active
	// 10001 active
}

func ExampleDelete() {
	ctx := tenant()
	record := code(ctx, "10001")
	if _, err := store.Put(ctx, record); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(store.Delete(ctx, "code", record.ID), store.Delete(ctx, "code", record.ID))
	// Output: <nil> <nil>
}

func ExampleTokens() {
	ctx := tenant()
	tokens, err := store.Tokens(ctx, 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(tokens), len(tokens[0]), tokens[0] != tokens[1])
	// Output: 2 18 true
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

func ExampleIDKinds() {
	fmt.Println(store.IDKinds()[:2])
	// Output: [jira.issue jira.project]
}

func ExampleKinds() {
	fmt.Println(store.Kinds()[:3])
	// Output: [jira.issue jira.project jira.issueType]
}
