package world

// seedIssue is a row of the seeded site: kind counts issue types from the first, warranty is in months from now,
// location counts the options and owner the users; -1 is none.
type seedIssue struct {
	project            string
	kind               int
	status             StatusID
	summary, serial    string
	location, warranty int
	price              float64
	owner              int
	text               string
	labels             []string
}

var seedIssues = []seedIssue{
	{"OPS", 0, inUse, "ThinkPad X1 Carbon Gen 12", "PF4X7K00A", 0, 30, 2149, 1, "Spare power supply is in the drawer. Keyboard layout: German.", nil},
	{"OPS", 0, inUse, "MacBook Pro 14 M4", "C02FK301B", 4, 22, 2492, 0, "", nil},
	{"OPS", 0, inUse, "Dell Latitude 7450", "7QJ2M102C", 1, -2, 1675, 3, "", nil},
	{"OPS", 0, inUse, "HP EliteBook 840 G11", "5CG41903D", 2, 14, 1528, 4, "Battery swapped in spring; keep an eye on it.", nil},
	{"OPS", 0, inUse, "Framework Laptop 13", "FRAN1404E", 0, 35, 1371, 5, "", nil},
	{"OPS", 0, inUse, "ThinkPad X1 Carbon Gen 12 #2", "PF4X7K05F", 4, 8, 2114, 6, "", nil},
	{"OPS", 0, inUse, "MacBook Pro 14 M4 #2", "C02FK306G", 1, 3, 2457, 7, "", nil},
	{"OPS", 0, inRepair, "Dell Latitude 7450 #2", "7QJ2M107H", 0, -5, 1640, 8, "Screen flickers when the lid moves. Sent in, ticket with the vendor is open.", nil},
	{"OPS", 0, inUse, "HP EliteBook 840 G11 #2", "5CG41908I", 2, 18, 1493, 9, "", nil},
	{"OPS", 0, inUse, "Framework Laptop 13 #2", "FRAN1409J", 4, 26, 1336, 2, "", nil},
	{"OPS", 0, inStock, "ThinkPad X1 Carbon Gen 12 #3", "PF4X7K10K", 0, 36, 2079, -1, "", []string{"loaner"}},
	{"OPS", 0, inStock, "MacBook Pro 14 M4 #3", "C02FK311L", 0, 36, 2422, -1, "", []string{"loaner"}},
	{"OPS", 0, retired, "Dell Latitude 7450 #3", "7QJ2M112M", 1, -20, 1605, 3, "Disk wiped and certificate filed.", nil},
	{"OPS", 1, inUse, "db-01 · Dell PowerEdge R760", "SRV20410", 3, 28, 9800, 1, "primary database", []string{"rack"}},
	{"OPS", 1, inUse, "db-02 · Dell PowerEdge R760", "SRV20447", 3, 28, 9800, 1, "standby database", []string{"rack"}},
	{"OPS", 1, inUse, "app-01 · HPE ProLiant DL380", "SRV20484", 3, 11, 7450, 1, "", []string{"rack"}},
	{"OPS", 1, inUse, "app-02 · HPE ProLiant DL380", "SRV20521", 3, 11, 7450, 1, "", []string{"rack"}},
	{"OPS", 1, inUse, "backup-01 · Supermicro 6029P", "SRV20558", 3, 1, 5200, 1, "Holds six weeks of nightly backups.", []string{"rack"}},
	{"OPS", 1, inUse, "edge-berlin · Lenovo SE350", "SRV20595", 0, 19, 2890, 1, "", []string{"rack"}},
	{"OPS", 1, inRepair, "build-03 · Supermicro 5019D", "SRV20632", 3, -3, 3100, 1, "Fan tray replaced.", []string{"rack"}},
	{"OPS", 2, inUse, "Dell U2724DE 27\"", "MON-7100", 0, 20, 489, 3, "", nil},
	{"OPS", 2, inUse, "LG UltraFine 32\"", "MON-7113", 4, 15, 799, 4, "", nil},
	{"OPS", 2, inStock, "EIZO EV2795 27\"", "MON-7126", 0, 33, 899, -1, "", nil},
	{"OPS", 2, inUse, "Dell P2423 24\"", "MON-7139", 1, 7, 229, 5, "", nil},
	{"OPS", 2, inUse, "Dell U2724DE 27\" (second)", "MON-7152", 2, 2, 489, 6, "", nil},
	{"OPS", 2, retired, "LG UltraFine 32\" (second)", "MON-7165", 0, -14, 799, -1, "", nil},
	{"OPS", 2, inUse, "EIZO EV2795 27\" (second)", "MON-7178", 1, 12, 899, 7, "", nil},
	{"OPS", 2, inStock, "Dell P2423 24\" (second)", "MON-7191", 0, 33, 229, -1, "", nil},
	{"OPS", 3, inUse, "JetBrains All Products Pack, 10 seats", "LIC-2024-4411", -1, 4, 6490, 1, "Renewal is due in the quarter before it ends.", []string{"subscription"}},
	{"OPS", 3, inUse, "Microsoft 365 E3, 60 seats", "LIC-2025-4502", -1, 9, 25920, 0, "", []string{"subscription"}},
	{"OPS", 3, inUse, "Adobe Creative Cloud, 4 seats", "LIC-2026-4593", -1, 2, 3340, 5, "Two seats for design, two for marketing.", []string{"subscription"}},
	{"OPS", 3, retired, "Affinity Designer 2, 3 seats", "LIC-2024-4684", -1, -1, 210, -1, "", nil},
	{"OPS", 3, inUse, "Veeam Backup, 2 sockets", "LIC-2025-4775", -1, 13, 1780, 1, "", nil},
	{"OPS", 3, inUse, "Windows Server 2025 Datacenter, 32 cores", "LIC-2026-4866", -1, 60, 11800, 1, "", nil},
	{"HR", 4, inUse, "Lena Fischer, design", "", 0, 0, 0, 3, "", nil},
	{"HR", 4, inUse, "Tom Berger, support", "", 1, 0, 0, 4, "On parental leave until spring.", nil},
	{"HR", 4, inUse, "Noor Haddad, development", "", 0, 0, 0, 5, "", nil},
	{"HR", 4, inUse, "Pavel Novák, development", "", 2, 0, 0, 6, "", nil},
	{"HR", 4, inUse, "Sofía Ruiz, sales", "", 4, 0, 0, 7, "", nil},
	{"HR", 4, inUse, "Akira Sato, operations", "", 0, 0, 0, 8, "", nil},
	{"HR", 4, inUse, "Emma Lindqvist, finance", "", 0, 0, 0, 9, "", nil},
	{"HR", 4, inUse, "Jonas User, operations", "", 1, 0, 0, 1, "", nil},
	{"HR", 4, inUse, "Mia Admin, IT", "", 0, 0, 0, 0, "Holds the keys of the data centre.", nil},
	{"HR", 4, inStock, "Clara Vogt, apprentice", "", 0, 0, 0, -1, "Starts next month: needs a laptop, a monitor and a badge.", nil},
	{"FAC", 5, inUse, "Meeting room Spree, 8 seats", "", 0, 0, 0, -1, "", nil},
	{"FAC", 5, inUse, "Meeting room Alster, 4 seats", "", 1, 0, 0, -1, "", nil},
	{"FAC", 5, inUse, "Meeting room Isar, 6 seats", "", 2, 0, 0, -1, "", nil},
	{"FAC", 5, inUse, "Workshop and spare parts", "", 0, 0, 0, -1, "", nil},
	{"FAC", 5, inUse, "Server room Berlin", "", 0, 0, 0, 1, "Badge needed. The door alarm goes off after thirty seconds.", nil},
	{"FAC", 5, inUse, "Kitchen, third floor", "", 0, 0, 0, -1, "", nil},
	{"FAC", 6, inUse, "Standing desk, oak, 160 cm", "", 0, 18, 749, -1, "", nil},
	{"FAC", 6, inUse, "Standing desk, white, 140 cm", "", 1, 18, 589, -1, "", nil},
	{"FAC", 6, inUse, "Office chair Steelcase Leap", "", 0, 40, 912, -1, "", nil},
	{"FAC", 6, inRepair, "Office chair Steelcase Leap (second)", "", 0, -1, 912, -1, "", nil},
	{"FAC", 6, inUse, "Projector Epson EB-L210", "FAC358", 0, 11, 1399, -1, "", nil},
	{"FAC", 6, inUse, "Coffee machine Jura X8", "FAC365", 0, 5, 1890, -1, "Descale every second Friday.", nil},
	{"FAC", 6, inUse, "Phone booth Framery One", "FAC372", 2, 22, 11400, -1, "", nil},
	{"FAC", 6, inUse, "Whiteboard, 200 × 120 cm", "", 1, 0, 215, -1, "", nil},
	{"FAC", 6, inStock, "Label printer Brother QL-820", "FAC386", 0, 30, 169, -1, "", nil},
	{"FAC", 6, inUse, "Fire extinguisher, third floor", "", 0, 9, 89, -1, "Must be checked once a year; the next date is the end of the warranty.", nil},
}
