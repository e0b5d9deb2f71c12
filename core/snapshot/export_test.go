package snapshot

// TakeHeap takes an image as systems without memfd do.
func TakeHeap(mem []byte) *Image { return newImage(newHeapStore(mem)) }
