package service_test

import (
	"context"
	"fmt"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/service"
	"github.com/pergola-platform/pergola/sdk/settings"
)

// A service whose questions and answers have types of their own: those of a package that both plugins import.
func ExampleHandle() {
	greeter := service.Mux{
		"greet": service.Handle(func(_ context.Context, r *service.Request, in *settings.Values) (*settings.Values, error) {
			return &settings.Values{Strings: map[string]string{"text": "Hello " + in.String("name") + ", says " + r.Caller}}, nil
		}),
	}
	plugin := &sdk.Plugin{ID: "example.greeter", Version: "0.1.0", Services: map[string]sdk.Service{"greeter": greeter}}
	fmt.Println(plugin.Describe().Services)

	body, err := (&settings.Values{Strings: map[string]string{"name": "Mia"}}).MarshalMsg(nil)
	if err != nil {
		panic(err)
	}
	answer, err := greeter["greet"].Answer(context.Background(), &service.Request{Caller: "example.caller", Body: body})
	var out settings.Values
	_, decoding := out.UnmarshalMsg(answer)
	fmt.Println(out.String("text"), err, decoding)
	// Output:
	// [greeter]
	// Hello Mia, says example.caller <nil> <nil>
}
