package snapshot

// Strategy is a way to find the pages of a memory that are not as in its image. All restore the same bytes; they differ in
// time. Ratios are in RATIONALE.md beside this file.
type Strategy string

const (
	// Auto is the best of the others that works here.
	Auto Strategy = ""
	// PagemapScan asks the kernel with the ioctl PAGEMAP_SCAN. Linux 6.7 and later.
	PagemapScan Strategy = "pagemap_scan"
	// Pagemap reads /proc/self/pagemap. Linux.
	Pagemap Strategy = "pagemap"
	// Copy compares all pages. It works everywhere.
	Copy Strategy = "copy"
)

// Report is what [Probe] found.
type Report struct {
	// Strategy is what [Take] uses in this process. It is never [Auto].
	Strategy Strategy
	// Refused says for each better strategy why it is not used, best first.
	Refused []error
}

// Probe tries which strategy [Take] will use in this process, for an operator to see. It takes less than a millisecond.
func Probe() Report {
	st, refused, err := open(Auto, make([]byte, PageSize))
	if err != nil { // the system has not even one page to give
		return Report{Strategy: Copy, Refused: append(refused, err)}
	}
	defer func() { _ = st.close() }() // it held nothing
	return Report{Strategy: st.strategy(), Refused: refused}
}
