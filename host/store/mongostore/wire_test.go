package mongostore_test

import (
	"encoding/binary"
	"io"
	"net"
	"slices"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/pergola-platform/pergola/host/store/mongostore"
)

// wire stands between a store and FerretDB. It keeps the commands that pass, answers some in the server's place, and takes out what
// FerretDB does not know; so a test sees what the driver asks of a server with transactions, and how it takes its errors.
// What transactions are for, it cannot show: to abort one takes nothing back.
type wire struct {
	target string
	answer func(name string, command bson.D) bson.D // nil passes the command on

	mu   sync.Mutex
	seen []bson.D
}

// startWire starts a server of its own behind a wire. Its port is part of the returned configuration.
func startWire(t *testing.T, answer func(name string, command bson.D) bson.D, more ...string) (*wire, mongostore.Config) {
	t.Helper()
	f := startOwn(t, t.TempDir(), "127.0.0.1:0", more...)
	t.Cleanup(f.kill)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{target: f.addr, answer: answer}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() { w.carry(c) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		f.kill() // ends the connections
		running.Wait()
	})
	return w, mongostore.Config{URI: "mongodb://" + l.Addr().String() + "/?directConnection=true", Database: "pergola"}
}

// carry passes messages on until one side goes away. A client waits for each answer before it asks again.
func (w *wire) carry(client net.Conn) {
	defer client.Close()
	behind, err := net.Dial("tcp", w.target)
	if err != nil {
		return
	}
	defer behind.Close()
	for {
		request, err := readMessage(client)
		if err != nil {
			return
		}
		reply := w.look(request)
		if reply == nil {
			if _, err := behind.Write(stripped(request)); err != nil {
				return
			}
			if reply, err = readMessage(behind); err != nil {
				return
			}
		}
		if _, err := client.Write(reply); err != nil {
			return
		}
	}
}

// readMessage reads a message with its header of 16 bytes: length, id, id of the request, kind.
func readMessage(r io.Reader) ([]byte, error) {
	head := make([]byte, 16)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	message := make([]byte, binary.LittleEndian.Uint32(head))
	copy(message, head)
	_, err := io.ReadFull(r, message[16:])
	return message, err
}

// commandOf returns the command of a message and where it begins and ends; it is at 21, after the flags and the kind of
// the first section. Only the very first message of a connection has another form.
func commandOf(message []byte) (command bson.D, begin, end int) {
	const opMsg = 2013
	if binary.LittleEndian.Uint32(message[12:]) != opMsg || message[20] != 0 {
		return nil, 0, 0
	}
	begin, end = 21, 21+int(binary.LittleEndian.Uint32(message[21:]))
	if err := bson.Unmarshal(message[begin:end], &command); err != nil {
		panic(err) // the driver's own bytes
	}
	return command, begin, end
}

// look keeps a command, and returns the answer to it where the server is not to be asked.
func (w *wire) look(request []byte) []byte {
	command, begin, _ := commandOf(request)
	if command == nil {
		return nil
	}
	w.mu.Lock()
	w.seen = append(w.seen, command)
	w.mu.Unlock()
	answer := w.answer(command[0].Key, command)
	if answer == nil {
		return nil
	}
	return withDocument(request[:begin], request[4:8], answer)
}

// stripped is a message without what FerretDB refuses.
func stripped(message []byte) []byte {
	command, begin, end := commandOf(message)
	if command == nil {
		return message
	}
	command = slices.DeleteFunc(command, func(e bson.E) bool {
		return slices.Contains([]string{"lsid", "txnNumber", "startTransaction", "autocommit", "readConcern", "fields"}, e.Key)
	})
	changed := withDocument(message[:begin], message[8:12], command)
	changed = append(changed, message[end:]...)
	binary.LittleEndian.PutUint32(changed, uint32(len(changed)))
	return changed
}

// withDocument is a message that begins as head does, with a document, in answer to the request of that id.
func withDocument(head, to []byte, document bson.D) []byte {
	raw, err := bson.Marshal(document)
	if err != nil {
		panic(err) // a test's own answer
	}
	m := slices.Concat(head, raw)
	copy(m[8:], to)
	binary.LittleEndian.PutUint32(m, uint32(len(m)))
	return m
}

// commands returns the commands of that name that have passed.
func (w *wire) commands(name string) []bson.D {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []bson.D
	for _, c := range w.seen {
		if c[0].Key == name {
			all = append(all, c)
		}
	}
	return all
}

// forget begins a new count.
func (w *wire) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = nil
}

// field returns what a path of names leads to in a command, nil where it leads nowhere.
func field(command bson.D, path ...string) any {
	var value any = command
	for _, name := range path {
		d, ok := value.(bson.D)
		if !ok {
			return nil
		}
		i := slices.IndexFunc(d, func(e bson.E) bool { return e.Key == name })
		if i < 0 {
			return nil
		}
		value = d[i].Value
	}
	return value
}
