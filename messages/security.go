package messages

// PolicyGet finds the policy of an entry. Answered with a Policy, or NotFound.
type PolicyGet struct{ ID string }

// ScopeGet answers the *Scope of all policies of a group, by the id of the
// group; NotFound if no policy belongs to it.
type ScopeGet struct{ Group string }

// ScopeOf answers the *Scope of all policies of the groups and the single
// policies; NotFound, naming it, if one of them does not exist.
type ScopeOf struct{ Groups, Policies []string }
