package sdk_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/pergola-platform/pergola/sdk"
)

func TestErrorsAreToldApartByCode(t *testing.T) {
	err := fmt.Errorf("print: %w", sdk.Errorf(sdk.Exhausted, "no paper"))
	if !errors.Is(err, &sdk.Error{Code: sdk.Exhausted}) {
		t.Error("an error is not one of its code")
	}
	if errors.Is(err, &sdk.Error{Code: sdk.NotFound}) || errors.Is(err, &sdk.Error{Code: sdk.Exhausted, Message: "no ink"}) {
		t.Error("an error is one of another code or message")
	}
	if code := sdk.CodeOf(nil); code != "" {
		t.Errorf("the code of no error is %q", code)
	}
	if code := sdk.CodeOf((*sdk.Error)(nil)); code != sdk.Internal {
		t.Errorf("the code of a nil *Error is %q", code)
	}
}
