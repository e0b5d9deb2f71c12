package world

// SmallCopies makes sites of any size save a copy of their indexes after that many changed issues, until the test ends.
func SmallCopies(t interface{ Cleanup(func()) }, changes int) {
	size, most := minIndexed, minChanges
	minIndexed, minChanges = 1, changes
	t.Cleanup(func() { minIndexed, minChanges = size, most })
}
