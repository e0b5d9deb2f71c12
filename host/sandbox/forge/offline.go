package forge

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/oauth"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// offlineField is the one mutation of Atlassian's GraphQL gateway that the site knows: with the app's own token, a remote gets one of somebody
// who is not there. See https://developer.atlassian.com/platform/forge/remote/calling-product-apis/.
const offlineField = "offlineUserAuthToken"

func (s *Forge) graphql(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Query     string `json:"query"`
		Variables struct {
			Input struct {
				ContextIDs []string        `json:"contextIds"`
				UserID     world.AccountID `json:"userId"`
			} `json:"input"`
		} `json:"variables"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&in); err != nil || !strings.Contains(in.Query, offlineField) {
		rest.WriteJSON(w, http.StatusBadRequest, object{"errors": []object{{"message": "The sandbox knows the mutation " + offlineField + " alone."}}})
		return
	}
	st := s.Store.State()
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	who, err := s.Tokens.Verify(oauth.Gateway(r), st, token)
	if err != nil || !who.Forge || who.Acting {
		rest.WriteJSON(w, http.StatusUnauthorized, object{"code": http.StatusUnauthorized, "message": "Unauthorized"})
		return
	}
	answer := func(why, text string) {
		out := object{"success": why == "", "errors": nil, "authToken": nil}
		if why != "" {
			out["errors"] = []object{{"message": why}}
		} else {
			out["authToken"] = object{"token": text, "ttl": int(userTokenLife.Seconds())}
		}
		rest.WriteJSON(w, http.StatusOK, object{"data": object{offlineField: out}})
	}
	m, err := manifest(who.App)
	if err != nil {
		rest.WriteError(s.Logger, w, r, err)
		return
	}
	u := st.User(in.Variables.Input.UserID)
	switch {
	case !slices.Equal(in.Variables.Input.ContextIDs, []string{"ari:cloud:jira::site/" + CloudID(st)}):
		answer("The app is not installed in this context.", "")
		return
	case len(m.Permissions.Acting) == 0:
		answer("None of the app's scopes allows impersonation.", "")
		return
	case u == nil || u.App || u.Closed || u.Inactive:
		answer("The user cannot be impersonated.", "")
		return
	}
	text, err := s.Tokens.Mint(oauth.Token{
		Kind: oauth.User, App: who.App.Key, Client: who.App.Forge.Installation, Scopes: m.Permissions.Acting, Account: u.Account,
	}, userTokenLife)
	if err != nil {
		rest.WriteError(s.Logger, w, r, err)
		return
	}
	answer("", text)
}
