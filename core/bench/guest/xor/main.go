// Xor is a guest that speaks ABI v1 without the SDK: it answers a message with its bytes changed. What surrounds so small a
// handler is what is measured.
package main

func main() {}
