package world

import "time"

// formerUser is the name of whoever closed an account, as in Jira.
const formerUser = "Former user"

// Report is what an app said of an account that it stores something about.
type Report struct {
	UpdatedAt time.Time `json:"updatedAt"` // when the app last got the account's data from the site
	At        time.Time `json:"at"`        // when it said so
}

// RenameUser gives a user another name. Apps that got the old one have to get it anew.
func (s *State) RenameUser(u *User, name string, now time.Time) {
	u.Name, u.Changed = name, now
}

// CloseUser ends an account: nothing personal is left of it, nobody logs in as it, and what issues say of it stays.
func (s *State) CloseUser(u *User, now time.Time) {
	*u = User{Account: u.Account, Name: formerUser, Groups: []string{}, Changed: now, Closed: true}
}

// Report keeps what an app said of an account; the last time counts.
func (s *State) Report(app AppKey, a AccountID, r Report) {
	if s.Reports == nil {
		s.Reports = map[AppKey]map[AccountID]Report{}
	}
	if s.Reports[app] == nil {
		s.Reports[app] = map[AccountID]Report{}
	}
	s.Reports[app][a] = r
}
