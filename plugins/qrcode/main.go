package main

import (
	"crypto/rand"
	"time"

	"github.com/pergola-platform/pergola/sdk/serve"
)

func init() { serve.Plugin(newPlugin(time.Now, rand.Reader)) }

func main() {}
