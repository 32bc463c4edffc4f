package messages

// The commands of process groups, each sent to the entry of a scope. They stay
// on their node; what nodes tell each other is a Membership. By is the PID of the
// process that asks.

// PGOpen is answered with Done where the scope runs.
type PGOpen struct{}

// PGJoin makes a process a member of groups, once more of those it is in.
// Answered with Done; with an error it has joined none.
type PGJoin struct {
	By     string
	Groups []string
}

// PGLeave takes back one membership of each group. Answered with Done, or Invalid
// where the process is in none of them.
type PGLeave struct {
	By     string
	Groups []string
}

// PGMembers answers the PIDs of a group as []string in the order they joined,
// one for each membership. Local leaves those of other nodes out.
type PGMembers struct {
	Group string
	Local bool
}

// PGGroups answers the names of the groups as []string, in order.
type PGGroups struct{ Local bool }

// PGBroadcast sends mail to every process of a group, once. Answered with Done.
type PGBroadcast struct {
	Group string
	Mail  *Mail
	Local bool
}

// PGSubscribe has the changes of a group, of all groups for "", pushed to the
// stream Tag of the process By, as tables {system, kind, path, data = {Group,
// PIDs}}. Answered with the members before the first change as
// map[string][]string, of the one group or of all.
type PGSubscribe struct {
	By    string
	Tag   uint64
	Group string
}

// PGUnsubscribe ends a subscription. Nothing answers.
type PGUnsubscribe struct {
	By  string
	Tag uint64
}
