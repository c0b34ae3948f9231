"""The requests of load balancers, and how a node empties itself: /_lb/health, /_lb/live, /admin/drain, TERM."""
import signal
import subprocess
import time

from harness import (ADMIN, SOURCE, Settings, as_nobody, check, equal, free_port, listen_socket, matches, request, test,
                     wait_for)


def drain(server, arguments, login=ADMIN):
    return server.get("/admin/drain" + arguments, login)


def health(server):
    reply = server.get("/_lb/health")
    return reply.status, reply.json()


def drain_config(attributes):
    return "<cluster><drain %s/></cluster>" % attributes


def leave(server, listener, source):
    """The server detects a closed socket when it writes to it."""
    listener.close()

    def has_shown():
        try:
            source.play(10)
        except ConnectionError:
            return True  # the server has ended
        return "listener count on /live.mp3 now 0" in server.log()
    wait_for(has_shown, "the server sees that the listener has gone")


@test
def a_server_that_takes_listeners_is_healthy(bench):
    server = bench.server(limits="<clients>10</clients>")
    server.source()
    server.listener()
    status, body = health(server)
    equal(status, 200, "status")
    equal(body["state"], "up", "state")
    equal(body["listeners"], 1, "listeners")
    equal(body["capacity_used"], 0.2, "use of its clients")
    check(body["version"], "a version")
    wire = server.wire()
    wire.send(request("HEAD /_lb/health HTTP/1.0"))
    equal((wire.reply_head().status, wire.take_all()), (200, b""), "HEAD")
    equal(server.get("/_lb/live").text, "alive\n", "live")
    server.get("/nothing")
    server.wait_for_log("GET /nothing", "access")
    check("/_lb/" not in server.log("access"), "no probe is in the access log")


@test
def a_full_server_still_answers_and_says_that_it_is_full(bench):
    server = bench.server(limits="<clients>2</clients>")
    server.source()
    server.listener()
    status, body = health(server)
    equal((status, body["state"], body["capacity_used"]), (503, "full", 1.0), "health of a full server")
    equal(server.get("/_lb/live").status, 200, "live")
    equal(server.get("/live.mp3").status, 403, "a listener")
    equal(server.stats().findtext("clients"), "3", "clients, with the request for the statistics")


@test
def the_limit_of_the_cluster_counts_too(bench):
    server = bench.server(body="<cluster><capacity max-listeners='2'/></cluster>")
    server.source()
    server.listener()
    equal(health(server)[1]["capacity_used"], 0.5, "use")


@test
def the_paths_of_the_server_are_nobodys_mounts(bench):
    server = bench.server()
    reply = server.ask("SOURCE /_lb/health HTTP/1.0", ["Content-Type: audio/mpeg"], SOURCE)
    equal(reply.status, 403, "a source on /_lb/health")
    equal(server.get("/_lb/else").status, 404, "another path")


@test
def probes_are_answered_to_who_may_not_listen(bench):
    agents = bench.dir / "agents"
    agents.write_text("kube-probe*\n")
    server = bench.server(paths="<deny-agents>%s</deny-agents>" % agents)
    agent = ["User-Agent: kube-probe/1.27"]
    equal(server.get("/status.xsl", headers=agent).status, 403, "a page")
    equal(server.get("/_lb/live", headers=agent).status, 200, "a probe")


@test
def a_soft_drain_keeps_its_listeners_and_takes_no_new_ones(bench):
    server = bench.server()
    source = server.source()
    listener = server.listener()
    reply = drain(server, "?mode=soft&time=300")
    equal(reply.status, 200, "the command")
    matches(r"<message>draining \(soft\); 1 listeners are here, 300 s are left</message>", reply.text)
    equal(health(server), (503, dict(health(server)[1], state="draining", drain="soft", listeners=1)), "health")
    refused = server.get("/live.mp3")
    equal((refused.status, refused.get("Retry-After")), (503, "10"), "a new listener")
    equal(server.ask("HEAD /live.mp3 HTTP/1.0").status, 503, "who only asks")
    equal(server.ask("SOURCE /other.mp3 HTTP/1.0", ["Content-Type: audio/mpeg"], SOURCE).status, 503, "a new source")
    equal(server.get("/status-json.xsl").status, 200, "a page")
    equal(server.get("/nothing.mp3").status, 404, "no mount")
    listener.read_until(source.play(20))
    leave(server, listener, source)
    server.wait_for_log("drained: no listener is left")
    check(server.process.poll() is None, "it lives on: nobody told it to end")
    matches("draining", drain(server, "").text)


@test
def undrain_takes_listeners_again(bench):
    server = bench.server()
    server.source()
    drain(server, "?mode=soft")
    equal(server.get("/live.mp3").status, 503, "a listener")
    matches("not draining", server.get("/admin/undrain", ADMIN).text)
    server.listener()
    equal(health(server)[0], 200, "health")
    matches("<return>0</return>", server.get("/admin/undrain", ADMIN).text)
    server.wait_for_log("no longer draining")


@test
def the_commands_may_be_posted_as_the_manual_says(bench):
    server = bench.server()
    server.source()
    server.listener()
    form = "Content-Type: application/x-www-form-urlencoded"
    reply = server.ask("POST /admin/drain HTTP/1.1", ["Host: x", form], ADMIN, b"mode=move&time=600&rate=2%25")
    matches(r"draining \(move\); 1 listeners are here, 600 s", reply.text)
    reply = server.ask("POST /admin/undrain HTTP/1.1", ["Host: x", form, "Content-Length: 0"], ADMIN)
    matches("not draining", reply.text)


@test
def move_closes_those_first_who_came_first(bench):
    server = bench.server(limits="<clients>100</clients><threads>1</threads>")
    server.source()
    listeners = [server.listener() for _ in range(20)]
    begin = time.monotonic()
    drain(server, "?mode=move&time=60&rate=10")
    wait_for(lambda: sum(listener.is_open() for listener in listeners) <= 10, "half of them have gone", 10)
    states = [listener.is_open() for listener in listeners]
    equal(states, sorted(states), "who is still there")
    wait_for(lambda: not any(listener.is_open() for listener in listeners), "all have gone", 10)
    check(time.monotonic() - begin > 1.4, "it took its time, ten a second")
    server.wait_for_log("drained: no listener is left")
    check(server.process.poll() is None, "it lives on")


@test
def move_is_done_when_its_time_is_over(bench):
    server = bench.server()
    server.source()
    listeners = [server.listener() for _ in range(8)]
    drain(server, "?mode=move&time=2&rate=1%25")
    wait_for(lambda: not any(listener.is_open() for listener in listeners), "all have gone", 6)


@test
def hard_closes_everybody_at_once(bench):
    server = bench.server()
    server.source()
    listeners = [server.listener() for _ in range(5)]
    drain(server, "?mode=hard&time=300")
    wait_for(lambda: not any(listener.is_open() for listener in listeners), "all have gone")
    server.wait_for_log("drained: no listener is left")


@test
def a_drain_that_shall_end_the_process_does_so_when_the_last_listener_goes(bench):
    server = bench.server()
    source = server.source()
    listener = server.listener()
    drain(server, "?mode=soft&time=300&exit=1")
    matches("the process is about to end", server.get("/admin/undrain", ADMIN).text)
    leave(server, listener, source)
    equal(server.wait_exit(), 0, "status")


@test
def term_ends_a_stock_server_at_once(bench):
    server = bench.server()
    server.source()
    listener = server.listener()
    begin = time.monotonic()
    equal(server.stop(), 0, "status")
    check(time.monotonic() - begin < 2, "at once")
    listener.expect_end()


@test
def term_drains_where_the_configuration_says_so(bench):
    server = bench.server(body=drain_config("mode='soft' time='300s'"))
    source = server.source()
    listener = server.listener()
    server.send_signal(signal.SIGTERM)
    server.wait_for_log(r"draining \(soft\), asked by TERM: 1 listeners have 300 s, then the process ends")
    listener.read_until(source.play(10))
    equal(health(server)[1]["state"], "draining", "state")
    leave(server, listener, source)
    equal(server.wait_exit(), 0, "status")


@test
def term_after_a_drain_gives_no_second_time(bench):
    server = bench.server(body=drain_config("mode='soft' time='300s'"))
    server.source()
    listener = server.listener()
    drain(server, "?mode=soft&time=1")
    server.wait_for_log("drain time is over: 1 listeners are left")
    listener.is_open()
    server.send_signal(signal.SIGTERM)
    equal(server.wait_exit(), 0, "status")


@test
def term_waits_no_longer_than_its_time(bench):
    server = bench.server(body=drain_config("mode='soft' time='1s'"))
    server.source()
    listener = server.listener()
    server.send_signal(signal.SIGTERM)
    equal(server.wait_exit(), 0, "status")
    listener.expect_end()
    server.wait_for_log("drain time is over: 1 listeners end")


@test
def the_second_term_ends_it_now(bench):
    server = bench.server(body=drain_config("mode='soft' time='300s'"))
    server.source()
    server.listener()
    server.send_signal(signal.SIGTERM)
    server.wait_for_log("draining")
    equal(server.stop(), 0, "status")


@test
def int_never_waits(bench):
    server = bench.server(body=drain_config("mode='soft' time='300s'"))
    server.source()
    server.listener()
    equal(server.stop(signal.SIGINT), 0, "status")


@test
def only_the_administrator_drains(bench):
    server = bench.server()
    equal(drain(server, "?mode=hard", None).status, 401, "nobody")
    equal(drain(server, "?mode=hard", SOURCE).status, 401, "a source")
    equal(server.ask("GET /admin/drain?mode=hard HTTP/1.1",
                     ["Host: x", "Origin: http://evil.example"], ADMIN).status, 403, "a page of another site")
    equal(drain(server, "?mode=sideways").status, 400, "no such mode")
    equal(drain(server, "?mode=soft&time=soon").status, 400, "no such time")
    equal(drain(server, "?mode=move&rate=all").status, 400, "no such rate")
    equal(health(server)[0], 200, "health")


@test
def the_rate_and_the_time_are_those_of_the_configuration(bench):
    server = bench.server(body=drain_config("mode='move' time='77s' rate='50%'"))
    server.source()
    listeners = [server.listener() for _ in range(6)]
    matches(r"draining \(move\); 6 listeners are here, 77 s", drain(server, "?mode=configured").text)
    wait_for(lambda: not any(listener.is_open() for listener in listeners), "three a second have gone", 6)


@test
def the_command_drains_and_waits(bench):
    port = free_port()
    server = bench.server(sockets=listen_socket(port))
    source = server.source()
    listener = server.listener()
    waiting = subprocess.Popen(as_nobody([Settings.binary, "-c", str(server.config), "--drain=soft,300"]),
                               stderr=subprocess.PIPE, text=True)
    server.wait_for_log(r"draining \(soft\), asked by 127\.0\.0\.1: 1 listeners have 300 s")
    check(waiting.poll() is None, "it waits")
    leave(server, listener, source)
    equal(waiting.communicate(timeout=Settings.patience)[1], "icecast-lb: the server is empty\n", "what it says")
    equal(waiting.returncode, 0, "its status")
    check(server.process.poll() is None, "the server lives on until it is told to end")


@test
def the_command_waits_no_longer_than_its_time(bench):
    port = free_port()
    server = bench.server(sockets=listen_socket(port), body=drain_config("mode='soft' time='0'"))
    server.source()
    server.listener()
    status, _, said = bench.run("-c", server.config, "--drain")
    equal((status, said), (0, "icecast-lb: the time is over; 1 listeners are left\n"), "its end")


@test
def the_command_says_when_nobody_can_be_told(bench):
    server = bench.unstarted_server(sockets=listen_socket(free_port()))
    status, _, said = bench.run("-c", server.config, "--drain")
    equal(status, 1, "without a server")
    matches("127.0.0.1", said)
    server = bench.unstarted_server()
    status, _, said = bench.run("-c", server.config, "--drain")
    equal(status, 1, "without a port")
    matches("no listen-socket speaks plain HTTP", said)
    equal(bench.run("-c", bench.dir / "nothing.xml", "--drain")[0], 1, "without a file")
