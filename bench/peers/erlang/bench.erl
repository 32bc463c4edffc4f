%% The workloads of ../../bench_test.go on Erlang processes. Each line printed
%% has the form of Go's benchmarks, so that ../../table reads both.
-module(bench).
-export([main/1]).

main([Runs]) ->
    lists:foreach(fun(_) -> once() end, lists:seq(1, list_to_integer(atom_to_list(Runs)))),
    halt(0).

once() ->
    report("PingPong1", "msg/s", fun(N) -> pairs(1, N div 2), N div 2 * 2 end),
    report("PingPong1000", "msg/s", fun(N) -> R = N div 2000 + 1, pairs(1000, R), R * 2000 end),
    report("Ring1000", "msg/s", fun(N) -> ring(1000, N), N end),
    report("FanIn1000", "msg/s", fun(N) -> E = N div 1000 + 1, fan_in(1000, E), E * 1000 end),
    report("SpawnReplyStop", "spawn/s", fun(N) -> spawns(32, N), N end),
    report("Call", "call/s", fun(N) -> calls(8, N div 8), N div 8 * 8 end),
    report("Restart", "restart/s", fun(N) -> restarts(N), N end),
    memory(100000).

%% More and more work, until it lasts half a second.
report(Name, Unit, Do) -> report(Name, Unit, Do, 10000).

report(Name, Unit, Do, N) ->
    Begun = erlang:monotonic_time(microsecond),
    Done = Do(N),
    case erlang:monotonic_time(microsecond) - Begun of
        T when T < 500000 -> report(Name, Unit, Do, N * 4);
        T -> io:format("Benchmark~s/erlang\t~b\t~.1f ~s~n", [Name, Done, Done / T * 1.0e6, Unit])
    end.

all(Pids) ->
    [receive {'DOWN', Ref, process, _, _} -> ok end || {_, Ref} <- Pids].

pairs(Count, Rounds) ->
    all([begin
             Pong = spawn(fun pong/0),
             spawn_monitor(fun() -> ping(Pong, Rounds) end)
         end || _ <- lists:seq(1, Count)]).

ping(Pong, 0) -> Pong ! stop;
ping(Pong, N) ->
    Pong ! {ping, self(), N},
    receive {pong, _} -> ping(Pong, N - 1) end.

pong() ->
    receive
        {ping, From, _} -> From ! {pong, 1}, pong();
        stop -> ok
    end.

ring(Count, N) ->
    Boss = self(),
    Nodes = [spawn_monitor(fun() -> receive {next, Next} -> node_loop(Next, Boss) end end) || _ <- lists:seq(1, Count)],
    Pids = [P || {P, _} <- Nodes],
    [P ! {next, Next} || {P, Next} <- lists:zip(Pids, tl(Pids) ++ [hd(Pids)])],
    hd(Pids) ! {token, N},
    receive round -> ok end,
    all(Nodes).

node_loop(Next, Boss) ->
    receive
        {token, 0} -> Boss ! round, Next ! {token, -1};
        {token, -1} -> Next ! {token, -1};
        {token, N} -> Next ! {token, N - 1}, node_loop(Next, Boss)
    end.

fan_in(Count, Each) ->
    Receiver = spawn_monitor(fun() -> count(Count * Each) end),
    {To, _} = Receiver,
    [spawn(fun() -> [To ! {n, I} || I <- lists:seq(1, Each)] end) || _ <- lists:seq(1, Count)],
    all([Receiver]).

count(0) -> ok;
count(N) -> receive {n, _} -> count(N - 1) end.

spawns(Width, N) ->
    all([spawn_monitor(fun() -> spawns_of(N div Width) end) || _ <- lists:seq(1, Width)]).

spawns_of(0) -> ok;
spawns_of(N) ->
    Pid = spawn(fun() -> receive {hello, From} -> From ! reply end end),
    Pid ! {hello, self()},
    receive reply -> spawns_of(N - 1) end.

calls(Width, Each) ->
    Server = spawn(fun serve/0),
    all([spawn_monitor(fun() -> calls_of(Server, Each) end) || _ <- lists:seq(1, Width)]),
    Server ! stop.

calls_of(_, 0) -> ok;
calls_of(Server, N) ->
    Ref = make_ref(),
    Server ! {call, self(), Ref, N},
    receive {Ref, _} -> calls_of(Server, N - 1) end.

serve() ->
    receive
        {call, From, Ref, N} -> From ! {Ref, N}, serve();
        stop -> ok
    end.

%% A process crashes and is started again by the one that watches it.
restarts(0) -> ok;
restarts(N) ->
    {_, Ref} = spawn_monitor(fun() -> exit(crash) end),
    receive {'DOWN', Ref, process, _, crash} -> restarts(N - 1) end.

memory(Count) ->
    erlang:garbage_collect(),
    Before = erlang:memory(total),
    Pids = [spawn(fun() -> receive _ -> ok end end) || _ <- lists:seq(1, Count)],
    After = erlang:memory(total),
    io:format("BenchmarkIdleBytes/erlang/100k\t1\t~.1f heapB/process~n", [(After - Before) / Count]),
    [P ! stop || P <- Pids].
