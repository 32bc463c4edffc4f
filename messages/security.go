package messages

import "time"

// PolicyGet finds the policy of an entry. Answered with a Policy, or NotFound.
type PolicyGet struct{ ID string }

// ScopeGet answers the *Scope of all policies of a group, by the id of the
// group; NotFound if no policy belongs to it.
type ScopeGet struct{ Group string }

// ScopeOf answers the *Scope of all policies of the groups and the single
// policies; NotFound, naming it, if one of them does not exist.
type ScopeOf struct{ Groups, Policies []string }

// The commands of token stores, each sent to the entry of one. They stay on their
// node.

// TokenStoreInfo answers Done: the entry is a token store.
type TokenStoreInfo struct{}

// TokenCreate answers a new token, a string, that stands for an actor with a
// scope.
type TokenCreate struct {
	Actor   *Actor
	Scope   *Scope
	Expires time.Duration // from now; 0 for the default of the store
	Meta    *Table
}

// TokenValidate answers a *Context with the actor and scope of a token. A token
// that was not made here, has expired or was revoked is an Invalid; where it could
// not be checked, or one of its policies is gone, the error has another kind.
type TokenValidate struct{ Token string }

// TokenRevoke answers a bool: false if there was no such token.
type TokenRevoke struct{ Token string }
