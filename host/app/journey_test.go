package app_test

import (
	"bytes"
	"image"
	"image/png"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// Parts of the addresses of the frames in which the sandbox shows us.
const (
	panelFrame = "/connect/module/pergola.qrcode/panel"
	adminFrame = "/connect/admin"
)

// TestFromInstallationToScannedCode is the whole way, on real parts: the sandbox site has installed the app, an issue shows
// its code, the code leads back to the issue, and the admin's choices hold over a crash.
func TestFromInstallationToScannedCode(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	addresses := []string{"--listen", address(t), "--sandbox", address(t)}
	d := startDev(t, data, addresses...)
	b := newTab(t)

	// A step that fails ends the journey: the ones after it stand on it.
	step := func(what string, walk func()) {
		t.Log(what)
		walk()
	}

	b.open(d.Issue)
	b.click(panelFrame, button("Create code"))
	b.wait(panelFrame, `document.querySelector("figure svg")`)
	b.click("", `document.querySelector(".flag .icon-button")`) // Jira's message lies over the panel
	code := decode(t, b.picture(panelFrame, `document.querySelector("figure svg")`, 8))
	if !strings.HasPrefix(code, d.Host+"/q/") {
		t.Fatalf("the code on the screen says %q, want a short link of %s", code, d.Host)
	}

	step("a scanned code opens the issue after the login", func() {
		status, to := get(t, code)
		if status != http.StatusFound || !strings.HasPrefix(to, d.Sandbox+"/plugins/servlet/ac/pergola/") {
			t.Fatalf("the short link answers %d %q, want a redirect into the site", status, to)
		}
		if strings.Contains(to, "OPS") {
			t.Errorf("the redirect %q tells the issue's key to whoever holds the code", to)
		}
		if status, to := get(t, to); status/100 != 3 || !strings.Contains(to, "/login") {
			t.Errorf("without a login the site answers %d %q, want its login page", status, to)
		}
		b.open(code)
		b.wait("", `location.pathname === "/browse/OPS-1"`)
	})

	step("it still does after the issue has moved", func() {
		post(t, d.Sandbox+"/sandbox/issues/OPS-1/move", `{"project":"FAC"}`)
		b.open(code)
		b.wait("", `location.pathname.startsWith("/browse/FAC-")`)
		b.wait(panelFrame, `document.querySelector("figure figcaption").textContent.startsWith("FAC-")`)
		if again := decode(t, b.picture(panelFrame, `document.querySelector("figure svg")`, 8)); again != code {
			t.Errorf("after the move the code says %q, want %q as before", again, code)
		}
	})
	var issuePage, panelAddress string
	b.do("", "location.href", &issuePage)
	b.do("", `document.querySelector("iframe[src*='pergola.qrcode']").src`, &panelAddress)

	step("switched off means gone", func() {
		b.open(d.Admin)
		b.click(adminFrame, `document.querySelector("#plugin-pergola-qrcode-switch[aria-checked=true]")`)
		b.wait(adminFrame, `document.querySelector("#plugin-pergola-qrcode-switch[aria-checked=false]")`)
		b.open(issuePage)
		b.wait("", `document.querySelector("h1")`)
		var panels int
		b.do("", `document.querySelectorAll("iframe[src*='pergola.qrcode'], [data-frame*='pergola.qrcode']").length`, &panels)
		if panels != 0 {
			t.Errorf("the issue still shows %d panels of an app that is switched off", panels)
		}
		status, body := get(t, panelAddress)
		if status != http.StatusForbidden || !strings.Contains(body, "switched off") {
			t.Errorf("the panel's own address answers %d, want 403 and the reason; it says:\n%s", status, body)
		}
		b.open(d.Admin)
		b.click(adminFrame, `document.querySelector("#plugin-pergola-qrcode-switch[aria-checked=false]")`)
		b.wait(adminFrame, `document.querySelector("#plugin-pergola-qrcode-switch[aria-checked=true]")`)
		b.open(issuePage)
		b.wait(panelFrame, `document.querySelector("figure svg")`)
	})

	step("a bad setting is refused beside its field", func() {
		b.allow("422")
		b.open(d.Admin)
		b.click(adminFrame, button("Settings"))
		b.wait(adminFrame, `document.querySelector("input[name=size]")`)
		b.do(adminFrame, `document.querySelector("input[name=size]").removeAttribute("min")`, nil) // the browser would refuse it by itself
		b.do(adminFrame, `document.querySelector("input[name=size]").value = "3"`, nil)
		b.click(adminFrame, button("Save"))
		b.wait(adminFrame, `document.querySelector("input[name=size][aria-invalid=true]")`)
		var said, typed string
		b.do(adminFrame, `document.getElementById(document.querySelector("input[name=size]").id + "-error").textContent`, &said)
		if !strings.Contains(said, "10") {
			t.Errorf("the error beside the field is %q, want one that names the least value, 10", said)
		}
		b.do(adminFrame, `document.querySelector("input[name=size]").value`, &typed)
		if typed != "3" {
			t.Errorf("what was typed is gone: the field holds %q", typed)
		}
		b.do(adminFrame, `document.querySelector("input[name=size]").value = "31"`, nil)
		b.click(adminFrame, button("Save"))
		b.wait(adminFrame, `document.querySelector("input[name=size]").getAttribute("aria-invalid") !== "true" && document.querySelector("input[name=size]").value === "31"`)
		b.wait("", `document.body.innerText.includes("Settings saved")`)
	})

	step("a crash loses nothing", func() {
		b.allowEnd()
		d.kill()
		d = startDev(t, data, addresses...)
		b.open(d.Admin)
		b.click(adminFrame, button("Settings"))
		b.wait(adminFrame, `document.querySelector("input[name=size]").value === "31"`)
		b.open(issuePage)
		b.wait(panelFrame, `document.querySelector("figure svg")`)
		if again := decode(t, b.picture(panelFrame, `document.querySelector("figure svg")`, 8)); again != code {
			t.Errorf("after the crash the code says %q, want %q", again, code)
		}
	})

	step("contexts hide the panel elsewhere", func() {
		b.open(d.Admin)
		b.click(adminFrame, button("Settings"))
		b.click(adminFrame, `[...document.querySelectorAll("input[name=projects]")].find((i) => i.closest("label").textContent.includes("HR"))`)
		b.click(adminFrame, button("Save"))
		b.wait("", `document.body.innerText.includes("Settings saved")`)
		b.open(issuePage)
		b.wait("", `document.querySelector("h1")`)
		var panels int
		b.do("", `document.querySelectorAll("iframe[src*='pergola.qrcode'], [data-frame*='pergola.qrcode']").length`, &panels)
		if panels != 0 {
			t.Error("the panel shows in a project that the settings leave out")
		}
		b.open(d.Sandbox + "/browse/HR-1")
		b.wait(panelFrame, `document.querySelector("button")`)
	})

	step("nothing of an issue is at rest, nor in the log", func() {
		content := []string{"ThinkPad X1 Carbon", "OPS-1", "FAC-", "Berlin HQ", "PF4X7K00A"}
		for _, what := range content {
			if strings.Contains(d.stderr.String(), what) {
				t.Errorf("the log holds %q", what)
			}
		}
		err := filepath.WalkDir(data, func(name string, e fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case e.IsDir() && e.Name() == "sandbox": // the Jira site's own data
				return filepath.SkipDir
			case !e.Type().IsRegular(): // a directory, or the door for the operator's commands
				return nil
			}
			raw, err := os.ReadFile(name)
			for _, what := range content {
				if bytes.Contains(raw, []byte(what)) {
					t.Errorf("%s holds %q", name, what)
				}
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})

	step("Ctrl-C ends it cleanly", func() { d.interrupt() })
}

func button(label string) string {
	return `[...document.querySelectorAll("button")].find((b) => b.textContent.trim() === "` + label + `")`
}

// decode finds the QR code on a picture and returns what it says. Codes are random, and gozxing does not read one in some hundred
// of those that every phone reads; zbar is asked then.
func decode(t *testing.T, picture image.Image) string {
	t.Helper()
	bitmap, err := gozxing.NewBinaryBitmapFromImage(picture)
	if err != nil {
		t.Fatal(err)
	}
	result, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true})
	if err == nil {
		return result.GetText()
	}
	file := filepath.Join(t.TempDir(), "picture.png")
	var encoded bytes.Buffer
	if err := png.Encode(&encoded, picture); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, encoded.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	text, scanning := exec.Command("zbarimg", "--quiet", "--raw", file).Output()
	if scanning != nil {
		t.Fatalf("no code can be read from the picture: %v (gozxing), %v (zbarimg)", err, scanning)
	}
	return strings.TrimSpace(string(text))
}

func post(t *testing.T, address, body string) {
	t.Helper()
	r, err := http.Post(address, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	if r.StatusCode/100 != 2 {
		t.Fatalf("POST %s: %s", address, r.Status)
	}
}
