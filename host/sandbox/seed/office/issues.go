package office

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/seed"
)

// firstIssue is the id of the first issue. Tests know OPS-1 by it.
const firstIssue = 10100

// Issues returns the issues as they stand at that moment, in the order of their ids. Ids, keys and texts do not change: tests
// count on them.
func Issues(now time.Time) []*seed.Issue {
	people, places, last := Users(), Locations(), map[string]int{}
	out := make([]*seed.Issue, 0, len(rows))
	for n, r := range rows {
		last[r.project]++
		created := now.Add(-time.Duration(len(rows)-n) * 67 * time.Hour).Truncate(time.Minute)
		i := &seed.Issue{
			ID: strconv.Itoa(firstIssue + n), Key: r.project + "-" + strconv.Itoa(last[r.project]), Project: r.project, Type: r.kind, Status: r.status,
			Summary: r.summary, Description: seed.Text{Plain: r.text}, Reporter: "mia", Labels: r.labels, Created: created, Updated: created,
		}
		// Spread the changes over the projects, so that the newest are not all of the last one.
		if changed := now.Add(-time.Duration(n*23%len(rows)+1) * 11 * time.Hour).Truncate(time.Minute); changed.After(created) {
			i.Updated = changed
		}
		set := func(field string, v any) {
			if i.Fields == nil {
				i.Fields = map[string]json.RawMessage{}
			}
			i.Fields[field], _ = json.Marshal(v) // texts and numbers always encode
		}
		if r.serial != "" {
			set(SerialNumber, r.serial)
		}
		if r.location >= 0 {
			set(Location, places[r.location].Value)
		}
		if r.warranty != 0 {
			set(WarrantyUntil, now.AddDate(0, r.warranty, 0).Format(time.DateOnly))
		}
		if r.price != 0 {
			set(PurchasePrice, r.price)
		}
		if r.owner >= 0 {
			i.Assignee = people[r.owner].Account
			set(Owner, i.Assignee)
		}
		out = append(out, i)
	}
	return out
}

// row is an issue: warranty is in months from now, location counts the options of that field and owner the users; -1 is none.
type row struct {
	project, kind, status string
	summary, serial       string
	location, warranty    int
	price                 float64
	owner                 int
	text                  string
	labels                []string
}

var rows = []row{
	{"OPS", "Laptop", "In use", "ThinkPad X1 Carbon Gen 12", "PF4X7K00A", 0, 30, 2149, 1, "Spare power supply is in the drawer. Keyboard layout: German.", nil},
	{"OPS", "Laptop", "In use", "MacBook Pro 14 M4", "C02FK301B", 4, 22, 2492, 0, "", nil},
	{"OPS", "Laptop", "In use", "Dell Latitude 7450", "7QJ2M102C", 1, -2, 1675, 3, "", nil},
	{"OPS", "Laptop", "In use", "HP EliteBook 840 G11", "5CG41903D", 2, 14, 1528, 4, "Battery swapped in spring; keep an eye on it.", nil},
	{"OPS", "Laptop", "In use", "Framework Laptop 13", "FRAN1404E", 0, 35, 1371, 5, "", nil},
	{"OPS", "Laptop", "In use", "ThinkPad X1 Carbon Gen 12 #2", "PF4X7K05F", 4, 8, 2114, 6, "", nil},
	{"OPS", "Laptop", "In use", "MacBook Pro 14 M4 #2", "C02FK306G", 1, 3, 2457, 7, "", nil},
	{"OPS", "Laptop", "In repair", "Dell Latitude 7450 #2", "7QJ2M107H", 0, -5, 1640, 8, "Screen flickers when the lid moves. Sent in, ticket with the vendor is open.", nil},
	{"OPS", "Laptop", "In use", "HP EliteBook 840 G11 #2", "5CG41908I", 2, 18, 1493, 9, "", nil},
	{"OPS", "Laptop", "In use", "Framework Laptop 13 #2", "FRAN1409J", 4, 26, 1336, 2, "", nil},
	{"OPS", "Laptop", "In stock", "ThinkPad X1 Carbon Gen 12 #3", "PF4X7K10K", 0, 36, 2079, -1, "", []string{"loaner"}},
	{"OPS", "Laptop", "In stock", "MacBook Pro 14 M4 #3", "C02FK311L", 0, 36, 2422, -1, "", []string{"loaner"}},
	{"OPS", "Laptop", "Retired", "Dell Latitude 7450 #3", "7QJ2M112M", 1, -20, 1605, 3, "Disk wiped and certificate filed.", nil},
	{"OPS", "Server", "In use", "db-01 · Dell PowerEdge R760", "SRV20410", 3, 28, 9800, 1, "primary database", []string{"rack"}},
	{"OPS", "Server", "In use", "db-02 · Dell PowerEdge R760", "SRV20447", 3, 28, 9800, 1, "standby database", []string{"rack"}},
	{"OPS", "Server", "In use", "app-01 · HPE ProLiant DL380", "SRV20484", 3, 11, 7450, 1, "", []string{"rack"}},
	{"OPS", "Server", "In use", "app-02 · HPE ProLiant DL380", "SRV20521", 3, 11, 7450, 1, "", []string{"rack"}},
	{"OPS", "Server", "In use", "backup-01 · Supermicro 6029P", "SRV20558", 3, 1, 5200, 1, "Holds six weeks of nightly backups.", []string{"rack"}},
	{"OPS", "Server", "In use", "edge-berlin · Lenovo SE350", "SRV20595", 0, 19, 2890, 1, "", []string{"rack"}},
	{"OPS", "Server", "In repair", "build-03 · Supermicro 5019D", "SRV20632", 3, -3, 3100, 1, "Fan tray replaced.", []string{"rack"}},
	{"OPS", "Monitor", "In use", "Dell U2724DE 27\"", "MON-7100", 0, 20, 489, 3, "", nil},
	{"OPS", "Monitor", "In use", "LG UltraFine 32\"", "MON-7113", 4, 15, 799, 4, "", nil},
	{"OPS", "Monitor", "In stock", "EIZO EV2795 27\"", "MON-7126", 0, 33, 899, -1, "", nil},
	{"OPS", "Monitor", "In use", "Dell P2423 24\"", "MON-7139", 1, 7, 229, 5, "", nil},
	{"OPS", "Monitor", "In use", "Dell U2724DE 27\" (second)", "MON-7152", 2, 2, 489, 6, "", nil},
	{"OPS", "Monitor", "Retired", "LG UltraFine 32\" (second)", "MON-7165", 0, -14, 799, -1, "", nil},
	{"OPS", "Monitor", "In use", "EIZO EV2795 27\" (second)", "MON-7178", 1, 12, 899, 7, "", nil},
	{"OPS", "Monitor", "In stock", "Dell P2423 24\" (second)", "MON-7191", 0, 33, 229, -1, "", nil},
	{"OPS", "Software licence", "In use", "JetBrains All Products Pack, 10 seats", "LIC-2024-4411", -1, 4, 6490, 1, "Renewal is due in the quarter before it ends.", []string{"subscription"}},
	{"OPS", "Software licence", "In use", "Microsoft 365 E3, 60 seats", "LIC-2025-4502", -1, 9, 25920, 0, "", []string{"subscription"}},
	{"OPS", "Software licence", "In use", "Adobe Creative Cloud, 4 seats", "LIC-2026-4593", -1, 2, 3340, 5, "Two seats for design, two for marketing.", []string{"subscription"}},
	{"OPS", "Software licence", "Retired", "Affinity Designer 2, 3 seats", "LIC-2024-4684", -1, -1, 210, -1, "", nil},
	{"OPS", "Software licence", "In use", "Veeam Backup, 2 sockets", "LIC-2025-4775", -1, 13, 1780, 1, "", nil},
	{"OPS", "Software licence", "In use", "Windows Server 2025 Datacenter, 32 cores", "LIC-2026-4866", -1, 60, 11800, 1, "", nil},
	{"HR", "Person", "In use", "Lena Fischer, design", "", 0, 0, 0, 3, "", nil},
	{"HR", "Person", "In use", "Tom Berger, support", "", 1, 0, 0, 4, "On parental leave until spring.", nil},
	{"HR", "Person", "In use", "Noor Haddad, development", "", 0, 0, 0, 5, "", nil},
	{"HR", "Person", "In use", "Pavel Novák, development", "", 2, 0, 0, 6, "", nil},
	{"HR", "Person", "In use", "Sofía Ruiz, sales", "", 4, 0, 0, 7, "", nil},
	{"HR", "Person", "In use", "Akira Sato, operations", "", 0, 0, 0, 8, "", nil},
	{"HR", "Person", "In use", "Emma Lindqvist, finance", "", 0, 0, 0, 9, "", nil},
	{"HR", "Person", "In use", "Jonas User, operations", "", 1, 0, 0, 1, "", nil},
	{"HR", "Person", "In use", "Mia Admin, IT", "", 0, 0, 0, 0, "Holds the keys of the data centre.", nil},
	{"HR", "Person", "In stock", "Clara Vogt, apprentice", "", 0, 0, 0, -1, "Starts next month: needs a laptop, a monitor and a badge.", nil},
	{"FAC", "Room", "In use", "Meeting room Spree, 8 seats", "", 0, 0, 0, -1, "", nil},
	{"FAC", "Room", "In use", "Meeting room Alster, 4 seats", "", 1, 0, 0, -1, "", nil},
	{"FAC", "Room", "In use", "Meeting room Isar, 6 seats", "", 2, 0, 0, -1, "", nil},
	{"FAC", "Room", "In use", "Workshop and spare parts", "", 0, 0, 0, -1, "", nil},
	{"FAC", "Room", "In use", "Server room Berlin", "", 0, 0, 0, 1, "Badge needed. The door alarm goes off after thirty seconds.", nil},
	{"FAC", "Room", "In use", "Kitchen, third floor", "", 0, 0, 0, -1, "", nil},
	{"FAC", "Equipment", "In use", "Standing desk, oak, 160 cm", "", 0, 18, 749, -1, "", nil},
	{"FAC", "Equipment", "In use", "Standing desk, white, 140 cm", "", 1, 18, 589, -1, "", nil},
	{"FAC", "Equipment", "In use", "Office chair Steelcase Leap", "", 0, 40, 912, -1, "", nil},
	{"FAC", "Equipment", "In repair", "Office chair Steelcase Leap (second)", "", 0, -1, 912, -1, "", nil},
	{"FAC", "Equipment", "In use", "Projector Epson EB-L210", "FAC358", 0, 11, 1399, -1, "", nil},
	{"FAC", "Equipment", "In use", "Coffee machine Jura X8", "FAC365", 0, 5, 1890, -1, "Descale every second Friday.", nil},
	{"FAC", "Equipment", "In use", "Phone booth Framery One", "FAC372", 2, 22, 11400, -1, "", nil},
	{"FAC", "Equipment", "In use", "Whiteboard, 200 × 120 cm", "", 1, 0, 215, -1, "", nil},
	{"FAC", "Equipment", "In stock", "Label printer Brother QL-820", "FAC386", 0, 30, 169, -1, "", nil},
	{"FAC", "Equipment", "In use", "Fire extinguisher, third floor", "", 0, 9, 89, -1, "Must be checked once a year; the next date is the end of the warranty.", nil},
}
