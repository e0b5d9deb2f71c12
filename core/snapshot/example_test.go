package snapshot_test

import (
	"errors"
	"fmt"

	"github.com/pergola-platform/pergola/core/snapshot"
)

func Example() {
	initialised := make([]byte, 2*snapshot.PageSize) // what a guest has when it is ready for its first call
	copy(initialised, "ready")

	image, err := snapshot.Take(initialised)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer image.Close()
	memory, err := image.Map(4 * snapshot.PageSize)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer memory.Free()

	copy(memory.Bytes(), "a tenant's secret") // a call
	pages, err := memory.Reset()
	fmt.Printf("%.5s, after %d page, %v\n", memory.Bytes(), pages, err)

	memory.Reallocate(3 * snapshot.PageSize) // a call that needs more
	_, err = memory.Reset()
	fmt.Println("free it:", errors.Is(err, snapshot.ErrGrown))
	// Output:
	// ready, after 1 page, <nil>
	// free it: true
}
