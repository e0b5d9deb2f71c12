package fuel

// The types that are added, from the first index after those of the module.
const (
	typeTick = iota // (i64) i64
	typeVoid        // ()
	typeSize        // (i32) i32
	addedTypes
)

var helperTypes = []byte{
	0x60, 1, typeI64, 1, typeI64,
	0x60, 0, 0,
	0x60, 1, typeI32, 1, typeI32,
}

// tickSignature is what types makes of (i64) i64.
const tickSignature = "\x7e\x00\x7e"

// The functions that are added, from rewriter.helpers.
const (
	helperRefill   = iota // sets the fuel to what tick returns
	helperBytes           // pays for so many bytes and returns their number, as the next two do
	helperElements        // of a table
	helperPages           // of memory
	helperIdentity        // stands for the module's own import of tick, and is there if it has one
)

type helper struct {
	typ  uint32 // from the first that is added
	body []byte // instructions
}

// addedFunctions are the helpers, in their order.
func (w *rewriter) addedFunctions() []helper {
	const ( // instructions on a size, which is local 0
		size      = "\x20\x00\xad"         // local.get 0, i64.extend_i32_u
		by64, by8 = "\x42\x06", "\x42\x03" // i64.const 6 and 3, of bits to shift by
		shrU      = "\x88"
		// Memory has 65,536 pages at most, so whoever asks for more gets nothing: i64.const 65536, local.get 0, i32.const 65536,
		// i32.lt_u, select, i64.const 10, i64.shl.
		pages = "\x42\x80\x80\x04" + "\x20\x00" + "\x41\x80\x80\x04" + "\x49" + "\x1b" + "\x42\x0a" + "\x86"
	)
	refill := append(w.globalGet(nil), opCall)
	refill = w.globalSet(appendU32(refill, w.tick))
	list := []helper{
		{typeVoid, refill},
		{typeSize, w.paysFor(size + by64 + shrU)},
		{typeSize, w.paysFor(size + by8 + shrU)},
		{typeSize, w.paysFor(size + pages)},
	}
	if len(w.ticks) > 0 {
		list = append(list, helper{typeTick, []byte{opLocalGet, 0}})
	}
	return list
}

// paysFor pays what some instructions leave on the stack, and returns local 0.
func (w *rewriter) paysFor(amount string) []byte {
	b := append(w.globalGet(nil), amount...)
	return append(w.pay(b), opLocalGet, 0)
}

// pay takes the amount and, below it, the fuel from the stack, and asks for more where that is not enough. It reads the global a
// second time, which is cheaper than one more local in every function.
func (w *rewriter) pay(b []byte) []byte {
	b = w.globalSet(append(b, opI64Sub))
	b = w.globalGet(b)
	b = append(b, opI64Const, 0, opI64LtS, opIf, blockVoid, opCall)
	b = appendU32(b, w.helpers+helperRefill)
	return append(b, opEnd)
}

// charge pays a constant amount.
func (w *rewriter) charge(b []byte, amount int64) []byte {
	b = append(w.globalGet(b), opI64Const)
	return w.pay(appendI64(b, amount))
}

func (w *rewriter) globalGet(b []byte) []byte { return appendU32(append(b, opGlobalGet), w.fuel) }
func (w *rewriter) globalSet(b []byte) []byte { return appendU32(append(b, opGlobalSet), w.fuel) }
