// Knqyf263 is the guest xor for knqyf263/go-plugin.
package main

func main() {}
