package judges_test

import (
	"context"
	"fmt"
	"math"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/pergola-platform/pergola/host/chromiumtest"
)

func opensModals(j *forgeJudge) {
	panel := j.panel()
	panel.do("modal", object{"resource": "dialog", "size": "small", "context": object{"asset": "A-17"}, "title": "Choose an owner"})
	modal := j.frame("modal of panel")
	context, _ := modal.do("context", nil).(object)
	extension, _ := context["extension"].(object)
	j.check("context of a modal", []any{extension["modal"], extension["issue"].(object)["key"]}, []any{object{"asset": "A-17"}, "OPS-1"})
	j.check("title of a modal", j.page(`document.querySelector('dialog[open] h2').textContent`), "Choose an owner")
	j.check("width of a small modal", j.page(`document.querySelector('dialog[open]').offsetWidth`), 400.0)
	modal.do("on", object{"event": "own"})
	panel.do("emit", object{"event": "own", "payload": 1})
	j.check("events reach a modal", modal.do("heard", 1), []any{object{"event": "own", "payload": 1.0}})
	modal.do("onClose", nil)
	modal.send("close", object{"owner": "jonas"})
	<-modal.closing
	j.check("payload of a modal", panel.do("heard", 1), []any{object{"closed": object{"owner": "jonas"}}})
	j.check("the modal is gone", j.page(`document.querySelectorAll('dialog').length`), 0.0)

	view, _ := j.page(`[innerWidth, innerHeight]`).([]any)
	wide, high := view[0].(float64), view[1].(float64)
	for size, want := range map[string][]any{
		"medium": {600.0, max(520, high*.4)}, "large": {800.0, max(high*.7, min(720, high*.9))}, "xlarge": {968.0, high * .9},
		"max": {wide, high}, "fullscreen": {wide, high},
	} {
		panel.do("modal", object{"size": size})
		modal := j.frame("modal of panel")
		box := j.page(`(b => [b.width, b.height])(document.querySelector('dialog[open]').getBoundingClientRect())`).([]any)
		near := func(n int) bool { return math.Abs(box[n].(float64)-want[n].(float64)) < 1 }
		j.check(fmt.Sprintf("size %s: %v, want %v", size, box, want), near(0) && near(1), true)
		modal.send("close", nil)
		panel.do("heard", 1)
	}
	panel.do("modal", object{"size": object{"width": "500px", "height": "300px"}})
	modal = j.frame("modal of panel")
	j.check("size of one's own", j.page(`(d => [d.offsetWidth, d.offsetHeight])(document.querySelector('dialog[open]'))`), []any{500.0, 300.0})
	modal.send("close", nil)
	panel.do("heard", 1)
	panel.refuses("modal", object{"size": "huge"}, "Invalid modal size")
	panel.refuses("modal", object{"resource": "none"}, "Unable to open modal")
}

// pressOnce presses a key that takes away the frame that has the focus: the browser may never say that it was pressed. stop ends that.
func (j *forgeJudge) pressOnce(key string) (stop func()) {
	ctx, cancel := context.WithCancel(j.ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = chromedp.Do(ctx, chromiumtest.Press(key)) // what came of it the frames tell
	}()
	return func() {
		cancel()
		<-done
	}
}

func closesModals(j *forgeJudge) {
	panel := j.panel()
	escape := chromiumtest.Press(kb.Escape)
	closed := []any{object{"closed": nil}}
	outside := chromedp.MouseClickXY(8, 450)

	panel.do("modal", object{"size": "medium"})
	j.frame("modal of panel")
	stop := j.pressOnce(kb.Escape)
	j.check("Escape closes", panel.do("heard", 1), closed)
	stop()
	panel.do("modal", object{"size": "medium"})
	j.frame("modal of panel")
	j.browse(outside)
	j.check("a click beside closes", panel.do("heard", 1), closed)
	panel.do("modal", object{"size": "medium"})
	j.frame("modal of panel").do("draft", `<input autofocus>`)
	j.browse(chromedp.MouseClickXY(640, 450)) // in the frame
	stop = j.pressOnce(kb.Escape)
	j.check("Escape in the frame closes", panel.do("heard", 1), closed)
	stop()

	panel.do("modal", object{"size": "medium", "closeOnEscape": false, "closeOnOverlayClick": false, "title": "Stay"})
	j.frame("modal of panel")
	j.browse(escape, escape, outside, escape)
	j.check("it stays", j.page(`document.querySelector('dialog').open`), true)
	j.browse(chromedp.Evaluate[chromedp.Void](`document.querySelector('dialog [aria-label=Close]').click()`))
	j.check("its button closes", panel.do("heard", 1), closed)

	panel.refuses("close", nil, "view is not closable")
	panel.refuses("onClose", nil, "view is not closable")
	panel.refuses("submit", nil, "view is not submittable")
	panel.refuses("openView", nil, "view is not openable")
	j.open("/forge/apps/" + judgedApp + "/home")
	j.frame("home").refuses("refresh", nil, "view is not refreshable")
}
