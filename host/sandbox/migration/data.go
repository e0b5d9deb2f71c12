package migration

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// linkLife is how long a signed address works.
const linkLife = time.Hour

func (s *Migrations) listData(c *rest.Call) (rest.Answer, error) {
	t, err := own(c, c.St, c.PathValue("transferId"))
	if err != nil {
		return rest.Answer{}, err
	}
	out := []object{}
	for _, f := range t.Files {
		out = append(out, object{"s3Key": f.Key, "label": f.Label})
	}
	return ok(out)
}

// getData answers where the bytes are: an address that works for a while, without a token.
func (s *Migrations) getData(c *rest.Call) (rest.Answer, error) {
	if err := appOnly(c); err != nil {
		return rest.Answer{}, err
	}
	key := c.PathValue("s3Key")
	t, f := findFile(c.St, key)
	if f == nil || t.App != c.Who.App.Key {
		return rest.Answer{}, rest.Fail(http.StatusForbidden, "The app has no data under the key %q.", key)
	}
	if strings.HasSuffix(c.URL.Path, "/payload") {
		c.Header.Set("Location", s.sign(c.St, key))
		return rest.Answer{Status: http.StatusTemporaryRedirect}, nil
	}
	return ok(object{"url": s.sign(c.St, key)})
}

func findFile(st *world.State, key string) (*world.Transfer, *world.TransferFile) {
	for t := range st.Transfers.All() {
		for n := range t.Files {
			if t.Files[n].Key == key {
				return t, &t.Files[n]
			}
		}
	}
	return nil, nil
}

// sign makes the address of a file.
func (s *Migrations) sign(st *world.State, key string) string {
	until := strconv.FormatInt(s.Clock().Add(linkLife).Unix(), 10)
	q := url.Values{"expires": {until}, "signature": {signature(st, key, until)}}
	return fmt.Sprintf("%s/sandbox/migration-data/%s?%s", s.Base, url.PathEscape(key), q.Encode())
}

func signature(st *world.State, key, until string) string {
	m := hmac.New(sha256.New, st.SessionKey)
	m.Write([]byte("migration data:" + key + ":" + until))
	return hex.EncodeToString(m.Sum(nil))
}

// download serves a file to whoever has a signed address.
func (s *Migrations) download(w http.ResponseWriter, r *http.Request) {
	st, key, q := s.Store.State(), r.PathValue("key"), r.URL.Query()
	until, err := strconv.ParseInt(q.Get("expires"), 10, 64)
	if err != nil || !hmac.Equal([]byte(q.Get("signature")), []byte(signature(st, key, q.Get("expires")))) {
		http.Error(w, "The signature of the address is wrong.", http.StatusForbidden)
		return
	}
	if !time.Unix(until, 0).After(s.Clock()) {
		http.Error(w, "The address has expired: ask for another one.", http.StatusForbidden)
		return
	}
	_, f := findFile(st, key)
	if f == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(f.Bytes) // a broken connection is all that can be wrong now
}
