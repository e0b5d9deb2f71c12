package main

import (
	"time"

	"github.com/pergola-platform/pergola/sdk/serve"
)

func init() { serve.Plugin(newPlugin(time.Now)) }

func main() {}
