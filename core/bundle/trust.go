package bundle

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/core/capability"
)

// Tier says for what reason a bundle is trusted.
type Tier string

// The tiers, the strongest first.
const (
	Operator  Tier = "operator"  // signed by a key of whoever runs the host
	Publisher Tier = "publisher" // signed by a key that was pinned for the plugin's id
	Unsigned  Tier = "unsigned"  // signed by nobody who is known; development only
)

// Signer is who answers for a bundle.
type Signer struct {
	Tier Tier
	// Key is zero where nobody who is known signed.
	Key KeyID
	// Publisher is the name under which the host's operator pinned the key, not what plugin.json says. It is empty for
	// an operator's key.
	Publisher string
}

// String says it in words.
func (s Signer) String() string {
	switch s.Tier {
	case Operator:
		return "operator key " + s.Key.String()
	case Publisher:
		return "publisher " + s.Publisher + ", key " + s.Key.String()
	case Unsigned:
		return "nobody who is known (unsigned bundles are allowed)"
	}
	return "nobody"
}

// Pin lets a key sign some plugins.
type Pin struct {
	Publisher string // how messages call the owner of the key
	Key       Key
	// IDs is a plugin's id, such as acme.labels, or a family of them, such as acme.*, which are all that begin with "acme.".
	IDs string
}

// allows says whether the pin is for this plugin.
func (p Pin) allows(id capability.PluginID) bool {
	if family, ok := strings.CutSuffix(p.IDs, "*"); ok {
		return strings.HasPrefix(string(id), family)
	}
	return string(id) == p.IDs
}

// Trust says whose signatures count. It is a value; the zero Trust trusts nobody. Whoever shares one does not change its
// slices.
type Trust struct {
	Operators  []Key // may sign every plugin
	Publishers []Pin // may each sign the plugins that they are pinned for; a publisher may have several
	// AllowUnsigned accepts bundles without a signature by one of the keys. It is for development.
	AllowUnsigned bool
}

var pinned = regexp.MustCompile(`^[a-z][a-z0-9]*(\.[a-z][a-z0-9]*)*(\.\*|\.[a-z][a-z0-9]*)$`)

// ParsePin reads a pin from IDS=KEY, such as acme.*=RWQ…; the publisher is called by the ids.
func ParsePin(text string) (Pin, error) {
	ids, key, ok := strings.Cut(text, "=")
	ids = strings.TrimSpace(ids)
	if !ok {
		return Pin{}, fmt.Errorf("%q is no pin; write IDS=KEY, such as acme.*=RWQ…", printable(text))
	}
	if !pinned.MatchString(ids) {
		return Pin{}, fmt.Errorf("%q names no plugins; write a plugin's id, such as acme.labels, or acme.* for all that begin with it", printable(ids))
	}
	k, err := ParseKey(key)
	if err != nil {
		return Pin{}, err
	}
	return Pin{Publisher: strings.TrimSuffix(ids, ".*"), Key: k, IDs: ids}, nil
}

// NewTrust reads the keys of operators and the pins of publishers from text, see [ParseKey] and [ParsePin]. The error has all
// that are wrong.
func NewTrust(operators, publishers []string, allowUnsigned bool) (Trust, error) {
	t := Trust{AllowUnsigned: allowUnsigned}
	var errs []error
	for _, text := range operators {
		k, err := ParseKey(text)
		errs = append(errs, err)
		t.Operators = append(t.Operators, k)
	}
	for _, text := range publishers {
		p, err := ParsePin(text)
		errs = append(errs, err)
		t.Publishers = append(t.Publishers, p)
	}
	if err := errors.Join(errs...); err != nil {
		return Trust{}, err
	}
	return t, nil
}

// known returns the keys with this number.
func (t Trust) known(id KeyID) []Key {
	var out []Key
	add := func(k Key) {
		if k.id == id && k != (Key{}) && !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	for _, k := range t.Operators {
		add(k)
	}
	for _, p := range t.Publishers {
		add(p.Key)
	}
	return out
}

// describe says in words whose key it is.
func (t Trust) describe(k Key) string {
	if slices.Contains(t.Operators, k) {
		return Signer{Tier: Operator, Key: k.id}.String()
	}
	var of []string
	for _, p := range t.Publishers {
		if p.Key == k && !slices.Contains(of, p.Publisher) {
			of = append(of, p.Publisher)
		}
	}
	return Signer{Tier: Publisher, Key: k.id, Publisher: strings.Join(of, " and ")}.String()
}
