%% The workloads of the benchmarks for Erlang processes: each prints how many
%% messages, or processes, it did in a second.
-module(workloads).
-export([main/1]).

main([Work | Args]) ->
    Ns = [list_to_integer(A) || A <- Args],
    {Time, Count} = timer:tc(fun() -> run(list_to_atom(Work), Ns) end),
    io:format("~p~n", [round(Count * 1000000 / max(Time, 1))]),
    halt(0).

run(pairs, [Pairs, Rounds]) ->
    Me = self(),
    Ps = [spawn(fun() -> ping(Me, spawn(fun pong/0), Rounds) end) || _ <- lists:seq(1, Pairs)],
    [receive {done, P} -> ok end || P <- Ps],
    2 * Pairs * Rounds;
run(ring, [Size, Hops]) ->
    Me = self(),
    First = spawn(fun() -> receive {next, P} -> node_loop(P, Me) end end),
    Last = lists:foldl(fun(_, Next) -> spawn(fun() -> node_loop(Next, Me) end) end, First, lists:seq(2, Size)),
    First ! {next, Last},
    First ! Hops,
    receive done -> Hops end;
run(fan_in, [Senders, Each]) ->
    Me = self(),
    To = spawn(fun() -> count(Senders * Each), Me ! done end),
    [spawn(fun() -> send_n(To, Each) end) || _ <- lists:seq(1, Senders)],
    receive done -> Senders * Each end;
run(spawns, [Width, N]) ->
    Me = self(),
    One = fun() -> P = spawn(fun() -> receive {hello, From} -> From ! reply end end), P ! {hello, Me} end,
    Begin = min(Width, N),
    [One() || _ <- lists:seq(1, Begin)],
    spawns(One, N - Begin, Begin),
    N.

ping(Me, _, 0) -> Me ! {done, self()};
ping(Me, Peer, N) -> Peer ! {ping, self()}, receive pong -> ping(Me, Peer, N - 1) end.

pong() -> receive {ping, From} -> From ! pong, pong() end.

node_loop(Next, Me) ->
    receive
        0 -> Me ! done;
        N when is_integer(N) -> Next ! N - 1, node_loop(Next, Me)
    end.

count(0) -> ok;
count(N) -> receive _ -> count(N - 1) end.

send_n(_, 0) -> ok;
send_n(To, N) -> To ! N, send_n(To, N - 1).

spawns(_, 0, 0) -> ok;
spawns(One, Left, Running) ->
    receive reply -> ok end,
    case Left of
        0 -> spawns(One, 0, Running - 1);
        _ -> One(), spawns(One, Left - 1, Running)
    end.
