package connect

import (
	"slices"

	"github.com/pergola-platform/pergola/core/manifest"
	sdkevent "github.com/pergola-platform/pergola/sdk/event"
)

// hooks are Jira's names of what plugins listen to: https://developer.atlassian.com/cloud/jira/platform/modules/webhook/
var hooks = map[string]string{
	sdkevent.IssueCreated: "jira:issue_created",
	sdkevent.IssueUpdated: "jira:issue_updated",
	sdkevent.IssueDeleted: "jira:issue_deleted",
	sdkevent.LinkCreated:  "issuelink_created",
	sdkevent.LinkDeleted:  "issuelink_deleted",
}

// listens adds the webhooks of what a plugin listens to. Each leads to an address that ends with our own name of it.
func (d *descriptor) listens(p *manifest.Manifest) {
	for _, kind := range sdkevent.Kinds() {
		if _, listens := p.Listener(kind); !listens {
			continue
		}
		hook := webhook{hooks[kind], EventPath + kind}
		if !slices.Contains(d.Modules.Webhooks, hook) {
			d.Modules.Webhooks = append(d.Modules.Webhooks, hook)
		}
	}
}
