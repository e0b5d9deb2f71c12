package bundle_test

import (
	"fmt"
	"time"

	"github.com/pergola-platform/pergola/core/bundle"
)

func Example() {
	// The publisher. PackDir does this with a directory.
	archive, err := bundle.Encode([]bundle.File{
		{Path: "plugin.json", Data: []byte(pluginJSON("acme.labels", "1.2.0"))},
		{Path: "plugin.wasm", Data: []byte("\x00asm…")},
	})
	if err != nil {
		panic(err)
	}
	secret, err := bundle.GenerateKey()
	if err != nil {
		panic(err)
	}
	signature := secret.Sign("labels.pergola", archive, time.Now())

	// The host, which has the publisher's public key from the publisher.
	trust, err := bundle.NewTrust(nil, []string{"acme.*=" + secret.Public().String()}, false)
	if err != nil {
		panic(err)
	}
	verified, err := trust.Verify("labels.pergola", archive, signature)
	if err != nil {
		panic(err)
	}
	fmt.Println(verified.Manifest.ID, verified.Signer.Tier, verified.Signer.Publisher, len(verified.Code))
	// Output: acme.labels publisher acme 7
}
