// Package echo is the contract of the guest for knqyf263/go-plugin: one method that carries bytes each way. Everything else in
// it is generated from echo.proto, by protoc and by protoc-gen-go-plugin of the version in go.mod, and committed. Start with
// [Transformer].
package echo

//go:generate protoc --go-plugin_out=. --go-plugin_opt=paths=source_relative echo.proto
