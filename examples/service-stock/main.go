// Service-stock is a plugin that works for other plugins: it says how many of a thing are left.
package main

import (
	"context"
	"strconv"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/serve"
	"github.com/pergola-platform/pergola/sdk/service"
)

// left is what there is. A plugin of use keeps it with sdk/store, or asks Jira.
var left = map[string]int{"ThinkPad X1": 7, "MacBook Air": 0}

var plugin = &sdk.Plugin{
	ID:      "example.stock",
	Version: "0.1.0",
	Services: map[string]sdk.Service{
		"stock": service.Mux{"left": service.HandlerFunc(howMany)},
	},
}

func init() { serve.Plugin(plugin) }

// howMany takes the name of a thing and gives a number in decimal.
func howMany(_ context.Context, r *service.Request) ([]byte, error) {
	n, known := left[string(r.Body)]
	if !known {
		return nil, sdk.Errorf(sdk.NotFound, "there is no stock of %q", r.Body)
	}
	return strconv.AppendInt(nil, int64(n), 10), nil
}

func main() {}
