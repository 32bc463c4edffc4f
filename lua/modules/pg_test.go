package modules

import (
	"testing"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

func TestPG(t *testing.T) {
	answer := func(cmd *lua.Command) any {
		if cmd.To != "app:scope" {
			return messages.Errorf(messages.NotFound, "%s not found", cmd.To)
		}
		switch b := cmd.Body.(type) {
		case *messages.PGLeave:
			if b.Groups[0] == "other" {
				return messages.Errorf(messages.Invalid, "not a member")
			}
		case *messages.PGMembers:
			return []string{"{a|0x1}", "{a|0x2}"}
		case *messages.PGGroups:
			return []string{"g", "h"}
		case *messages.PGSubscribe:
			if b.Group == "broken" {
				return messages.Errorf(messages.Unavailable, "it does not run")
			}
			return map[string][]string{"g": {"{a|0x1}"}}
		}
		return &messages.Done{}
	}
	const open = `local i = pg.open("app:scope"); `
	all := []string{"pg.open app:scope"}
	list := []example{
		{name: "join", source: open + `return show(i:join("g"))`, want: "true, nil", check: asks(&messages.PGJoin{By: worldPID, Groups: []string{"g"}})},
		{name: "join a list", source: open + `return show(i:join({"g", "h"}))`, want: "true, nil", check: asks(&messages.PGJoin{By: worldPID, Groups: []string{"g", "h"}})},
		{name: "leave", source: open + `return show(i:leave("g"))`, want: "true, nil", check: asks(&messages.PGLeave{By: worldPID, Groups: []string{"g"}})},
		{name: "leave another", source: open + `return show(i:leave("other"))`, want: "nil, Invalid:not a member"},
		{name: "members", source: open + `return show(i:get_members("g"))`, want: "{{a|0x1} {a|0x2}}, nil", check: asks(&messages.PGMembers{Group: "g"})},
		{name: "local members", source: open + `return show(i:get_local_members("g"))`, want: "{{a|0x1} {a|0x2}}, nil", check: asks(&messages.PGMembers{Group: "g", Local: true})},
		{name: "groups", source: open + `return show(i:which_groups())`, want: "{g h}, nil", check: asks(&messages.PGGroups{})},
		{name: "local groups", source: open + `return show(i:which_local_groups())`, want: "{g h}, nil", check: asks(&messages.PGGroups{Local: true})},
		{name: "broadcast", source: open + `return show(i:broadcast("g", "news", 1, "x"))`, want: "true, nil", check: asks(&messages.PGBroadcast{Group: "g", Mail: messages.NewMail(worldPID, "news", 1.0, "x")})},
		{name: "local broadcast", source: open + `return show(i:broadcast_local("g", "news"))`, want: "true, nil", check: asks(&messages.PGBroadcast{Group: "g", Mail: messages.NewMail(worldPID, "news"), Local: true})},
		{name: "broadcast without a topic", source: open + `return show(i:broadcast("g"))`, want: "nil, Invalid:topic is required: a string that is not empty"},
		{name: "broadcast to @", source: open + `return show(i:broadcast("g", "@x"))`, want: "nil, Invalid:cannot send to @ topics"},
		{name: "monitor", source: open + `local s, now, err = i:monitor("g"); return show(s:channel() == s:channel(), now, err)`, want: "true, {{a|0x1}}, nil"},
		{name: "events", source: open + `local s, now, err = i:events(); return show(s:channel() == s:channel(), now, err)`, want: "true, {g={{a|0x1}}}, nil"},
		{name: "monitor fails", source: open + `return show(i:monitor("broken"))`, want: "nil, nil, Unavailable:it does not run"},
		{name: "close", source: open + `local s = i:monitor("g"); return show(s:close(), s:close({flush = true}), s:channel():receive())`, want: "true, true, nil, false", check: func(t *testing.T, w *world) {
			told, ok := w.told[0].(*lua.Command)
			if u, is := told.Body.(*messages.PGUnsubscribe); !ok || !is || told.To != "app:scope" || u.By != worldPID || u.Tag != w.asked[1].Body.(*messages.PGSubscribe).Tag {
				t.Errorf("told %s", dumpValue(w.told))
			}
		}},
		{name: "bad flush", source: open + `return show(i:monitor("g"):close({flush = 1}))`, want: "nil, Invalid:option flush: true or false is expected"},
		{name: "release", source: open + `return show(i:release(), i:release(), i:join("g"))`, want: "true, true, nil, Invalid:instance is released"},
		{name: "unknown scope", source: `return show(pg.open("app:none"))`, want: "nil, Internal:process group scope not found: app:none: app:none not found"},
		{name: "no id", source: `return show(pg.open("none"))`, want: "nil, Internal:process group scope not found: none"},
		{name: "empty scope", source: `return show(pg.open(""))`, want: "nil, Invalid:scope ID required"},
		{name: "open refused", ctx: may(), source: `return show(pg.open("app:scope"))`, want: "nil, PermissionDenied:not allowed to open process group scope: app:scope"},
		{name: "one of a list refused", ctx: may(append(all, "pg.join g")...), source: open + `return show(i:join({"g", "h"}))`, want: "nil, PermissionDenied:not allowed: pg.join on process group h"},
	}
	for _, name := range []string{"join", "leave", "get_members", "get_local_members", "broadcast", "broadcast_local", "monitor"} {
		nils := "nil, "
		if name == "monitor" {
			nils = "nil, nil, "
		}
		list = append(list,
			example{name: name + " refused", ctx: may(append(all, "pg."+name+" other")...), source: open + `return show(i:` + name + `("g", "t"))`, want: nils + "PermissionDenied:not allowed: pg." + name + " on process group g"},
			example{name: name + " of nothing", source: open + `return show(i:` + name + `("", "t"))`, want: nils + "Invalid:group is required: a name that is not empty"},
			example{name: name + " of a number", source: open + `return show(i:` + name + `(5, "t"))`, want: nils + "Invalid:group is required: a name that is not empty"},
			example{name: name + " of an empty list", source: open + `return show(i:` + name + `({}, "t"))`, want: nils + "Invalid:group is required: a name that is not empty"},
			example{name: name + " of numbers", source: open + `return show(i:` + name + `({1}, "t"))`, want: nils + "Invalid:group is required: a name that is not empty"},
			example{name: name + " released", source: open + `i:release(); return show(i:` + name + `("g", "t"))`, want: nils + "Invalid:instance is released"},
		)
	}
	for _, name := range []string{"which_groups", "which_local_groups", "events"} {
		nils := "nil, "
		if name == "events" {
			nils = "nil, nil, "
		}
		list = append(list,
			example{name: name + " refused", ctx: may(all...), source: open + `return show(i:` + name + `())`, want: nils + "PermissionDenied:not allowed: pg." + name + " on process group app:scope"},
			example{name: name + " released", source: open + `i:release(); return show(i:` + name + `())`, want: nils + "Invalid:instance is released"},
		)
	}
	for i := range list {
		list[i].answer = answer
	}
	examples(t, list)
}

// What a subscription has not delivered is dropped by a close that flushes, and
// only by that.
func TestPGFlush(t *testing.T) {
	for source, want := range map[string]string{
		`s:close(); return show(ch:receive()) .. "; " .. show(ch:receive())`:               "1, true; 2, true",
		`s:close({flush = true}); return show(ch:receive())`:                               "nil, false",
		`s:close(); s:close({flush = true}); return show(ch:receive())`:                    "nil, false",
		`local a = ch:receive(); s:close({flush = false}); return a .. show(ch:receive())`: "12, true",
	} {
		w := &world{}
		w.answer = func(cmd *lua.Command) any {
			if b, ok := cmd.Body.(*messages.PGSubscribe); ok {
				for i := range 2 {
					w.vm.Push(b.Tag, float64(i+1))
				}
				return map[string][]string{}
			}
			return &messages.Done{}
		}
		if got := w.run(t, `local s = pg.open("app:scope"):monitor("g"); local ch = s:channel(); `+source); got != want {
			t.Errorf("%s\n got %s\nwant %s", source, got, want)
		}
	}
}
