package main

import "github.com/pergola-platform/pergola/sdk/serve"

func init() { serve.Plugin(newPlugin()) }

func main() {}
