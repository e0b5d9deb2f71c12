package judges_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

const miaAccount = "712020:5f3c1e0a-mia-admin"

type object = map[string]any

func TestForgeBridgePackageWorks(t *testing.T) {
	j := startForgeJudge(t)
	for _, topic := range []struct {
		name string
		asks func(*forgeJudge)
	}{
		{"context and Jira", readsContextAndJira},
		{"remotes", callsRemotes},
		{"events", hearsEvents},
		{"flags", showsFlags},
		{"addresses", knowsAddresses},
		{"router", navigates},
		{"theme", followsTheme},
		{"history", keepsHistory},
		{"dialogs", opensModals},
		{"ends of dialogs", closesModals},
		{"heights", fitsFrames},
		{"limits", isLimited},
		{"what is missing", saysWhatIsMissing},
	} {
		before := j.failed
		if !t.Run(topic.name, func(t *testing.T) {
			j.t = t
			topic.asks(j)
		}) && j.failed == before { // it came to no end
			j.failed++
		}
	}
	j.t = t
	j.mu.Lock()
	defer j.mu.Unlock()
	j.check("exceptions", strings.Join(j.wrong, "\n"), "")
	figure(t, "forgebridge_checks", j.checks)
	figure(t, "forgebridge_deviations", j.failed)
}

// panel opens an issue and returns the app's panel on it.
func (j *forgeJudge) panel() *forgeFrame {
	j.t.Helper()
	j.open("/browse/OPS-1")
	return j.frame("panel")
}

func readsContextAndJira(j *forgeJudge) {
	panel := j.panel()
	context, _ := panel.do("context", nil).(object)
	j.check("account", context["accountId"], miaAccount)
	j.check("module", context["moduleKey"], "panel")
	j.check("site", context["siteUrl"], j.site.URL)
	j.check("locale", context["locale"], "en-GB")
	j.check("theme", context["theme"].(object)["colorMode"], "light")
	j.check("extension", context["extension"], object{
		"type": "jira:issuePanel", "location": j.site.URL + "/browse/OPS-1", "project": object{"id": "10000", "key": "OPS", "type": "software"},
		"issue": object{"id": "10100", "key": "OPS-1", "type": "Laptop", "typeId": context["extension"].(object)["issue"].(object)["typeId"]},
	})

	got, _ := panel.do("jira", object{"path": "/rest/api/3/issue/OPS-1?fields=summary"}).(object)
	j.check("requestJira", []any{got["status"], got["body"].(object)["key"]}, []any{200.0, "OPS-1"})
	got, _ = panel.do("jira", object{"path": "/rest/api/3/issue/OPS-999"}).(object)
	j.check("requestJira of nothing", []any{got["status"], got["ok"], got["body"].(object)["errorMessages"]},
		[]any{404.0, false, []any{"Issue does not exist or you do not have permission to see it."}})
	got, _ = panel.do("jira", object{"path": "/rest/api/3/issue/OPS-1", "init": object{
		"method": "PUT", "headers": object{"Content-Type": "application/json"}, "body": `{"fields": {"summary": "Set by a frame"}}`,
	}}).(object)
	j.check("requestJira with a body", []any{got["status"], got["body"]}, []any{204.0, ""})
	if _, body := j.site.Do("mia@pergola.example", http.MethodGet, "/rest/api/3/issue/OPS-1?fields=summary", nil); !strings.Contains(string(body), "Set by a frame") {
		j.check("summary", string(body), "Set by a frame")
	}
	panel.refuses("jira", object{"path": "/wiki/api"}, "requestJira")

	bytes := []any{}
	for _, b := range picture {
		bytes = append(bytes, float64(b))
	}
	file, _ := panel.do("attach", object{"path": "/rest/api/3/issue/OPS-1/attachments", "name": "Bild ä.png", "bytes": bytes, "type": "image/png"}).(object)
	one := file["body"].([]any)[0].(object)
	j.check("attachment", []any{file["status"], one["filename"], one["size"], one["mimeType"]}, []any{200.0, "Bild ä.png", float64(len(picture)), "image/png"})
	got, _ = panel.do("jira", object{"path": "/rest/api/3/attachment/content/" + one["id"].(string)}).(object)
	j.check("binary answer", []any{got["status"], got["type"], got["bytes"]}, []any{200.0, "image/png", bytes})
	j.check("translation", panel.do("translate", nil), "Good day")
}

func callsRemotes(j *forgeJudge) {
	panel := j.panel()
	j.check("invoke", panel.do("invoke", object{"name": "assets", "payload": object{"a": 1}}), object{"called": "assets", "with": object{"a": 1.0}})
	wrapped, _ := panel.do("invoke", object{"name": "assets", "metadata": object{"rateLimitProperties": true}}).(object)
	j.check("invoke with metadata", wrapped["body"], object{"called": "assets", "with": nil})
	panel.refuses("invoke", object{"name": "fail"}, "There was an error invoking the function")

	got, _ := panel.do("invokeRemote", object{"path": "/api/echo?x=1", "method": "POST", "headers": object{"X-Judge": "yes"}, "body": object{"b": 2}}).(object)
	j.check("invokeRemote", []any{got["status"], got["headers"].(object)["x-judge"], got["body"]},
		[]any{200.0, "yes", object{"method": "POST", "path": "/api/echo?x=1", "sent": object{"b": 2.0}, "user": miaAccount, "header": "yes"}})
	got, _ = panel.do("invokeRemote", object{"path": "/api/fail", "method": "GET"}).(object)
	j.check("invokeRemote that fails", []any{got["status"], got["body"]}, []any{418.0, object{"why": "no"}})
	panel.refuses("invokeRemote", object{"path": "elsewhere"}, "invokeRemote")
	panel.refuses("invokeService", object{"path": "/x"}, "invokeService")

	got, _ = panel.do("remote", object{"key": "backend", "init": object{
		"path": "/api/echo", "method": "PUT", "headers": object{"Content-Type": "application/json", "X-Judge": "it"}, "body": `{"c": 3}`,
	}}).(object)
	j.check("requestRemote", got["body"], object{"method": "PUT", "path": "/api/echo", "sent": object{"c": 3.0}, "user": miaAccount, "header": "it"})
	got, _ = panel.do("remote", object{"key": "backend", "init": object{"path": "/api/picture"}}).(object)
	j.check("requestRemote of a picture", []any{got["status"], len(got["bytes"].([]any))}, []any{200.0, len(picture)})
	got, _ = panel.do("sendFile", object{"key": "backend", "path": "/api/form"}).(object)
	j.check("requestRemote with a form", got["body"], object{"file": "note.txt", "type": "text/plain", "size": 10.0, "asset": "A-17"})
	panel.refuses("remote", object{"key": "backend", "init": object{"path": "/api/closed"}}, "Failed to fetch")
	panel.refuses("remote", object{"key": "none"}, `no remote "none"`)
}

func hearsEvents(j *forgeJudge) {
	panel := j.panel()
	mine, theirs := j.frame("side"), j.frame("other side")
	for _, f := range []*forgeFrame{mine, theirs} {
		f.do("on", object{"event": "own", "shared": false})
		f.do("on", object{"event": "all", "shared": true})
	}
	panel.do("emit", object{"event": "own", "payload": object{"a": 1}})
	j.check("an event of the app", mine.do("heard", 1), []any{object{"event": "own", "payload": object{"a": 1.0}}})
	panel.do("emitBlob", "own")
	j.check("an event with a file", mine.do("heard", 1), []any{object{"event": "own", "payload": object{"note": "written"}}})
	panel.do("emit", object{"event": "all", "payload": "x", "shared": true})
	for _, f := range []*forgeFrame{mine, theirs} { // nothing of the app's own came before it
		j.check("a public event", f.do("heard", 1), []any{object{"event": "all", "payload": "x"}})
	}
	mine.do("off", "own")
	panel.do("emit", object{"event": "own", "payload": 1})
	panel.do("emit", object{"event": "all", "payload": "y", "shared": true})
	j.check("after unsubscribe", mine.do("heard", 1), []any{object{"event": "all", "payload": "y"}})
	panel.do("ready", nil)
}

func showsFlags(j *forgeJudge) {
	panel := j.panel()
	text := func(selector string) any {
		return j.page(`[...document.querySelectorAll(` + "`" + selector + "`" + `)].map(e => e.textContent).join('|')`)
	}
	panel.do("showFlag", object{"id": "a", "title": "Saved", "description": "A-17 is yours", "type": "success", "actions": []string{"Undo"}})
	j.until(`document.querySelector('.flag-success')`)
	j.check("flag", text(".flag strong, .flag p, .flag-actions button"), "Saved|A-17 is yours|Undo")
	j.browse(chromedp.Evaluate[chromedp.Void](`document.querySelector('.flag-actions button').click()`))
	j.check("action of a flag", panel.do("heard", 1), []any{object{"clicked": "Undo"}})
	panel.do("showFlag", object{"id": "a", "title": "Saved again", "appearance": "warning"})
	j.until(`document.querySelector('.flag-warning.flag-bold')`)
	j.check("flag with the same id", text(".flag strong"), "Saved again")
	panel.do("closeFlag", nil)
	j.check("closed flag", text(".flag strong"), "")
	panel.refuses("showFlag", object{"title": "x"}, `"id" must be defined`)
}

func knowsAddresses(j *forgeJudge) {
	panel := j.panel()
	page := j.site.URL + "/forge/apps/" + judgedApp
	for _, c := range []struct {
		to   object
		want string
	}{
		{object{"target": "issue", "issueKey": "OPS-2"}, j.site.URL + "/browse/OPS-2"},
		{object{"target": "projectSettingsDetails", "projectKey": "OPS"}, j.site.URL + "/projects/OPS/settings"},
		{object{"target": "userProfile", "accountId": "a:b"}, j.site.URL + "/issues?jql=assignee+%3D+%22a%3Ab%22"},
		{object{"target": "dashboard", "dashboardId": "1"}, j.site.URL + "/"},
		{object{"target": "module", "moduleKey": "home"}, page + "/home"},
		{object{"target": "module", "moduleKey": "home", "path": "assets/7?tab=b#c"}, page + "/home" + "/assets/7?tab=b#c"},
		{object{"target": "module", "moduleKey": "board", "projectKey": "OPS", "path": "/x"}, page + "/board/x?project=OPS"},
	} {
		j.check("getUrl", panel.do("getUrl", c.to), c.want)
	}
	targets, _ := panel.do("targets", nil).([]any)
	j.check("targets", len(targets), 9)
	for _, of := range []string{"contentView", "contentEdit", "contentList", "spaceView"} { // are Confluence's
		panel.refuses("getUrl", object{"target": of}, "no target")
	}
	panel.refuses("getUrl", object{"target": "module", "moduleKey": "none"}, `no page "none"`)
	panel.refuses("getUrl", object{"target": "module", "moduleKey": "board"}, "projectKey")
	panel.refuses("getUrl", object{"target": "issue"}, "says not which one")
	panel.refuses("navigate", "javascript:alert(1)", "begins with http")
}

func navigates(j *forgeJudge) {
	panel := j.panel()
	j.page(`void (window.open = (...given) => void (window.opened = given))`)
	panel.do("open", "/browse/OPS-3")
	j.check("open", j.page(`window.opened`), []any{j.site.URL + "/browse/OPS-3", "_blank", "noopener"})
	panel.do("open", object{"target": "issue", "issueKey": "OPS-4"})
	j.check("open of a target", j.page(`window.opened[0]`), j.site.URL+"/browse/OPS-4")
	j.check("the page stays", j.page(`location.pathname`), "/browse/OPS-1")

	setsTitle(j, panel)
	j.site.Do("mia@pergola.example", http.MethodPut, "/rest/api/3/issue/OPS-1", object{"fields": object{"summary": "Changed behind the page"}})
	panel.do("refresh", nil)
	j.until(`document.querySelector('main h1').textContent === 'Changed behind the page'`)

	j.page(`void (window.before = true)`)
	panel.send("reload", nil)
	panel = j.frame("panel")
	j.check("reload", j.page(`[location.pathname, window.before]`), []any{"/browse/OPS-1", nil})
	panel.send("navigate", object{"target": "issue", "issueKey": "OPS-2"})
	panel = j.frame("panel")
	j.check("navigate to a target", j.page(`location.pathname`), "/browse/OPS-2")
	panel.send("navigate", "/browse/OPS-3?tab=history")
	j.frame("panel")
	j.check("navigate", j.page(`location.pathname + location.search`), "/browse/OPS-3?tab=history")
}

func setsTitle(j *forgeJudge, panel *forgeFrame) {
	panel.do("title", "Three assets")
	j.check("title", j.page(`document.title`), "Three assets")
}

func followsTheme(j *forgeJudge) {
	panel := j.panel()
	look, _ := panel.do("look", nil).(object)
	j.check("before enable", []any{look["mode"], look["text"]}, []any{nil, ""})
	light, _ := panel.do("theme", nil).(object)
	j.check("light", []any{light["mode"], light["scheme"], light["text"] != ""}, []any{"light", "light", true})
	names, _ := light["names"].(string)
	j.check("themes", strings.Contains(names, "dark:dark") && strings.Contains(names, "light:light"), true)
	j.page(`document.querySelector('[data-theme-switch]').click()`)
	dark, _ := panel.do("awaitMode", "dark").(object)
	j.check("dark", []any{dark["scheme"], dark["text"] != "" && dark["text"] != light["text"]}, []any{"dark", true})
	context, _ := panel.do("context", nil).(object)
	j.check("theme in the context", context["theme"].(object)["colorMode"], "dark")
	j.page(`document.querySelector('[data-theme-switch]').click()`)
}

func keepsHistory(j *forgeJudge) {
	j.panel().refuses("createHistory", nil, "only pages have a history")
	base := "/forge/apps/" + judgedApp + "/home"
	j.open(base)
	home := j.frame("home")
	where := func(f *forgeFrame) any { return f.do("where", nil) }
	at := func(path, search, hash, action string, state any) object {
		return object{"path": path, "search": search, "hash": hash, "state": state, "action": action}
	}
	address := func() any { return j.page(`location.pathname + location.search + location.hash`) }
	j.check("beginning", home.do("createHistory", nil), at("/", "", "", "POP", nil))
	home.do("push", object{"to": "/assets/7?tab=b#c", "state": object{"from": "list"}})
	j.check("push tells", home.do("heard", 1), []any{object{"location": "/assets/7?tab=b#c", "state": object{"from": "list"}, "action": "PUSH"}})
	j.check("push moves", where(home), at("/assets/7", "?tab=b", "#c", "PUSH", object{"from": "list"}))
	j.check("address", address(), base+"/assets/7?tab=b#c")
	home.do("replace", object{"to": object{"pathname": "/assets/8", "search": "", "hash": ""}})
	j.check("replace", home.do("heard", 1), []any{object{"location": "/assets/8", "action": "REPLACE"}})
	j.check("href", home.do("href", "/x?y=1"), base+"/x?y=1")
	home.do("push", object{"to": "/assets/9", "state": 5})
	home.do("heard", 1)
	home.do("back", nil)
	j.check("back", home.do("heard", 1), []any{object{"location": "/assets/8", "action": "POP"}})
	home.do("goForward", nil)
	j.check("forward", home.do("heard", 1), []any{object{"location": "/assets/9", "state": 5.0, "action": "POP"}})
	j.page(`history.back()`) // as the button of the browser
	j.check("the browser's back", home.do("heard", 1), []any{object{"location": "/assets/8", "action": "POP"}})
	home.do("goForward", nil)
	home.do("heard", 1)

	home.send("reload", nil)
	home = j.frame("home")
	j.check("after a reload", home.do("createHistory", nil), at("/assets/9", "", "", "POP", 5.0))

	j.open("/forge/apps/" + judgedApp + "/board/list?project=OPS&sort=name")
	board := j.frame("board")
	j.check("page of a project", board.do("createHistory", nil), at("/list", "?sort=name", "", "POP", nil))
	board.do("push", object{"to": "/list?sort=key"})
	board.do("heard", 1)
	j.check("address of a project's page", address(), "/forge/apps/"+judgedApp+"/board/list?project=OPS&sort=key")
	extension, _ := board.do("context", nil).(object)["extension"].(object)
	j.check("project", extension["project"].(object)["key"], "OPS")
}

func fitsFrames(j *forgeJudge) {
	panel := j.panel()
	fits := func(what string, least, most int) {
		j.t.Helper()
		h, _ := panel.do("awaitHeight", object{"least": least, "most": most}).(float64)
		j.check(what, int(h) >= least && int(h) <= most, true)
	}
	fits("a short panel", 60, 160)
	panel.do("fill", 900)
	fits("it grows", 900, 960)
	panel.do("fill", 40)
	fits("it shrinks", 40, 130)
	panel.do("fixed", nil)
	panel.do("fill", 700)
	fits("it grows with a fixed height", 700, 760)
}

// isLimited shows that the package's own limits are in force, and that the site has none below them.
func isLimited(j *forgeJudge) {
	panel := j.panel()
	got, _ := panel.do("invokeMany", 501).(object)
	j.check("501 invocations", got, object{"answered": 500.0, "refused": "Resolver calls are rate limited at 500req/25s"})
}

func saysWhatIsMissing(j *forgeJudge) {
	panel := j.panel()
	j.check("Rovo", panel.do("rovo", nil), false)
	for _, method := range []string{
		"openRovo", "fetchUserRecommendations", "requestTeamworkGraph", "publishRealtimeChannel", "subscribeRealtimeChannel", "initFeatureFlags",
		"getFrameDispatch", "emitFrontendCustomMetric", "trackObjectStoreAction", "__permission__egressGet", "toString",
	} {
		panel.refuses("call", object{"method": method}, "The sandbox's bridge has no "+method)
	}
}

// A judge must be able to say no.
func TestForgeBridgeJudgeFindsDeviations(t *testing.T) {
	j := startForgeJudge(t)
	reports := 0
	j.report = func(string, ...any) { reports++ }
	panel := j.panel()
	setsTitle(j, panel)
	j.page(`void Object.defineProperty(document, 'title', { get: () => 'stuck', set: () => {} })`)
	setsTitle(j, panel)
	panel.refuses("close", nil, "another reason")
	panel.refuses("context", nil, "anything")
	panel.do("navigate", "javascript:alert(1)")
	if j.checks != 5 || j.failed != 4 || reports != 4 {
		t.Errorf("%d checks, %d failed, %d reports; want 5, 4, 4", j.checks, j.failed, reports)
	}
}
