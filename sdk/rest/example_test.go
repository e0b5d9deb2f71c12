package rest_test

import (
	"context"
	"fmt"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/rest"
	"github.com/pergola-platform/pergola/sdk/sdktest"
)

// shelf stands for a type with the methods that msgp generates; its JSON is {"name": …}.
type shelf struct{ name string }

func (s *shelf) MarshalMsg(b []byte) ([]byte, error) {
	return msgp.AppendString(msgp.AppendString(msgp.AppendMapHeader(b, 1), "name"), s.name), nil
}

func (s *shelf) UnmarshalMsg(b []byte) ([]byte, error) {
	n, b, err := msgp.ReadMapHeaderBytes(b)
	for range n {
		if _, b, err = msgp.ReadStringBytes(b); err == nil {
			s.name, b, err = msgp.ReadStringBytes(b)
		}
	}
	return b, err
}

// A program reads and renames a shelf. plugin.json declares the routes, such as
//
//	{"method": "PUT", "path": "/shelves/{shelf}", "handler": "rename", "scope": "config:write", "summary": "Rename a shelf",
//	 "params": …, "body": {"$ref": "#/schemas/Shelf"}, "answers": {"200": {"$ref": "#/schemas/Shelf"}}}
func ExampleHandler() {
	plugin := &sdk.Plugin{ID: "acme.shelves", Version: "1.0.0", Routes: map[string]sdk.Route{
		"rename": rest.Handler(func(_ context.Context, r *rest.Request) (int, msgp.Marshaler, error) {
			if r.Params["shelf"] != "7" {
				return 0, nil, sdk.Errorf(sdk.NotFound, "There is no shelf %s.", r.Params["shelf"])
			}
			var s shelf
			if err := r.Read(&s); err != nil {
				return 0, nil, err
			}
			return 200, &s, nil
		}),
	}}
	h := sdktest.New(plugin)
	fmt.Println(h.Route("rename", map[string]string{"shelf": "7"}, `{"name": "Spare parts"}`))
	fmt.Println(h.Route("rename", map[string]string{"shelf": "8"}, `{"name": "Spare parts"}`))
	// Output:
	// 200 {"name":"Spare parts"} <nil>
	// 0  not_found: There is no shelf 8.
}
