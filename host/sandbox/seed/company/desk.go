package company

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/seed"
)

// fault is an incident; %s is the device.
type fault struct {
	on, summary, text, answer string
}

var faults = []fault{
	{"laptop", "%s does not start any more", "The light blinks three times, then nothing.", "The board is dead; a replacement is on its way."},
	{"laptop", "Screen of %s flickers", "Mostly when the lid moves.", "The cable was loose. Fixed on the spot."},
	{"laptop", "%s is very slow after the update", "Opening mail takes a minute.", "The indexer ran wild; it has been rebuilt."},
	{"laptop", "Battery of %s lasts an hour", "It was fine until last month.", "Battery ordered, cycle count was over a thousand."},
	{"laptop", "Keys stick on %s", "Coffee, I am afraid.", "Keyboard replaced; please keep the lid on the cup."},
	{"laptop", "No sound on %s", "In calls only.", "The headset was muted by its own switch."},
	{"laptop", "VPN drops on %s", "Every twenty minutes or so, from home.", "The new profile keeps the line up."},
	{"other", "%s cracked after a fall", "It still works but cuts the thumb.", "Insured; a spare is at the desk."},
	{"other", "%s does not charge", "Tried two cables.", "Lint in the port. Cleaned."},
	{"other", "%s is not recognised", "Worked yesterday at another desk.", "Firmware updated, works again."},
	{"printer", "%s jams at every second page", "The tray was filled this morning.", "Worn roller; the contractor comes tomorrow."},
	{"printer", "%s prints stripes", "Only in colour.", "Drum replaced."},
	{"printer", "%s is offline", "From all devices.", "It had taken another address. Fixed to its own."},
	{"server", "%s is out of disk space", "The alert came at night.", "Old logs removed, threshold raised with a rule to rotate."},
	{"server", "Backup of %s failed twice", "Snapshot could not be made.", "The agent was restarted and the job ran through."},
	{"server", "%s answers slowly", "Users in production wait for the order list.", "A query without an index; development has fixed it."},
	{"server", "Fan alarm on %s", "Second fan from the left.", "Fan swapped without stopping the machine."},
	{"switch", "%s lost its uplink", "A whole floor was without network for ten minutes.", "Fibre reseated; the port is watched."},
	{"switch", "Bad Wi-Fi near %s", "Calls break in the corner room.", "Channel plan changed."},
}

// wish is a service request; its form is a request type.
type wish struct {
	form, summary, text, answer string
	steps                       []string // sub-tasks
}

var wishes = []wish{
	{"Order a device", "Second monitor for %s", "For the drawings. 27 inches would do.", "Ordered; it comes with the next delivery.", nil},
	{"Order a device", "Laptop for field service, %s", "The old one is too heavy for the road.", "Reserved one from stock.", nil},
	{"Order a device", "Headset for %s", "The office is loud.", "At the desk, ready to be fetched.", nil},
	{"Get access", "Access to the folder of tenders for %s", "Stands in for a colleague until summer.", "Granted until the end of June.", nil},
	{"Get access", "Door of the laboratory for %s", "Works there on Tuesdays.", "The badge has been set.", nil},
	{"Get access", "Admin rights on the test system for %s", "For the release tests.", "Approved by the owner, valid for 30 days.", nil},
	{"Install software", "SolidWorks for %s", "Starts on the new housing next week.", "Seat assigned and installed.", nil},
	{"Install software", "Reader for signed documents for %s", "Contracts come in as such.", "Rolled out by itself over night.", nil},
	{"New colleague", "%s starts", "Needs a laptop, a monitor and a badge.", "Everything is on the desk.", []string{"Prepare the laptop", "Make the accounts", "Order the badge"}},
	{"Colleague leaves", "%s leaves", "Last day is at the end of the month.", "Devices are back, accounts are closed.", []string{"Take the devices back", "Close the accounts"}},
	{"Ask a question", "How do I share a calendar with guests? (%s)", "They see only that I am busy.", "Explained by phone; the guide has a picture now.", nil},
}

var changes = []string{"Update the firmware of %s", "Move %s to the new rack", "Replace the disks of %s", "Renew the certificate on %s", "Add memory to %s", "Patch %s", "Switch %s to the second line"}

var problems = []string{
	"Docks lose the network after sleep", "Backups overrun the night", "Battery swelling in one series of laptops", "Label printers drop off the network", "Slow logins on Monday mornings", "Wi-Fi roaming between floors",
	"Phones forget their mail account", "Updates stop at 35 percent", "Certificates run out unseen", "Spare chargers disappear", "Scans end up in the wrong folder", "Calendars differ by an hour in spring",
}

// desk makes count issues of the service desk.
func (m *maker) desk(count int) {
	end := m.made + count
	for m.made < end && !m.stopped {
		switch n := m.n(100); {
		case n < 52:
			m.incident()
		case n < 86:
			m.request(end)
		case n < 96:
			m.planned()
		default:
			m.problem()
		}
	}
}

// incident is a fault of a device of the unit.
func (m *maker) incident() {
	f := pick(&m.dice, faults)
	d := pick(&m.dice, map[string][]device{"laptop": m.laptops, "other": m.others, "printer": m.printers, "server": m.servers, "switch": m.switches}[f.on])
	i := m.issue("IT", "Incident", "Open", fmt.Sprintf(f.summary, d.name), m.ago(1, 420))
	if d.owner.account != "" {
		i.Reporter = d.owner.account
	}
	i.Description.Plain, i.RequestType = f.text, "Report a fault"
	i.Priority = pick(&m.dice, []string{"Highest", "High", "Medium", "Medium", "Medium", "Low"})
	i.Fields = fields{}.text("Serial number", d.serial).text("Impact", pick(&m.dice, []string{"One person", "One person", "A team", "A site"}))
	i.Components = []string{map[bool]string{true: "Network", false: "Hardware"}[f.on == "switch"]}
	link(i, "affects", d.key)
	if len(m.incidents) > 0 && m.chance(4) {
		link(i, "relates to", pick(&m.dice, m.incidents))
	}
	if m.chance(3) {
		attach(i, "diagnostics.txt", "text/plain", i.Reporter, i.Created, fmt.Appendf(nil, "device %s\nlast start %s\nself-test: %s\n",
			d.serial, i.Created.Add(-3*time.Hour).Format(time.RFC3339), pick(&m.dice, []string{"passed", "failed at step 4", "not run"})))
	}
	if m.chance(6) {
		attach(i, "photo.png", "image/png", i.Reporter, i.Created, m.photo())
	}
	if m.chance(30) {
		i.Environment.Plain = pick(&m.dice, environments)
	}
	fields(i.Fields).text("Support group", "it-agents")
	m.votes(i, 8, 3)
	if f.on == "other" && m.chance(15) {
		i.Summary, i.Description.Plain = d.name+" was stolen", "On the train, in the morning. It was locked."
		i.RequestType, i.Security, i.Priority = "Lost or stolen device", "Security incidents", "Highest"
	}
	m.work(i, f.answer)
	i.Archived = i.Status == "Closed" && i.Created.Before(m.now.AddDate(0, -11, 0)) && m.chance(25)
	m.incidents = append(m.incidents, m.put(i))
}

// work takes an issue of the desk through its life; older ones are done.
func (m *maker) work(i *seed.Issue, answer string) {
	agent := m.agent()
	i.Assignee = agent
	fresh := i.Created.After(m.now.AddDate(0, 0, -12))
	switch {
	case fresh && m.chance(45):
		i.Assignee = ""
		return
	case fresh && m.chance(50):
		m.moves(i, agent, 2, "Open", "In progress")
		m.comment(i, agent, "I am looking at it.", 1)
		return
	case m.chance(6):
		m.moves(i, agent, 2, "Open", "In progress", "Waiting for customer")
		m.comment(i, agent, "Could you bring it to the desk, or tell us when you are in the office?", 1)
		return
	}
	m.moves(i, agent, 3, "Open", "In progress")
	if m.chance(35) {
		m.comment(i, agent, pick(&m.dice, []string{"Seen it before; give me an hour.", "I need a part for this.", "Which floor are you on?", "Please leave it switched on over night."}), 1)
		m.comment(i, i.Reporter, pick(&m.dice, []string{"Thank you!", "Third floor, by the window.", "No hurry, I have a spare.", "It happened again just now."}), 1)
	}
	m.comment(i, agent, answer, 3)
	last := &i.Comments[len(i.Comments)-1]
	switch {
	case m.chance(15):
		last.Internal = true
	case m.chance(6):
		last.VisibleTo = "role:Service Desk Team"
	case m.chance(2):
		last.VisibleTo = "group:it-agents"
	}
	i.Estimate = 1800 * m.between(0, 8)
	i.Worklogs = []seed.Worklog{{Author: agent, Started: i.Updated, Seconds: 300 * m.between(1, 24)}}
	if m.chance(5) {
		i.Worklogs[0].Comment.Plain, i.Worklogs[0].VisibleTo = "Waited for the vendor, not to be billed.", "role:Service Desk Team"
	}
	m.moveOn(i, agent, "In progress", "Resolved")
	i.Resolution, i.Resolved = pick(&m.dice, []string{"Done", "Done", "Done", "Done", "Cannot reproduce", "Duplicate", "Won't do"}), i.Updated
	if m.chance(60) {
		m.moveOn(i, agent, "Resolved", "Closed")
	}
	if m.chance(20) {
		i.Watchers = append(i.Watchers, i.Reporter)
	}
}

func (m *maker) request(end int) {
	w := pick(&m.dice, wishes)
	if m.made+1+len(w.steps) > end {
		w = wishes[0]
	}
	e := pick(&m.dice, m.people)
	i := m.issue("IT", "Service request", "Open", fmt.Sprintf(w.summary, e.name), m.ago(1, 420))
	i.Description.Plain, i.RequestType, i.Priority = w.text, w.form, pick(&m.dice, []string{"Medium", "Medium", "Low", "Lowest", "High"})
	if w.form == "Ask a question" && len(m.staff.customers) > 0 && m.chance(40) {
		n := m.n(len(m.staff.customers))
		i.Reporter = m.staff.customers[n]
		i.Organizations = []string{[]string{"Northlight Optics", "Harbour Logistics", "Fjordlab"}[min(n/2, 2)]}
	}
	need := i.Created.AddDate(0, 0, m.between(3, 40))
	i.Due = m.day(need)
	i.Fields = fields{}.text("Needed by", need.Format(time.RFC3339))
	if strings.HasPrefix(w.form, "Get") {
		i.Fields["Approvers"] = fields{}.list("", m.colleague())[""]
	}
	if e.account != "" && m.chance(40) {
		i.Participants = []string{e.account}
	}
	link(i, "relates to", e.key)
	m.votes(i, 5, 4)
	m.work(i, w.answer)
	parent := m.put(i)
	for _, step := range w.steps {
		s := m.issue("IT", "Sub-task", "Open", step+" of "+e.name, i.Created)
		s.Parent, s.Reporter, s.Assignee = parent, i.Reporter, m.agent()
		if i.Resolution != "" {
			m.moves(s, s.Assignee, 3, "Open", "In progress", "Done")
		}
		m.emit(s)
	}
}

// votes has up to most colleagues vote for an issue in so many of a hundred cases.
func (m *maker) votes(i *seed.Issue, percent, most int) {
	if !m.chance(percent) {
		return
	}
	for range m.between(1, most) {
		if who := m.colleague(); who != i.Reporter && !slices.Contains(i.Voters, who) {
			i.Voters = append(i.Voters, who)
		}
	}
	if len(i.Voters) > 0 && i.Voters[0] != i.Reporter {
		i.Watchers = append(i.Watchers, i.Voters[0])
	}
}

// environments are where faults happen.
var environments = []string{"Windows 11 24H2, dock on the second floor", "At home, over the mobile line", "macOS 15, meeting room Spree", "Assembly line 2", "On the road, hotel Wi-Fi"}

// planned is a change of servers or the network.
func (m *maker) planned() {
	d := pick(&m.dice, append(m.servers[:len(m.servers):len(m.servers)], m.switches...))
	i := m.issue("IT", "Change", "Open", fmt.Sprintf(pick(&m.dice, changes), d.name), m.ago(1, 300))
	i.Description = changePlan
	i.Fields = fields{}.text("Impact", pick(&m.dice, []string{"A team", "A site", "Everybody"})).list("Approvers", "mia", "ines").
		list("Teams informed", "it-agents", pick(&m.dice, []string{"people-team", "facilities", "procurement"}))
	i.Due = m.day(i.Created.AddDate(0, 0, m.between(5, 30)))
	i.FixVersions = []string{pick(&m.dice, patchDays[len(patchDays)-3:])}
	if m.chance(30) {
		i.Fields["Tested with"] = fields{}.list("", pick(&m.dice, patchDays))[""]
	}
	i.Remaining = 3600 * m.between(1, 6)
	if m.chance(40) {
		i.RemoteLinks = []seed.RemoteLink{{URL: "https://wiki.pergola.example/changes/" + plain(d.name), Title: "Plan of the change", Relationship: "documented by", Application: "Wiki"}}
	}
	link(i, "affects", d.key)
	m.work(i, "Done as planned, no surprises.")
	m.emit(i)
}

// problem is what incidents have in common.
func (m *maker) problem() {
	i := m.issue("IT", "Problem", "Open", pick(&m.dice, problems)+", "+m.city, m.ago(1, 300))
	i.Description.Plain, i.Priority = "The same fault comes in again and again.", "High"
	if n := len(m.incidents); n > 0 {
		first := m.n(n)
		for k := range min(3, n) {
			link(i, "causes", m.incidents[(first+k)%n])
		}
	}
	m.votes(i, 70, 6)
	i.Versions = []string{pick(&m.dice, patchDays)}
	m.work(i, "The vendor has confirmed it; a fix is announced.")
	m.emit(i)
}
