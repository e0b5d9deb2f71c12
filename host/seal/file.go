package seal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
)

// keyFile is a key file's content.
type keyFile struct {
	Primary string            `json:"primary"`
	Keys    map[string]string `json:"keys"` // base64 by id
}

// OpenKeyFile reads the wrapping keys in a file, the primary first, and makes the file with one random key where there is
// none: complete or not at all, for the owner alone (0600), and one for all who try at the same time. made says that it was
// made by this call; a host whose store holds data keys already should then stop, because its key file is lost.
//
// The file is JSON: {"primary": ID, "keys": {ID: BASE64}}. Keep it outside of the directory, and of the backup, in which the
// database lies. One that others than its owner may read is refused, except on Windows, where its folder decides.
func OpenKeyFile(path string) (keys []Wrapper, made bool, err error) {
	f, err := readKeyFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if made, err = makeKeyFile(path); err == nil {
			f, err = readKeyFile(path)
		}
	}
	if err == nil {
		keys, err = f.wrappers()
	}
	if err != nil {
		return nil, false, fmt.Errorf("key file %s: %w", path, err)
	}
	return keys, made, nil
}

// AddKey adds a random key to a key file and returns its id. The primary stays; see [PromoteKey].
func AddKey(path string) (id string, err error) {
	id, key := generate()
	if err := changeKeyFile(path, func(f *keyFile) error {
		f.Keys[id] = key
		return nil
	}); err != nil {
		return "", err
	}
	return id, nil
}

// PromoteKey makes a key of a key file its primary. Where several processes serve, each must have read the file since the key
// was added.
func PromoteKey(path, id string) error {
	return changeKeyFile(path, func(f *keyFile) error {
		if _, ok := f.Keys[id]; !ok {
			return fmt.Errorf("there is no key %q; it has %q", id, slices.Sorted(maps.Keys(f.Keys)))
		}
		f.Primary = id
		return nil
	})
}

// RemoveKey takes a key out of a key file for good. What is still wrapped by it is lost, so let [Keeper.Rewrap] report
// none left first.
func RemoveKey(path, id string) error {
	return changeKeyFile(path, func(f *keyFile) error {
		if f.Primary == id {
			return fmt.Errorf("key %q is the primary; make another one the primary first", id)
		}
		if _, ok := f.Keys[id]; !ok {
			return fmt.Errorf("there is no key %q; it has %q", id, slices.Sorted(maps.Keys(f.Keys)))
		}
		delete(f.Keys, id)
		return nil
	})
}

// wrappers returns the keys, the primary first and the others in the order of their ids.
func (f keyFile) wrappers() ([]Wrapper, error) {
	if _, ok := f.Keys[f.Primary]; !ok {
		return nil, fmt.Errorf("its primary is %q, which is not among its keys", f.Primary)
	}
	var keys []Wrapper
	for _, id := range slices.Sorted(maps.Keys(f.Keys)) {
		if !validKeyID(id) {
			return nil, errors.New("an id has 1 to 40 characters a-z 0-9 . _ -, one of its ids does not")
		}
		raw, err := decodeKey(f.Keys[id])
		if err != nil {
			return nil, fmt.Errorf("key %q: %w", id, err)
		}
		if k := newLocalKey(id, raw); id == f.Primary {
			keys = slices.Insert(keys, 0, Wrapper(k))
		} else {
			keys = append(keys, k)
		}
	}
	return keys, nil
}

// maxKeyFile bounds what is read; a key takes 60 bytes.
const maxKeyFile = 1 << 20

func readKeyFile(path string) (keyFile, error) {
	file, err := os.Open(path)
	if err != nil {
		return keyFile{}, err
	}
	defer file.Close()
	info, err := file.Stat() // of what is open, so that nobody can exchange it in between
	if err != nil {
		return keyFile{}, err
	}
	if !info.Mode().IsRegular() {
		return keyFile{}, errors.New("it is not a file")
	}
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o077 != 0 {
		return keyFile{}, fmt.Errorf("others than its owner may read or change it (mode %#o); if none did, run: chmod 600 %s", mode, path)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxKeyFile))
	if err != nil {
		return keyFile{}, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	var f keyFile
	if err := d.Decode(&f); err != nil || d.More() {
		// The decoder's error may quote a key.
		return keyFile{}, errors.New(`it is not JSON of the form {"primary": ID, "keys": {ID: BASE64}}; restore it from its backup`)
	}
	return f, nil
}

// makeKeyFile makes a key file with one key, unless somebody else just did. It is written under another name and linked, so
// that nobody reads half a file, and a crash leaves none.
func makeKeyFile(path string) (made bool, err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return false, err
	}
	id, key := generate()
	temp := filepath.Join(dir, "."+filepath.Base(path)+"."+randomID())
	file, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return false, err
	}
	defer os.Remove(temp) //nolint:errcheck // a second name of the same file, or of a key that nobody uses
	if err := (keyFile{Primary: id, Keys: map[string]string{id: key}}).write(file); err != nil {
		return false, err
	}
	// Unlike a rename, a link fails where the name is taken.
	if err := os.Link(temp, path); errors.Is(err, fs.ErrExist) {
		return false, nil
	} else if err != nil {
		return false, fmt.Errorf("make it: %w; where the file system has no hard links, configure the keys in the environment", err)
	}
	return true, syncDir(dir)
}

// changeKeyFile writes a key file anew, under another name first, which also keeps two changes apart: the later one would undo
// the other, and with it lose a key.
func changeKeyFile(path string, change func(*keyFile) error) (err error) {
	temp := path + ".new"
	defer func() {
		if err != nil {
			err = fmt.Errorf("key file %s: %w", path, err)
		}
	}()
	file, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("somebody else is changing it; if nobody is, an earlier change was interrupted: remove %s and try again", temp)
	}
	if err != nil {
		return err
	}
	placed := false
	defer func() {
		if !placed {
			file.Close()
			_ = os.Remove(temp) // whoever changes the file next is told, should it have stayed
		}
	}()
	f, err := readKeyFile(path)
	if err != nil {
		return err
	}
	if _, err := f.wrappers(); err != nil {
		return err // before a change hides what is wrong with it
	}
	if err := change(&f); err != nil {
		return err
	}
	if err := f.write(file); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	placed = true
	return syncDir(filepath.Dir(path))
}

// write writes the whole of an empty file and closes it.
func (f keyFile) write(file *os.File) error {
	text, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return errors.Join(err, file.Close())
	}
	_, err = file.Write(append(text, '\n'))
	return errors.Join(err, file.Sync(), file.Close())
}

// syncDir makes a new directory entry survive a loss of power. Windows writes it with the file.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
