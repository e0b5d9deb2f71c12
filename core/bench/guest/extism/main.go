// Extism is the guest xor for Extism. Its ABI is written by hand, with the loads and stores of eight bytes that Extism's own kit
// for Go makes.
package main

func main() {}
