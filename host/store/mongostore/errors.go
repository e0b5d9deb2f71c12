package mongostore

import (
	"errors"
	"fmt"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/pergola-platform/pergola/host/store"
)

// namespaceExists is the code of a collection that is there already.
const namespaceExists = 48

// duplicate says whether an id is taken already.
func duplicate(err error) bool { return mongo.IsDuplicateKeyError(err) }

// fail says what the store was doing when err happened, and makes store.ErrUnavailable of what lies outside the program,
// with what the operator can do about it. It takes no error of the driver along: their texts can quote documents.
func (s *Store) fail(doing string, err error) error {
	if advice := advice(err); advice != "" {
		return fmt.Errorf("%w: %s in %s: %s (%s)", store.ErrUnavailable, doing, s.where, advice, s.describe(err))
	}
	return fmt.Errorf("%s in %s: %s", doing, s.where, s.describe(err))
}

// failure is what the server said: a name and a code, of which only the code is always there. A code of 0 means that it said
// nothing.
func failure(err error) (name string, code int) {
	var command mongo.CommandError
	var write mongo.WriteException
	var bulk mongo.BulkWriteException
	concern := func(e *mongo.WriteConcernError) (string, int) {
		if e == nil {
			return "", 0
		}
		return e.Name, e.Code
	}
	switch {
	case errors.As(err, &command):
		return command.Name, int(command.Code)
	case errors.As(err, &write) && len(write.WriteErrors) > 0:
		return "", write.WriteErrors[0].Code
	case errors.As(err, &write):
		return concern(write.WriteConcernError)
	case errors.As(err, &bulk) && len(bulk.WriteErrors) > 0:
		return "", bulk.WriteErrors[0].Code
	case errors.As(err, &bulk):
		return concern(bulk.WriteConcernError)
	}
	return "", 0
}

// describe returns what happened without any text of the server's, which can quote documents, and without secrets of the URI.
func (s *Store) describe(err error) string {
	if name, code := failure(err); code != 0 {
		return strings.TrimSpace(fmt.Sprintf("the server says %s %d", name, code))
	}
	text := err.Error()
	for _, secret := range s.secrets {
		if secret != "" && strings.Contains(text, secret) {
			return "the reason holds a secret of the URI and is left out"
		}
	}
	return text
}

// advice is empty where the server refused something for a reason that no operator can remove.
func advice(err error) string {
	var decode *bson.DecodeError
	if errors.As(err, &decode) { // somebody else wrote it
		return ""
	}
	_, code := failure(err)
	switch code {
	case 0:
		return "no server answers; see that MongoDB runs and can be reached from here, and that hosts, port and TLS of the URI are right"
	case 13: // Unauthorized
		return "the user may not do that; grant it the role readWrite on the database"
	case 18, 8000: // AuthenticationFailed, Atlas's word for it
		return "the server refuses the user; check name, password and authSource of the URI"
	case 50, 262: // MaxTimeMSExpired, ExceededTimeLimit
		return "the server takes too long; look at its load, or raise the timeout"
	case 64, 100: // WriteConcernFailed, UnsatisfiableWriteConcern
		return "no majority of the replica set confirms the write; look at rs.status()"
	case 91, 189, 10058, 10107, 11600, 11602, 13435, 13436: // shutting down, or not the primary
		return "the replica set changes its primary; try again, and look at rs.status() if that stays so"
	case 24, 112, 239, 246, 251: // LockTimeout, WriteConflict, SnapshotTooOld, SnapshotUnavailable, NoSuchTransaction
		return "others write the same documents all the time; try again"
	case 14031: // OutOfDiskSpace
		return "the server's disk is full; make room"
	}
	return ""
}
