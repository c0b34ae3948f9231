"""/metrics: the numbers for Prometheus, and the clients that may read them."""
import re

from auth_bench import backend_of, url_mount
from backend import ACCEPT
from harness import ADMIN, SOURCE, check, equal, free_port, test, wait_for
from test_webhooks import Receiver, hook


def samples(server, login=None, headers=()):
    """{'name{labels}': value}"""
    reply = server.get("/metrics", login, headers)
    equal(reply.status, 200, "status of /metrics")
    equal(reply.get("Content-Type"), "text/plain; version=0.0.4; charset=utf-8", "its type")
    lines = [line.rsplit(" ", 1) for line in reply.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in lines}


def wait_for_sample(server, name, value):
    """The text may be a second old."""
    wait_for(lambda: samples(server).get(name) == value, "%s is %r" % (name, value))


@test
def they_tell_of_clients_listeners_and_bytes(bench):
    server = bench.server(limits="<clients>50</clients><threads>2</threads>")
    source = server.source()
    listener = server.listener()
    listener.read_until(source.play(50))
    now = samples(server)
    listening = [name for name in now if name.startswith("icecast_listeners{")]
    equal(len(listening), 1, "mounts")
    check('mount="/live.mp3"' in listening[0] and 'server_type="audio/mpeg"' in listening[0], listening[0])
    equal(now[listening[0]], 1, "listeners")
    equal(now['icecast_source_up{mount="/live.mp3"}'], 1, "source")
    equal((now["icecast_clients"], now["icecast_clients_limit"]), (2, 50), "clients")
    equal((now["icecast_sources"], now["icecast_server_listeners"]), (1, 1), "sources and listeners")
    equal(now['icecast_node_state{state="up"}'], 1, "state")
    sent = len(listener.audio)
    check(now["icecast_server_bytes_sent_total"] >= sent, "bytes sent")
    equal(now['icecast_bytes_read_total{mount="/live.mp3"}'], now["icecast_server_bytes_read_total"], "bytes read")
    check(now["process_resident_memory_bytes"] > 1e6 and now["process_open_fds"] > 5, "the process")
    equal({re.search('"(.*)"', name).group(1) for name in now if name.startswith("icecast_loop_lag_seconds")},
          {"worker0", "worker1", "control", "clerk"}, "loops")
    check(max(value for name, value in now.items() if name.startswith("icecast_loop_silence")) < 5, "every loop turns")


@test
def names_from_outside_are_escaped(bench):
    server = bench.server()
    server.source("/wei%22rd.opus", "opus")
    check(r'mount="/wei\"rd.opus"' in server.get("/metrics").text, "an escaped name")


@test
def refusals_are_counted_by_their_reason(bench):
    server = bench.server(limits="<clients>3</clients><sources>2</sources>",
                          body="<mount><mount-name>/live.mp3</mount-name><max-listeners>1</max-listeners></mount>")
    server.source()
    server.listener()
    equal(server.get("/live.mp3").status, 403, "a second listener")
    equal(server.ask("SOURCE /live.mp3 HTTP/1.0", ["Content-Type: audio/mpeg"], SOURCE).status, 403, "a second source")
    equal(server.ask("SOURCE /x.mp3 HTTP/1.0", ["Content-Type: audio/mpeg"], "source:wrong").status, 401, "a stranger")
    server.source("/other.mp3")
    equal(server.get("/other.mp3").status, 403, "one client too many")
    wait_for_sample(server, 'icecast_refusals_total{reason="clients"}', 1)
    now = samples(server)
    for reason in ("mount_listeners", "mount_in_use", "login"):
        equal(now['icecast_refusals_total{reason="%s"}' % reason], 1, reason)


@test
def they_are_for_this_machine_and_the_administrator(bench):
    server = bench.server()
    samples(server)
    passed_on = ["X-Forwarded-For: 192.0.2.1"]
    refused = server.get("/metrics", headers=passed_on)
    equal((refused.status, refused.get("WWW-Authenticate") is not None), (401, True), "what a proxy passed on")
    samples(server, ADMIN, passed_on)
    equal(server.get("/metrics", SOURCE, passed_on).status, 401, "a source")
    equal(server.get("/metrics", headers=["Via: 1.1 cache"]).status, 401, "through another kind of proxy")


@test
def they_may_be_for_the_administrator_alone(bench):
    server = bench.server(body="<metrics><allow>none</allow></metrics>")
    equal(server.get("/metrics").status, 401, "this machine")
    samples(server, ADMIN)


@test
def they_may_be_for_other_addresses(bench):
    server = bench.server(body="<metrics><allow>127.0.0.7</allow><allow>192.0.2.0/24</allow></metrics>")
    equal(server.get("/metrics").status, 401, "127.0.0.1")
    equal(server.ask("GET /metrics HTTP/1.0", source_address="127.0.0.7").status, 200, "127.0.0.7")


@test
def a_believed_proxy_names_who_reads(bench):
    server = bench.server(body="<metrics><allow>192.0.2.0/24</allow></metrics>",
                          paths="<x-forwarded-for>127.0.0.1</x-forwarded-for>")
    equal(server.get("/metrics", headers=["X-Forwarded-For: 192.0.2.8"]).status, 200, "one of them")
    equal(server.get("/metrics", headers=["X-Forwarded-For: 198.51.100.8"]).status, 401, "somebody else")
    equal(server.get("/metrics").status, 401, "the proxy itself")


@test
def a_full_server_tells_its_numbers(bench):
    server = bench.server(limits="<clients>1</clients>")
    server.source()
    now = samples(server)
    equal((now['icecast_node_state{state="full"}'], now["icecast_capacity_used_ratio"]), (1, 1), "state and use")


@test
def reloads_and_relays_are_counted(bench):
    server = bench.server(body="<relay><server>127.0.0.1</server><port>%d</port><mount>/far.mp3</mount>"
                               "<local-mount>/near.mp3</local-mount></relay>" % free_port())
    server.reload()
    wait_for_sample(server, 'icecast_config_reloads_total{result="applied"}', 1)
    equal(samples(server)['icecast_relay_up{mount="/near.mp3"}'], 0, "a relay whose master is not there")
    server.config.write_text("<icecast>")
    server.send_signal(1)
    wait_for_sample(server, 'icecast_config_reloads_total{result="refused"}', 1)


@test
def requests_to_backends_are_counted_by_their_purpose(t):
    backend, receiver = backend_of(t, lambda form: ACCEPT if form.get("user") == "anna" else {}), Receiver(t)
    server = t.server(body=url_mount("/a", listener_add=backend.url(), listener_remove=backend.url("/gone")) +
                      url_mount("/b", listener_add="http://127.0.0.1:%d/" % free_port()) + hook(receiver.url))
    sources = [server.source(mount) for mount in ("/a", "/b")]
    listener = server.listener("/a", login="anna:x")
    listener.read_until(sources[0].play(50))
    equal(server.get("/b").status, 401, "a backend that is down")
    listener.close()

    def counted():
        sources[0].play(1)
        return {name: value for name, value in samples(server).items() if name.startswith("icecast_auth_backend_requests_total")}

    def of(purpose, result):
        return counted()['icecast_auth_backend_requests_total{purpose="%s",result="%s"}' % (purpose, result)]
    wait_for(lambda: of("login", "answered") == 1 and of("login", "failed") == 1, "two logins")
    wait_for(lambda: of("event", "answered") == 1, "the end of a listener")
    wait_for(lambda: of("webhook", "answered") == len(receiver.got) > 2, "each call of the webhook")
    wait_for(lambda: sum(counted().values()) == 3 + len(receiver.got), "all requests")


@test
def a_mount_called_metrics_comes_first(bench):
    server = bench.server()
    source = server.source("/metrics")
    listener = server.listener("/metrics")
    listener.read_until(source.play(10))


@test
def servers_that_relay_are_counted_apart_from_people(t):
    server = t.server()
    server.source("/m").play(20)
    listeners = [server.listener("/m"), server.listener("/m", lines=["User-Agent: Icecast 2.4.4"]), server.listener("/m")]
    wait_for(lambda: server.stat("/m", "listeners") == "2", "two people")
    equal(server.public_source("/m")["listeners"], 2)
    equal(server.get("/admin/listmounts", ADMIN).xml().findtext("source/listeners"), "2")
    equal(server.get("/admin/listmounts", ADMIN).xml().findtext("source/relays"), "1")
    now = samples(server)
    equal([value for name, value in now.items() if name.startswith("icecast_listeners{")], [2])
    equal((now["icecast_server_listeners"], now["icecast_server_listening_relays"], now['icecast_listening_relays{mount="/m"}']), (2, 1, 1))
    document = server.get("/admin/listclients?mount=/m", ADMIN).xml()
    # Without a cluster the number is that of the rows, as Icecast's.
    equal((document.findtext("source/Listeners"), document.findtext("source/relays")), ("3", "1"))
    equal([row.findtext("UserAgent") for row in document.findall("source/listener") if row.findtext("relay") == "1"], ["Icecast 2.4.4"])
    page = server.get("/admin/listclients.xsl?mount=/m", ADMIN).text
    check("2 listeners" in page and page.count("Kick listener") == 2 and "Servers that relay it" in page, page)
    del listeners
