package privacy

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/pergola-platform/pergola/core/manifest"
)

// Kind says what a field holds. Beside those here there are the kinds of plugins' records (core/manifest), such as
// jira.issue and platform.time.
type Kind string

// Kinds of the host's own documents.
const (
	Tenant        Kind = "platform.tenant"      // our id of a site
	Alias         Kind = "platform.alias"       // of a site, in short links
	Plugin        Kind = "platform.plugin"      // id of a plugin
	Version       Kind = "platform.version"     // of a plugin
	PluginVersion Kind = "platform.pluginAt"    // plugin@version
	Permission    Kind = "platform.permission"  // name of one, or of the use of a service
	Code          Kind = "platform.code"        // a word of our own, such as an error code or the name of a limit
	Collection    Kind = "platform.collection"  // name of one
	Digest        Kind = "platform.digest"      // of bytes, in hex or base64
	Job           Kind = "platform.job"         // id of a run of a job
	Operator      Kind = "platform.operator"    // name of an operator's credential
	ClientKey     Kind = "site.clientKey"       // Connect's identifier of a site
	Address       Kind = "site.address"         // of the site itself: http or https, no user, query or fragment
	Identifier    Kind = "site.identifier"      // one more of Atlassian's identifiers of the installation
	Sealed        Kind = "secret.sealed"        // encrypted with the site's own key (host/seal)
	WrappedKey    Kind = "secret.key"           // a data key, encrypted with the operator's
	Declaration   Kind = "platform.declaration" // what a plugin.json says of its records
	Configuration Kind = "admin.configuration"  // what an admin wrote or chose in a form that plugin.json declares
)

// Kinds of core/manifest that host documents use as well.
const (
	Account Kind = manifest.KindAccount
	Time    Kind = manifest.KindTime
	Count   Kind = manifest.KindCount
	Switch  Kind = manifest.KindSwitch
	Status  Kind = manifest.KindStatus
	Token   Kind = manifest.KindToken
)

// forms say which texts are of a kind of the host's own.
var forms = map[Kind]*regexp.Regexp{
	Tenant:        regexp.MustCompile(`^(_platform|[a-z2-7]{26})$`),
	Alias:         regexp.MustCompile(`^[a-z2-7]{8}$`),
	Plugin:        regexp.MustCompile(`^[a-z0-9]+(\.[a-z0-9]+)*$`),
	Version:       regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.+-]{1,64})?$`),
	PluginVersion: regexp.MustCompile(`^[a-z0-9]+(\.[a-z0-9]+)*@[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.+-]{1,64})?$`),
	Permission:    regexp.MustCompile(`^([a-z]+(:[a-z]+(-[a-z]+)*)*|service:[a-z][a-z0-9]*(\.[a-z][a-z0-9]*)+/v[1-9][0-9]{0,2})$`),
	Code:          regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.]{0,63}$`),
	Collection:    regexp.MustCompile(`^[a-z0-9._]{1,200}$`),
	Digest:        regexp.MustCompile(`^[A-Za-z0-9+/_=-]{1,128}$`),
	Job:           regexp.MustCompile(`^[0-9a-v]{26}$`),
	Operator:      regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`),
	ClientKey:     regexp.MustCompile(`^[!-~]{1,256}$`),
	Identifier:    regexp.MustCompile(`^[A-Za-z0-9:/._=-]{1,256}$`),
	Sealed:        regexp.MustCompile(`^v[0-9]+\.[A-Za-z0-9_-]{1,64}\.[A-Za-z0-9_-]+$`),
	WrappedKey:    regexp.MustCompile(`^[A-Za-z0-9+/_=.:-]{16,}$`),
}

// words say what a kind holds.
var words = map[Kind]string{
	Tenant: "our id of a site", Alias: "a site's short name in links", Plugin: "a feature's id", Version: "a feature's version", PluginVersion: "a feature's id and version",
	Permission: "a permission's name", Code: "a word of ours", Collection: "the name of a type of record", Digest: "an id or digest of a key", Job: "the id of a job's run", Operator: "the name of an operator's credential",
	ClientKey: "Atlassian's identifier of the site", Address: "an address of the site, without user, query and fragment", Identifier: "an identifier of the installation or of a key",
	Sealed: "an encrypted secret", WrappedKey: "an encrypted key", Declaration: "what a feature says of its records", Configuration: "what an admin chose or wrote in a form",
}

// Words say what a kind of the host's own holds, "" for those of core/manifest.
func (k Kind) Words() string { return words[k] }

// check returns "" where a text is of that kind, and what would be otherwise; never the text.
func (k Kind) check(text string) string {
	switch form, own := forms[k]; {
	case own && form.MatchString(text):
		return ""
	case k == Address && isAddress(text):
		return ""
	case own || k == Address:
		return "want " + words[k]
	case k == Configuration, k == Declaration:
		return ""
	}
	if err := manifest.ValidateValue(string(k), text); err != nil {
		return err.Error()
	}
	return ""
}

func isAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == "" &&
		len(s) <= 512 && !strings.ContainsAny(s, " \t\r\n")
}
