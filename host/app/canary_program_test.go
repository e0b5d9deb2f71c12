package app_test

import (
	"net/http"
	"net/url"

	"github.com/pergola-platform/pergola/host/api"
)

// programs calls the API as programs do, with content wherever a request can have some: of an address, a query, a body and a header.
func (d *canaryDrive) programs() {
	page := d.must(200, http.MethodPost, "/api/tokens/action/make", d.site.token(""), `{"form":{"name":["Test"],"config-read":["true"],"sync-run":["true"],"expires":["30"]}}`)
	bearer := "Bearer " + tokenForm.FindString(page)
	d.must(200, http.MethodGet, api.Root+"token", bearer, "")
	d.must(200, http.MethodGet, api.Root+"syncs", bearer, "")
	text, word := d.site.set.Text("what a program sends"), d.site.set.Plain("a word of a program")
	escaped, body := url.PathEscape(text), `{"text":"`+jsonText(text)+`","`+word+`":1}`
	for _, path := range []string{
		"token", "configs/pergola.qrcode/" + escaped, "configs/" + escaped + "/" + word, "configs/pergola.qrcode/" + word + "/" + escaped, "syncs/" + escaped + "/runs", "syncs/runs/" + escaped,
		"pergola.qrcode/" + escaped, "pergola." + word + "/" + escaped, escaped, word,
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
			d.send(d.ctx, method, api.Root+path+"?"+word+"="+url.QueryEscape(text)+"&approved="+word, bearer, body)
			d.send(d.ctx, method, api.Root+path, bearer, body)
			d.send(d.ctx, method, api.Root+path, bearer+word, body)
		}
	}
	d.send(d.ctx, http.MethodPost, "/api/tokens/action/revoke", d.site.token(""), `{"params":{"token":"`+word+`"}}`)
	d.send(d.ctx, http.MethodPost, "/api/tokens/action/make", d.site.token(""), `{"form":{"name":["Test"],"expires":["`+word+`"],"`+word+`":["true"]}}`)
}
