package log_test

import (
	"context"
	"fmt"
	"time"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/log"
	"github.com/pergola-platform/pergola/sdk/sdktest"
)

func ExampleWrite() {
	h := sdktest.New(&sdk.Plugin{})
	ctx := h.With(context.Background()) // in a plugin, use the context that the handler gets
	log.Write(ctx, log.Info, "sheet.rendered", log.Count("labels", 24), log.Took("took", 3*time.Millisecond), log.Issue("10001"), log.Project("10000"))
	log.Write(ctx, log.Info, "Rendered the labels of OPS-7") // a sentence is dropped
	for _, e := range h.Logs() {
		fmt.Println(e.Level, e.Code, e.Attrs)
	}
	fmt.Println(len(h.Dropped()), "dropped")
	// Output:
	// info sheet.rendered [{labels 24  } {took 3000  } {issue 0 issue 10001} {project 0 project 10000}]
	// 1 dropped
}
