//go:build !wasip1

package frame_test

import (
	"bytes"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/pergola-platform/pergola/sdk/process/frame"
	"github.com/pergola-platform/pergola/sdk/wire"
)

var frames = []frame.Frame{
	{},
	{Call: 1, Message: []byte("call"), Timeout: 10 * time.Second},
	{Message: []byte("result")},
	{HostCall: 1, Message: []byte("host call")},
	{Call: math.MaxUint64, HostCall: math.MaxUint32, Message: []byte("answer")},
	{Call: 7},
}

func TestFrameComesBack(t *testing.T) {
	for _, in := range frames {
		var out frame.Frame
		if err := out.Parse(in.Append(nil)); err != nil {
			t.Errorf("%+v: %v", in, err)
		}
		if diff := cmp.Diff(in, out); diff != "" {
			t.Errorf("frame (-sent +received):\n%s", diff)
		}
	}
}

// The bytes are those of the .proto file in the package's comment.
func TestFrameIsTheMessageOfTheProtoFile(t *testing.T) {
	in := frame.Frame{Call: 300, HostCall: 2, Message: []byte("hi"), Timeout: 5 * time.Microsecond}
	want := []byte{1 << 3, 0xac, 0x02, 2 << 3, 2, 4 << 3, 5, 3<<3 | 2, 2, 'h', 'i'}
	if got := in.Append(nil); !bytes.Equal(got, want) {
		t.Errorf("got % x, want % x", got, want)
	}
}

func TestUnknownFieldsAreSkipped(t *testing.T) {
	raw := protowire.AppendTag(nil, 99, protowire.BytesType)
	raw = protowire.AppendBytes(raw, []byte("of a later version"))
	raw = (&frame.Frame{Call: 3}).Append(raw)
	var out frame.Frame
	if err := out.Parse(raw); err != nil || out.Call != 3 {
		t.Errorf("got %+v, %v", out, err)
	}
}

func TestMalformedFramesAreErrors(t *testing.T) {
	for name, raw := range map[string][]byte{
		"cut tag":           {0x80},
		"cut number":        {1 << 3, 0x80},
		"cut message":       {3<<3 | 2, 5, 'x'},
		"field 0":           {0, 0},
		"wrong end":         {4},
		"host call too big": protowire.AppendVarint([]byte{2 << 3}, 1<<32),
	} {
		if err := new(frame.Frame).Parse(raw); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestLargestFrameFits(t *testing.T) {
	f := frame.Frame{Call: math.MaxUint64, HostCall: math.MaxUint32, Message: make([]byte, wire.MaxMessage), Timeout: 24 * time.Hour}
	if n := len(f.Append(nil)); n > frame.MaxSize {
		t.Errorf("%d bytes, and MaxSize is %d", n, frame.MaxSize)
	}
}

func TestCodecCopiesWhatItIsGiven(t *testing.T) {
	in := frame.Frame{Message: []byte("hello")}
	data, err := frame.Codec{}.Marshal(&in)
	if err != nil {
		t.Fatal(err)
	}
	defer data.Free()
	in.Message[0] = 'X'
	var out frame.Frame
	if err := (frame.Codec{}).Unmarshal(data, &out); err != nil || string(out.Message) != "hello" {
		t.Errorf("got %q, %v", out.Message, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, in := range frames {
		f.Add(in.Append(nil))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var first, second frame.Frame
		if first.Parse(raw) != nil {
			return
		}
		if err := second.Parse(first.Append(nil)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first.Message, second.Message) || first.Call != second.Call || first.HostCall != second.HostCall || first.Timeout != second.Timeout {
			t.Errorf("%+v became %+v", first, second)
		}
	})
}
