package world

import (
	"fmt"
	"strconv"
	"time"
)

// AddIssue gives a new issue its id, key and times, and keeps it.
func (s *State) AddIssue(i *Issue, now time.Time) *Issue {
	p := s.Project(i.Project)
	i.ID = IssueID(strconv.FormatInt(s.NextIssue, 10))
	s.NextIssue++
	i.Key = s.nextKey(p)
	i.Created, i.Updated = now, now
	s.Issues[i.ID] = i
	s.index[i.Key] = i.ID
	return i
}

// MoveIssue gives the issue a key in another project. Its id stays, and the old key leads to it from now on. A type that
// the other project does not have becomes that project's first one.
func (s *State) MoveIssue(i *Issue, to *Project, now time.Time) {
	if i.Project == to.ID {
		return
	}
	delete(s.index, i.Key)
	s.Moved[i.Key] = i.ID
	i.Project, i.Key, i.Updated = to.ID, s.nextKey(to), now
	s.index[i.Key] = i.ID
	for _, t := range to.Types {
		if t == i.Type {
			return
		}
	}
	i.Type = to.Types[0]
}

// DeleteIssue forgets an issue and the keys it had.
func (s *State) DeleteIssue(i *Issue) {
	delete(s.Issues, i.ID)
	delete(s.index, i.Key)
	for key, id := range s.Moved {
		if id == i.ID {
			delete(s.Moved, key)
		}
	}
}

// AddUser keeps a new user.
func (s *State) AddUser(u *User) {
	s.Users = append(s.Users, u)
	s.accounts[u.Account] = u
}

func (s *State) nextKey(p *Project) string {
	key := fmt.Sprintf("%s-%d", p.Key, p.NextKey)
	p.NextKey++
	return key
}
