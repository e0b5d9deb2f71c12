package main

import "github.com/pergola-platform/pergola/sdk/store"

// validToken says whether text, which anybody may have scanned or typed, has the form of a code's id: a random token of 105 bits
// that the host made, so that nobody finds one by trying.
func validToken(text string) bool { return store.Validate(store.KindToken, text) == nil }
