package board

import (
	"fmt"
	"strings"

	"github.com/nats-io/nats.go"

	"github.com/pergola-platform/pergola/core/capability"
)

// Topic is what hosts tell each other about, without anybody keeping it.
type Topic string

// Tell tells all hosts, this one included, that listen just now.
func (b *Board) Tell(topic Topic, t capability.TenantID, id string, data []byte) error {
	if err := b.cfg.Conn.Publish(b.subject(topic, string(t), id), data); err != nil {
		return unavailable("tell other hosts", err)
	}
	return nil
}

// Listen calls f with what is told about a topic until stop is called: one at a time, in the order of each host. "" for the
// tenant or the id means all. What is told while the connection is broken is not heard, nor what other hosts tell in the first
// moments, until all nodes of a cluster know that somebody listens.
func (b *Board) Listen(topic Topic, t capability.TenantID, id string, f func(t capability.TenantID, id string, data []byte)) (stop func(), err error) {
	tenant := string(t)
	if tenant == "" {
		tenant = "*"
	}
	if id == "" {
		id = ">"
	}
	prefix := b.subject(topic, "", "")
	sub, err := b.cfg.Conn.Subscribe(b.subject(topic, tenant, id), func(m *nats.Msg) {
		tenant, id, _ := strings.Cut(strings.TrimPrefix(m.Subject, prefix[:len(prefix)-1]), ".")
		f(capability.TenantID(tenant), id, m.Data)
	})
	if err != nil {
		return nil, unavailable("listen to other hosts", err)
	}
	// Then the node that this host is connected to knows. Where there is none just now, the next one will.
	_ = b.cfg.Conn.FlushTimeout(b.patience())
	return func() { _ = sub.Unsubscribe() }, nil // with the connection it is gone anyway
}

func (b *Board) subject(topic Topic, t, id string) string {
	return fmt.Sprintf("%s.%s.%s.%s", b.cfg.Bucket, topic, t, id)
}
