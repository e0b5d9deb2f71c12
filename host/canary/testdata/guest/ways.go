package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/log"
	"github.com/pergola-platform/pergola/sdk/store"
	"github.com/pergola-platform/pergola/sdk/view"
)

type way func(ctx context.Context, all []string) (*view.Page, error)

// ways are what a plugin may try. Those that show are what it may do.
var ways = map[string]way{
	"show": func(_ context.Context, all []string) (*view.Page, error) {
		page := &view.Page{Title: all[0], Flag: &view.Flag{Tone: view.Info, Title: all[1], Body: all[2]}}
		for _, text := range all {
			page.Blocks = append(page.Blocks, view.P(text))
		}
		return page, nil
	},
	"state": func(_ context.Context, all []string) (*view.Page, error) {
		return &view.Page{Title: "State", Blocks: []view.Block{{Progress: &view.Progress{
			Label: all[0], Next: &view.Next{Action: "page", State: []byte(strings.Join(all, " "))},
		}}}}, nil
	},
	"panic":        func(_ context.Context, all []string) (*view.Page, error) { panic(strings.Join(all, " ")) },
	"panic-error":  func(_ context.Context, all []string) (*view.Page, error) { panic(errors.New(strings.Join(all, " "))) },
	"panic-beside": panicBeside,
	"exit": func(_ context.Context, all []string) (*view.Page, error) {
		fmt.Fprintln(os.Stderr, all)
		os.Exit(3)
		return nil, nil
	},
	"print": func(_ context.Context, all []string) (*view.Page, error) {
		fmt.Println(all)
		println(strings.Join(all, " "))
		fmt.Fprintln(os.Stderr, "fatal error: "+strings.Join(all, " "))
		return &view.Page{Title: "Printed"}, nil
	},
	"index": func(_ context.Context, all []string) (*view.Page, error) {
		return nil, errors.New(all[len(all)+len(all[0])])
	},
	"map": func(_ context.Context, all []string) (*view.Page, error) {
		var nothing map[string]int
		nothing[all[0]] = 1
		return nil, nil
	},
	"convert": func(_ context.Context, all []string) (*view.Page, error) {
		var v any = all[0]
		return &view.Page{Title: strconv.Itoa(v.(int))}, nil
	},
	"recurse": func(_ context.Context, all []string) (*view.Page, error) {
		return &view.Page{Title: strconv.Itoa(recurse(all, 0))}, nil
	},
	"allocate": func(_ context.Context, all []string) (*view.Page, error) {
		for kept := []string{}; ; {
			kept = append(kept, strings.Repeat(all[len(kept)%len(all)], 1<<12))
		}
	},
	"spin": func(_ context.Context, all []string) (*view.Page, error) {
		for n := 0; ; n++ {
			if all[n%len(all)] == "" {
				return nil, nil
			}
		}
	},
	"errors":  failing(sdk.Internal),
	"invalid": failing(sdk.Invalid),
	"no-code": failing("content of my own"),
	"limit": func(_ context.Context, all []string) (*view.Page, error) {
		return nil, &sdk.Error{Code: sdk.Exhausted, Message: all[0], Limit: all[1], Field: all[2]}
	},
	"wrapped": func(_ context.Context, all []string) (*view.Page, error) {
		return nil, fmt.Errorf("read %s: %w", all[1], os.ErrNotExist)
	},
	"large": func(_ context.Context, all []string) (*view.Page, error) {
		return &view.Page{Title: strings.Repeat(all[1], 6<<20/len(all[1]))}, nil
	},
	"log":       logAll,
	"store":     storeAll,
	"host-call": hostCalls,
	"query":     queries,
}

// panicBeside panics where nobody catches it: in a process this ends everything.
func panicBeside(_ context.Context, all []string) (*view.Page, error) {
	done := make(chan bool)
	go func() {
		defer close(done)
		panic(strings.Join(all, " "))
	}()
	<-done
	return nil, nil
}

func recurse(all []string, depth int) int {
	here := append([]string{strings.Join(all, " ")}, all...)
	return recurse(here[1:], depth+1) + len(here[0])
}

func failing(code sdk.Code) way {
	return func(_ context.Context, all []string) (*view.Page, error) {
		return nil, sdk.Errorf(code, "%s", strings.Join(all, " "))
	}
}

func logAll(ctx context.Context, all []string) (*view.Page, error) {
	for _, text := range all {
		log.Write(ctx, log.Error, text)
		log.Write(ctx, text, "code")
		log.Write(ctx, log.Error, "code", log.Count(text, 1))
		for _, kind := range []string{"issue", "project", "issue_type", "field", text} {
			log.Write(ctx, log.Error, "code", log.Attr{Name: "count", Kind: kind, ID: text})
		}
		log.Write(ctx, log.Error, "code", log.Attr{Name: "count", ID: text, Number: 1})
	}
	log.Write(ctx, log.Info, "code", log.Count("count", len(all)))
	return &view.Page{Title: "Logged"}, nil
}

// storeAll leaves out accounts: an account's id is any word of letters and digits, and only Jira could tell one from others.
func storeAll(ctx context.Context, all []string) (*view.Page, error) {
	kept := 0
	put := func(r store.Record) {
		if _, err := store.Put(ctx, r); err == nil {
			kept++
		}
	}
	for _, text := range all {
		for _, field := range []string{"issue", "project", "type", "field", "at", "count", "state", "token", "on", text} {
			put(store.Record{Type: "thing", ID: "10100", Fields: map[string]string{field: text}})
		}
		put(store.Record{Type: "thing", ID: text, Fields: map[string]string{"issue": "10100"}})
		put(store.Record{Type: text, ID: "10100", Fields: map[string]string{"issue": "10100"}})
		_, _ = store.Get(ctx, "thing", text)
		_, _ = store.Get(ctx, text, text)
		_ = store.Delete(ctx, "thing", text)
		for _, q := range []store.Query{{Type: "thing", Field: "issue", Value: text}, {Type: "thing", Field: text, Value: text}, {Type: text}, {Type: "thing", Cursor: text}} {
			_, _ = store.List(ctx, q)
		}
	}
	return &view.Page{Title: "Kept " + strconv.Itoa(kept)}, nil
}

func hostCalls(ctx context.Context, all []string) (*view.Page, error) {
	for _, text := range all {
		_ = hostcall.Do(ctx, text, &sdk.Request{Name: text}, nil)
		_ = hostcall.Do(ctx, store.OpPut, &sdk.Request{Name: text, State: []byte(text)}, nil)
		_ = hostcall.Do(ctx, jira.OpIssue, &view.Page{Title: text}, nil)
	}
	return &view.Page{Title: "Called"}, nil
}

func queries(ctx context.Context, all []string) (*view.Page, error) {
	var last error
	for _, text := range all {
		for _, q := range []jira.Search{
			{JQL: text}, {JQL: "summary ~ " + strconv.Quote(text)}, {JQL: "project = " + strconv.Quote(text)},
			{JQL: "project = 10000", Fields: []string{text}}, {JQL: "project = 10000", Cursor: text},
		} {
			if _, err := jira.Find(ctx, q); err != nil {
				last = err
			}
		}
		_, _ = jira.Get(ctx, text)
		_, _ = jira.Get(ctx, "10100", text)
	}
	return nil, last
}
