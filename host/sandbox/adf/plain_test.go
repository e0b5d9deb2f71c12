package adf_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/host/sandbox/adf"
)

func TestTextOfADocumentIsWhatItWasMadeOf(t *testing.T) {
	for _, text := range []string{"", "One line", "Two\nlines", "Two\n\nparagraphs\nand a line", `<b>"&`} {
		if got := adf.Plain(adf.Document(text)); got != text {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}

func TestTextReadsWhatOthersWrote(t *testing.T) {
	for raw, want := range map[string]string{
		`{"type":"doc","content":[{"type":"heading","content":[{"type":"text","text":"A"}]},{"type":"bulletList","content":[{"type":"listItem","content":[{"type":"paragraph","content":[{"type":"text","text":"B"}]}]}]}]}`: "A\n\nB",
		`{"type":"doc","content":[{"type":"paragraph","content":[{"type":"mention","attrs":{"text":"@Mia"}},{"type":"emoji","attrs":{"id":1}},{"type":"text","text":" looks"}]}]}`:                                           "@Mia looks",
		`"no document"`: "", `{`: "",
	} {
		if got := adf.Plain(json.RawMessage(raw)); got != want {
			t.Errorf("%s: %q, want %q", raw, got, want)
		}
	}
	deep := strings.Repeat(`{"type":"x","content":[`, 5000) + `{"type":"text","text":"deep"}` + strings.Repeat(`]}`, 5000)
	if got := adf.Plain(json.RawMessage(deep)); got != "" {
		t.Errorf("what lies too deep is read: %q", got)
	}
}
