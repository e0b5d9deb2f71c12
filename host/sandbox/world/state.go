package world

import (
	"encoding/json"
	"fmt"
	"strconv"
	"sync"

	"github.com/tidwall/btree"

	"github.com/pergola-platform/pergola/host/sandbox/world/disk"
	"github.com/pergola-platform/pergola/host/sandbox/world/index"
)

type owner = index.Owner

// State is everything the site knows at one moment. It is immutable and may be read by many at once; what it returns is
// shared and must not be changed either.
//
// Issues and their parts may lie on disk. Reading one that a damaged or vanished disk does not give back panics: no caller
// could go on, and a server ends the one request.
type State struct {
	*Site

	Users             Table[AccountID, User]
	Groups            Table[GroupName, Group]
	Categories        Table[string, Category]
	Types             Table[TypeID, IssueType]
	Statuses          Table[StatusID, Status]
	Priorities        Table[PriorityID, Priority]
	Resolutions       Table[ResolutionID, Resolution]
	LinkTypes         Table[LinkTypeID, LinkType]
	Fields            Table[FieldID, Field] // custom ones; the system fields are fixed
	Screens           Table[ScreenID, Screen]
	ScreenUses        Table[string, ScreenUse]
	Workflows         Table[WorkflowID, Workflow]
	Projects          Table[ProjectID, Project]
	Versions          Table[VersionID, Version]
	Components        Table[ComponentID, Component]
	Roles             Table[RoleID, Role]
	PermissionSchemes Table[SchemeID, PermissionScheme]
	SecuritySchemes   Table[SchemeID, SecurityScheme]
	Filters           Table[FilterID, Filter]
	Apps              Table[AppKey, App] // uninstalled ones, too: see [State.App]
	IndexedProperties Table[string, IndexedProperty]
	Webhooks          Table[WebhookID, Webhook]
	FailedWebhooks    Table[string, FailedWebhook]
	Tasks             Table[TaskID, Task]
	Transfers         Table[string, Transfer]
	Mappings          Table[string, Mapping]
	Desks             Table[DeskID, Desk]
	RequestTypes      Table[RequestTypeID, RequestType]
	Organizations     Table[OrgID, Organization]

	sites    Table[string, Site]
	counters Table[string, counter]
	moved    Table[string, movedKey]
	reports  Table[string, reportRow]

	// What follows from the tables.
	logins      *btree.Map[string, AccountID]
	projectKeys *btree.Map[string, ProjectID] // old ones, too

	issues   index.Array[cell]
	keys     *btree.Map[ProjectID, index.Array[uint32]] // number in the project → issue
	partOf   [partKinds]index.Array[uint32]             // id of a comment … → issue
	index    *index.Index
	disk     *disk.File // where cells without content point to; nil in memory
	cache    *cache
	visible  *sync.Map // account → index.Set, as asked
	versions versions
	gen      uint64
}

// versions are the highest versions of rows on disk.
type versions struct{ issue, part int64 }

// cell is where an issue is: in memory, or the version of a row on disk. The zero value is no issue.
type cell struct {
	mem     *Issue
	version int64
}

// part is a comment, worklog, attachment, history or content, which is read on its own: in memory, or as a row on disk.
type part struct {
	id  int64
	row int64
	mem any
}

// The kinds of parts that have an id of their own.
const (
	commentPart = iota
	worklogPart
	attachmentPart
	linkPart // a link is no part, but found by its id likewise
	partKinds
)

func (p part) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, "[%d,%d]", p.id, p.row), nil }

func (p *part) UnmarshalJSON(raw []byte) error {
	var pair [2]int64
	err := json.Unmarshal(raw, &pair)
	p.id, p.row = pair[0], pair[1]
	return err
}

func newState() *State {
	return &State{
		Site: &Site{}, index: index.New(), cache: newCache(), visible: &sync.Map{},
		logins: &btree.Map[string, AccountID]{}, projectKeys: &btree.Map[string, ProjectID]{},
		keys: &btree.Map[ProjectID, index.Array[uint32]]{},
	}
}

// Index finds issues: sets of their numbers, which [State.IssueAt] takes.
func (s *State) Index() *index.Index { return s.index }

// IssueCount counts the issues.
func (s *State) IssueCount() int { return s.index.All().Len() }

// IssueAt returns the issue with that number, nil where there is none.
func (s *State) IssueAt(n uint32) *Issue {
	c := s.issues.At(n)
	i := c.mem
	if i == nil {
		if c.version == 0 {
			return nil
		}
		if i = s.cache.get(c.version); i == nil {
			raw, err := s.disk.Issue(c.version)
			if err == nil {
				i, err = s.take(c.version, raw)
			}
			if err != nil {
				panic(fmt.Errorf("read issue %d: %w", n, err))
			}
		}
	}
	// A project may have got another key since.
	if key := s.keyOf(i); i.Key != key {
		same := *i
		same.Key, i = key, &same
	}
	return i
}

// take decodes a version of an issue and keeps it in the cache.
func (s *State) take(version int64, raw []byte) (*Issue, error) {
	i := &Issue{}
	if err := json.Unmarshal(raw, i); err != nil {
		return nil, err
	}
	i.Key = s.keyOf(i)
	s.cache.put(version, i)
	return i, nil
}

// Warm reads what IssueAt is going to be asked for, in one go: no more than maxYoung, which is what the cache holds for sure.
func (s *State) Warm(numbers []uint32) {
	var versions []int64
	for _, n := range numbers[:min(len(numbers), maxYoung)] {
		if c := s.issues.At(n); c.mem == nil && c.version != 0 && s.cache.get(c.version) == nil {
			versions = append(versions, c.version)
		}
	}
	if len(versions) < 2 {
		return
	}
	err := s.disk.SomeIssues(versions, func(version int64, raw []byte) error {
		_, err := s.take(version, raw)
		return err
	})
	if err != nil {
		panic(fmt.Errorf("read issues: %w", err))
	}
}

func (s *State) keyOf(i *Issue) string {
	p := s.Projects.Get(i.Project)
	if p == nil {
		return ""
	}
	return p.Key + "-" + strconv.FormatInt(i.Number, 10)
}

// number is the number that a decimal id stands for, 0 for none.
func number[T ~string](id T) uint32 {
	n, err := strconv.ParseUint(string(id), 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}

// Number is the number under which the index knows an issue.
func (id IssueID) Number() uint32 { return number(id) }

func issueID(n uint32) IssueID { return IssueID(strconv.FormatUint(uint64(n), 10)) }

// cache keeps decoded issues by version. A version never changes, so that all states can share it.
type cache struct {
	mu         sync.Mutex
	young, old map[int64]*Issue
}

// maxYoung bounds the cache to twice as many issues.
const maxYoung = 5000

func newCache() *cache { return &cache{young: map[int64]*Issue{}} }

func (c *cache) get(version int64) *Issue {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := c.young[version]
	if i == nil {
		if i = c.old[version]; i != nil {
			c.keep(version, i)
		}
	}
	return i
}

func (c *cache) put(version int64, i *Issue) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keep(version, i)
}

func (c *cache) keep(version int64, i *Issue) {
	if len(c.young) >= maxYoung {
		c.young, c.old = make(map[int64]*Issue, maxYoung), c.young
	}
	c.young[version] = i
}
