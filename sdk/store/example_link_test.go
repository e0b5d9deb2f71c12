package store_test

import (
	"context"
	"fmt"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/store"
)

// linking returns a context with a host that takes links between issues. The id of a link is made of its three fields, so
// there is one link of a relation between two issues at most. A side is what a rule on the links of an issue is about.
func linking() context.Context {
	h := sdktest.New(&sdk.Plugin{ID: "example.links", Version: "0.1.0"})
	if err := h.UseManifest([]byte(`{"id": "example.links", "version": "0.1.0", "permissions": [{"name": "store"}], "records": [
		{"type": "link", "id": {"fields": ["relation", "outward", "inward"]}, "fields": {"relation": {"kind": "jira.linkType"},
			"outward": {"kind": "jira.issue", "indexed": true}, "inward": {"kind": "jira.issue", "indexed": true}}},
		{"type": "side", "id": {"fields": ["relation", "inward"]}, "fields": {"relation": {"kind": "jira.linkType"},
			"inward": {"kind": "jira.issue"}, "changed": {"kind": "platform.time"}}}]}`)); err != nil {
		panic(err)
	}
	return h.With(context.Background())
}

func link(relation, outward, inward string) store.Record {
	return store.Record{Type: "link", Fields: map[string]string{"relation": relation, "outward": outward, "inward": inward}}
}

// addLink adds a link where the inward issue has fewer than most of that relation. Whoever counted before somebody else's
// link was there also read the side before, and gets the code exists.
func addLink(ctx context.Context, l store.Record, most int) error {
	relation, inward := l.Fields["relation"], l.Fields["inward"]
	side, err := store.Get(ctx, "side", store.JoinID(relation, inward))
	if sdk.CodeOf(err) == sdk.NotFound {
		side, err = &store.Record{Type: "side", Fields: map[string]string{"relation": relation, "inward": inward}}, nil
	}
	if err != nil {
		return err
	}
	// The count comes after the revision.
	links, err := store.Count(ctx, store.Query{Type: "link", Field: "inward", Value: inward, Prefix: []string{relation}, Limit: most})
	if err != nil {
		return err
	}
	if links.Records >= most {
		return sdk.Errorf(sdk.Invalid, "the issue has %d such links already; remove one of them first", links.Records)
	}
	_, err = store.Write(ctx, store.Changes{Put: []store.Record{l, *side}})
	return err
}

func ExampleWrite() {
	ctx := linking()
	fmt.Println(addLink(ctx, link("10100", "1", "7"), 2))
	fmt.Println(sdk.CodeOf(addLink(ctx, link("10100", "1", "7"), 2))) // the same pair
	fmt.Println(addLink(ctx, link("10100", "2", "7"), 2))
	fmt.Println(addLink(ctx, link("10100", "3", "7"), 2))
	_, err := store.Write(ctx, store.Changes{Delete: []store.Record{link("10100", "1", "7")}})
	fmt.Println(err)
	fmt.Println(addLink(ctx, link("10100", "3", "7"), 2))
	// Output:
	// <nil>
	// exists
	// <nil>
	// invalid: the issue has 2 such links already; remove one of them first
	// <nil>
	// <nil>
}

func ExampleQuery_prefix() {
	ctx := linking()
	written, err := store.Put(ctx, link("10100", "1", "7"), link("10100", "2", "7"), link("10100", "1", "8"), link("10200", "1", "7"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(written[0].ID)
	for _, q := range []store.Query{
		{Type: "link", Prefix: []string{"10100"}},
		{Type: "link", Prefix: []string{"10100"}, Field: "inward", Value: "7"},
	} {
		page, err := store.List(ctx, q)
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, r := range page.Records {
			fmt.Print(" ", r.Fields["outward"], "→", r.Fields["inward"])
		}
		fmt.Println()
	}
	// Output:
	// 10100.1.7
	//  1→7 1→8 2→7
	//  1→7 2→7
}

func ExampleCount() {
	ctx := linking()
	if _, err := store.Put(ctx, link("10100", "1", "7"), link("10100", "2", "7"), link("10100", "3", "8")); err != nil {
		fmt.Println(err)
		return
	}
	few, err := store.Count(ctx, store.Query{Type: "link", Field: "inward", Value: "7"})
	if err != nil {
		fmt.Println(err)
		return
	}
	many, err := store.Count(ctx, store.Query{Type: "link", Limit: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(few.Records, few.More, many.Records, many.More)
	// Output: 2 false 2 true
}

// An issue was deleted, and all its links go.
func ExampleClear() {
	ctx := linking()
	if _, err := store.Put(ctx, link("10100", "1", "7"), link("10100", "2", "7"), link("10100", "7", "8"), link("10100", "1", "8")); err != nil {
		fmt.Println(err)
		return
	}
	for _, field := range []string{"outward", "inward"} {
		for more := true; more; {
			cleared, err := store.Clear(ctx, store.Query{Type: "link", Field: field, Value: "7"})
			if err != nil {
				fmt.Println(err)
				return
			}
			fmt.Println(field, cleared.Records)
			more = cleared.More
		}
	}
	// Output:
	// outward 1
	// inward 2
}

func ExampleJoinID() {
	fmt.Println(store.JoinID("10100", "1", "7"))
	// Output: 10100.1.7
}

func ExampleSplitID() {
	fmt.Println(store.SplitID("10100.1.7"))
	// Output: [10100 1 7]
}

func ExamplePartKinds() {
	fmt.Println(store.PartKinds()[:2])
	// Output: [jira.issue jira.project]
}
