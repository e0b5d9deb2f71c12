package migration

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/connect"
	"github.com/pergola-platform/pergola/host/sandbox/courier"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// message is something that the platform tells apps, by its name in webhooks and as an event of Forge.
type message struct{ webhook, forge string }

var (
	listenerTriggered = message{"listener-triggered", "avi:ecosystem.migration:triggered:listener"}
	dataUploaded      = message{"app-data-uploaded", "avi:ecosystem.migration:uploaded:app_data"}
	exportCompleted   = message{"export-phase-completed", "avi:ecosystem.migration:completed:export_phase"}
	cancelRequested   = message{"transfer-cancellation-requested", "avi:ecosystem.migration:requested:transfer_cancellation"}
	transferSettled   = message{"transfer-settled", "avi:ecosystem.migration:settled:transfer"}
)

// tell sends a message to the app of a transfer; f is the file that it is about, nil for none.
func (s *Migrations) tell(t *world.Transfer, m message, f *world.TransferFile) {
	st := s.Store.State()
	app := st.App(t.App)
	if app == nil {
		return
	}
	id := world.NewUUID()
	if f != nil {
		id = f.Message
	}
	body := object{"transferId": t.ID, "messageId": id, "migrationDetails": s.details(st, t)}
	if m == transferSettled {
		body["status"] = t.Status
	}
	if app.Forge != nil {
		body["eventType"] = m.webhook
		if f != nil {
			body["key"], body["label"] = f.Key, f.Label
		}
		s.Emit(app.Key, m.forge, body)
	}
	addresses := slices.Clone(app.MigrationHooks)
	if d, err := connect.Describe(app); err == nil && d.Migration.Path != "" {
		addresses = append(addresses, d.BaseURL+d.Migration.Path)
	}
	body["cloudAppKey"], body["webhookEventType"] = app.Key, m.webhook
	delete(body, "eventType")
	if f != nil {
		delete(body, "key")
		body["s3Key"], body["label"] = f.Key, f.Label
	}
	raw, err := json.Marshal(body)
	if err != nil {
		s.Logger.Error("encode a migration's message", "app", app.Key, "error", err)
		return
	}
	for _, address := range addresses {
		s.courier.Deliver(courier.Message{
			ID: id, App: string(app.Key), Event: m.webhook, URL: address,
			Request: func(ctx context.Context, _ int, _ courier.Outcome) (*http.Request, error) {
				return s.request(ctx, app.Key, address, raw)
			},
		})
	}
}

func (s *Migrations) request(ctx context.Context, key world.AppKey, address string, body []byte) (*http.Request, error) {
	token, err := s.Sign(string(key), http.MethodPost, address)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("the address of %s is wrong: %w", key, err)
	}
	r.Header.Set("Content-Type", "application/json; charset=UTF-8")
	if token != "" {
		r.Header.Set("Authorization", token)
	}
	return r, nil
}
