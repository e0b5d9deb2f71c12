package company

import (
	"fmt"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/seed"
)

var cities = []string{"Lyon", "Porto", "Gdańsk", "Malmö", "Graz", "Turin", "Leeds", "Cork", "Brno", "Antwerp", "Osaka", "Austin", "Montréal", "Recife", "Mombasa", "Pune", "Busan", "Perth", "Tampere", "Zaragoza"}

// cityOf names the place of a unit.
func cityOf(unit int) string {
	switch n := unit - 1; {
	case n < 0:
		return "Berlin"
	case n < len(cities):
		return cities[n]
	default:
		return fmt.Sprintf("%s %d", cities[n%len(cities)], n/len(cities)+1)
	}
}

var (
	rivers    = []string{"Oder", "Tejo", "Vistula", "Humber", "Mara", "Kallang", "Danube", "Loire", "Drina", "Ebro", "Tiber", "Neva", "Volta", "Indus", "Douro", "Meuse", "Po", "Elbe", "Rhône", "Shannon"}
	roomKinds = []string{"Meeting room", "Project room", "Laboratory", "Quiet room", "Calibration room", "Training room"}
	floors    = []string{"Ground floor", "First floor", "Second floor", "Third floor"}
)

// buildings makes the locations of the unit and their rooms.
func (m *maker) buildings() {
	names := []string{m.city + " branch"}
	if m.unit == 0 {
		names = nil
		for _, l := range locations {
			names = append(names, l.Value)
		}
	}
	for n, name := range names {
		i := m.issue("FAC", "Location", "In use", name, m.ago(700, 1400))
		i.Reporter = "jonas"
		i.Description.Plain = "Opening hours, keys and the plan of the floors are kept by the office manager."
		if k := m.put(i); n == 0 {
			m.location = k
		}
	}
	for n := range 30 {
		kind := pick(&m.dice, roomKinds)
		summary := fmt.Sprintf("%s %s, %d seats", kind, pick(&m.dice, rivers), m.between(2, 14))
		if n < 3 {
			summary = fmt.Sprintf("Server room %d, %s", n+1, m.city)
		}
		i := m.issue("FAC", "Room", "In use", summary, m.ago(500, 1200))
		i.Parent, i.Reporter = m.location, "jonas"
		i.Fields = fields{}.text("Floor", pick(&m.dice, floors)).number("Area (m²)", m.between(9, 70)).text("Location", m.site())
		i.Components = []string{"Buildings"}
		if m.chance(15) {
			i.Labels = []string{"accessible"}
		}
		if n >= 3 && m.chance(50) {
			attach(i, "plan.svg", "image/svg+xml", "jonas", i.Created, plan(summary, m.between(2, 12)))
		}
		k := m.put(i)
		if n < 3 {
			m.serverRooms = append(m.serverRooms, k)
			continue
		}
		m.rooms = append(m.rooms, k)
	}
}

// site returns an option of the field Location; units beyond the first are at sites of their own, which count as the plant's.
func (m *maker) site() string {
	if m.unit > 0 {
		return plant
	}
	return pick(&m.dice, locations).Value
}

type thing struct {
	name  string
	price int
}

var furnishings = []thing{
	{"Standing desk, oak, 160 cm", 749}, {"Standing desk, white, 140 cm", 589}, {"Office chair Steelcase Leap", 912}, {"Office chair HÅG Capisco", 1040},
	{"Pedestal with lock", 189}, {"Whiteboard, 200 × 120 cm", 215}, {"Projector Epson EB-L210", 1399}, {"Fire extinguisher", 89},
	{"First-aid kit", 62}, {"Coat stand, six hooks", 79}, {"Meeting table, 240 cm", 1290}, {"Acoustic panel", 340}, {"Coffee machine Jura X8", 1890},
	{"Water dispenser", 980}, {"Shelf, 5 boards", 129}, {"Laboratory bench, 180 cm", 1650}, {"Optical table, damped", 8400}, {"Climate unit, 3.5 kW", 2350},
}

var upkeep = []struct {
	summary, text string
	days          int
}{
	{"Inspect the fire extinguishers", "Seal, pressure and date of each; write the date on the sticker.", 365},
	{"Test the emergency lighting", "Switch the circuit off for an hour and walk the escape route.", 180},
	{"Clean the climate unit", "Filters, drain, and a look at the pressure.", 180},
	{"Check the ladders", "Feet, rungs, label. Take what is bent out of use at once.", 365},
	{"Descale the coffee machine", "The tablets are in the cupboard above.", 30},
	{"Calibrate the climate sensors", "Against the reference of the laboratory; file the certificate.", 365},
	{"Test the door alarm", "Tell the guard first. It goes off after thirty seconds.", 90},
	{"Check the portable devices' cables", "Visual inspection and insulation test.", 365},
}

// furniture makes equipment, and the work that returns with it.
func (m *maker) furniture() {
	for range 140 {
		f, bought := pick(&m.dice, furnishings), m.ago(60, 1500)
		tag := m.nextTag()
		i := m.issue("FAC", "Equipment", "In use", fmt.Sprintf("%s (%s)", f.name, tag), bought)
		if m.chance(8) {
			m.moves(i, m.colleague(), 200, "In use", "In repair")
		}
		i.Fields = fields{}.number("Purchase price", f.price).day("Purchase date", bought).text("Asset tag", tag).
			text("Location", m.site()).day("Warranty until", bought.AddDate(m.between(2, 5), 0, 0)).text("Cost centre", "2100 Facilities")
		i.Components = []string{"Furniture"}
		link(i, "is located in", m.some(m.rooms))
		if m.chance(30) {
			link(i, "was bought with", m.some(m.orders))
		}
		m.emit(i)
	}
	for range 60 {
		u, created := pick(&m.dice, upkeep), m.ago(5, 300)
		i := m.issue("FAC", "Maintenance", "Open", u.summary+", "+m.city+created.Format(", January 2006"), created)
		i.Description.Plain, i.Assignee = u.text, m.colleague()
		due := created.AddDate(0, 0, m.between(10, 60))
		i.Due, i.Estimate, i.Remaining = m.day(due), 7200, 7200
		if due.Before(m.now.AddDate(0, 0, -10)) {
			m.moves(i, i.Assignee, 14, "Open", "In progress", "Done")
			i.Worklogs = []seed.Worklog{{Author: i.Assignee, Started: i.Updated, Seconds: 900 * m.between(1, 12), Comment: seed.Text{Plain: "Nothing to complain about."}}}
			i.Remaining = 0
		}
		i.Labels = []string{"every-" + map[bool]string{true: "year", false: "season"}[u.days > 200]}
		link(i, "relates to", m.some(m.rooms))
		m.emit(i)
	}
}

// archive makes the list that was kept before; only the first unit has one.
func (m *maker) archive() {
	if m.unit > 0 {
		return
	}
	for n := range 20 {
		created := time.Date(2017, time.Month(1+n), 3, 9, 0, 0, 0, time.UTC)
		model := pick(&m.dice, []string{"ThinkPad T460", "Latitude E7470", "MacBook Pro 13 2016", "EliteBook 840 G3"})
		i := m.issue("OLD", "Laptop", "Retired", model, created)
		i.Reporter = "mia"
		i.Description.Plain = "Taken over from the spreadsheet."
		i.Fields = fields{}.text("Serial number", m.code(9)).number("Purchase price", m.between(900, 1900)).day("Purchase date", created)
		i.Resolution, i.Resolved, i.Updated = "Done", created.AddDate(4, 0, 0), created.AddDate(4, 0, 0)
		m.emit(i)
	}
}
