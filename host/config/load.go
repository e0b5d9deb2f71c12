package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"
)

// Options are the layers above the defaults.
type Options struct {
	// File is a YAML file; empty means pergola.yaml in the working directory, if it is there.
	File string
	// Environ is the environment as os.Environ gives it; nil means that of the process.
	Environ []string
	// Flags are the values given on the command line, by key, in the same text form as in the environment.
	Flags map[string]string
	// Override are values that a command sets whatever the layers say (pergola dev wires host and sandbox together).
	Override map[string]string
}

// Value is one effective setting: where it came from, and its text with secrets hidden.
type Value struct {
	Key, Text, Origin, Help string
	Secret                  bool // it holds a secret, which Text does not show
}

// Load puts the layers together and validates the result. The values come in the order of the documentation.
func Load(o Options) (Config, []Value, error) {
	keys := settings()
	origin := map[string]string{}
	k := koanf.New(".")
	layer := func(name string, p koanf.Provider, parser koanf.Parser) error {
		l := koanf.New(".")
		if err := l.Load(p, parser); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for _, key := range l.Keys() {
			if _, ok := find(keys, key); !ok {
				return fmt.Errorf("%s: there is no setting %q%s", name, key, hint(keys, key))
			}
			origin[key] = name
		}
		return k.Merge(l)
	}

	name := cmp.Or(o.File, "pergola.yaml")
	if _, err := os.Stat(name); err == nil || o.File != "" {
		if errors.Is(err, fs.ErrNotExist) {
			return Config{}, nil, fmt.Errorf("configuration file %s does not exist", name)
		}
		if err := layer(fromFile+name, file.Provider(name), yaml.Parser()); err != nil {
			return Config{}, nil, err
		}
	}
	environ := env.Provider(".", env.Opt{
		Prefix: "PERGOLA_",
		TransformFunc: func(name, value string) (string, any) {
			for _, s := range keys {
				if EnvName(s.key) == name {
					return s.key, s.parse(value)
				}
			}
			return "", nil // another program's, or a test's
		},
		EnvironFunc: func() []string {
			if o.Environ != nil {
				return o.Environ
			}
			return os.Environ()
		},
	})
	if err := layer("environment", environ, nil); err != nil {
		return Config{}, nil, err
	}
	for _, l := range []struct {
		name   string
		values map[string]string
	}{{"flag", o.Flags}, {"command", o.Override}} {
		values := map[string]any{}
		for key, text := range l.values {
			s, ok := find(keys, key)
			if !ok {
				return Config{}, nil, fmt.Errorf("%s: there is no setting %q%s", l.name, key, hint(keys, key))
			}
			values[key] = s.parse(text)
		}
		if err := layer(l.name, confmap.Provider(values, "."), nil); err != nil {
			return Config{}, nil, err
		}
	}

	c := Default()
	if err := k.Unmarshal("", &c); err != nil {
		return Config{}, nil, fmt.Errorf("configuration: %w", err)
	}
	if err := c.validate(); err != nil {
		return Config{}, nil, err
	}
	values := make([]Value, 0, len(keys))
	for _, s := range keys {
		text := s.text(&c)
		values = append(values, Value{Key: s.key, Text: text, Origin: cmp.Or(origin[s.key], "default"), Help: s.help, Secret: s.secret && text != ""})
	}
	return c, values, nil
}

// fromFile begins the origin of what stands in the configuration file.
const fromFile = "file "

// Exposed returns the settings that hold secrets and stand in a file that more than its owner may read, and that file. There are
// none on a system whose files have no such mode.
func Exposed(values []Value) (name string, keys []string) {
	for _, v := range values {
		from, inFile := strings.CutPrefix(v.Origin, fromFile)
		if !v.Secret || !inFile {
			continue
		}
		if at, err := os.Stat(from); err == nil && runtime.GOOS != "windows" && at.Mode().Perm()&0o077 != 0 {
			name, keys = from, append(keys, v.Key)
		}
	}
	return name, keys
}

// EnvName returns the environment variable of a setting.
func EnvName(key string) string {
	return "PERGOLA_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

func find(all []setting, key string) (setting, bool) {
	i := slices.IndexFunc(all, func(s setting) bool { return s.key == key })
	if i < 0 {
		return setting{}, false
	}
	return all[i], true
}

// hint names the settings whose last part is the same, or those of the same group.
func hint(all []setting, key string) string {
	last := key[strings.LastIndex(key, ".")+1:]
	group, _, _ := strings.Cut(key, ".")
	var same, near []string
	for _, s := range all {
		if strings.HasSuffix("."+s.key, "."+last) {
			same = append(same, s.key)
		} else if strings.HasPrefix(s.key, group+".") {
			near = append(near, s.key)
		}
	}
	if len(same) > 0 {
		near = same
	}
	if len(near) == 0 {
		return "; pergola config lists them all"
	}
	return "; did you mean " + strings.Join(near, " or ") + "?"
}
