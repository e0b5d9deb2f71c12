package main

import "strings"

// mostPages bounds the pages of which a page remembers the way; who wants to see more searches.
const mostPages = 500

// stateOf is what a page keeps of the way to its other pages: cursors, one a line.
func stateOf(cursors []string) []byte {
	return []byte(strings.Join(cursors[:min(len(cursors), mostPages)], "\n"))
}

// cursorsOf reads what stateOf made. It comes from the browser; the host checks each cursor when it is used.
func cursorsOf(state []byte) []string {
	if len(state) == 0 {
		return nil
	}
	all := strings.Split(string(state), "\n")
	return all[:min(len(all), mostPages)]
}
