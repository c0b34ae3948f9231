"""Switches and HAProxy without HTTP: datagrams, and the line of the agent."""
import socket
import time

from harness import ADMIN, Settings, check, equal, free_port, listen_socket, matches, test, wait_for
from replacing import upgrade


def agent_line(port):
    with socket.create_connection(("127.0.0.1", port), Settings.patience) as wire:
        return wire.makefile().read()


def datagram(server):
    wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    wire.settimeout(Settings.patience)
    wire.connect(server.address)
    return wire


def ask(wire, question=b"?" * 64):
    wire.send(question)
    return wire.recv(1024)


@test
def a_datagram_is_answered_with_no_more_than_its_size(bench):
    server = bench.server(limits="<clients>4</clients>", body="<cluster><id>edge1</id><udp>1</udp></cluster>")
    server.source()
    wire = bench.owned(datagram(server))
    equal(ask(wire), b"edge1 up 25%\n", "the answer")
    equal(ask(wire, b"ping"), b"edge", "the answer to four bytes")


@test
def datagrams_are_not_answered_by_default(bench):
    wire = bench.owned(datagram(bench.server()))
    wire.send(b"?")
    try:
        wire.recv(10)
        check(False, "an answer came")
    except ConnectionRefusedError:
        pass


@test
def a_draining_node_has_no_port_for_datagrams(bench):
    server = bench.server(body="<cluster><udp>1</udp></cluster>")
    server.source()
    server.listener()
    wire = bench.owned(datagram(server))
    ask(wire)
    server.get("/admin/drain?mode=soft", ADMIN)
    begin = time.monotonic()

    def refused():
        try:
            wire.send(b"?" * 64)
            wire.recv(1024)
        except ConnectionRefusedError:
            return True
        return False
    wait_for(refused, "the port is shut")
    check(time.monotonic() - begin < 1, "soon")
    server.get("/admin/undrain", ADMIN)
    again = bench.owned(datagram(server))

    def answered():
        try:
            return b" up " in ask(again)
        except ConnectionRefusedError:
            return False
    wait_for(answered, "datagrams are answered again")


@test
def a_reload_opens_and_closes_the_ports(bench):
    port = free_port()
    server = bench.server(body="<cluster/>")
    server.reload(body="<cluster><udp>1</udp><agent port='%d' bind-address='127.0.0.1'/></cluster>" % port)

    def both():
        try:
            return ask(datagram(server)) and agent_line(port).startswith("up ready")
        except OSError:
            return False
    wait_for(both, "both ports are open")
    server.reload(body="<cluster/>")

    def neither():
        try:
            ask(datagram(server))
        except ConnectionRefusedError:
            try:
                agent_line(port)
            except ConnectionRefusedError:
                return True
        return False
    wait_for(neither, "both ports are closed")


@test
def both_ports_answer_through_upgrades(bench):
    """A question that arrives during an upgrade waits for the next process."""
    port = free_port()
    body = "<cluster><id>m1</id><udp>1</udp><agent port='%d' bind-address='127.0.0.1'/></cluster>" % port
    server = bench.server(body=body)
    server.source()
    wire = bench.owned(datagram(server))
    for _ in range(2):
        ask(wire)
        matches("^up ready", agent_line(port))
        upgrade(server)
        matches(b"^m1 up", ask(wire))
        matches("^up ready", agent_line(port))
    check("cannot bind" not in server.log(), "no port is opened anew")
    server.write_config(body="<cluster><id>m1</id></cluster>")
    upgrade(server)
    for question in (lambda: ask(wire), lambda: agent_line(port)):
        try:
            question()
            check(False, "a port that the new configuration does not name is open")
        except ConnectionRefusedError:
            pass


@test
def the_agent_tells_haproxy_what_is_free(bench):
    port = free_port()
    server = bench.server(limits="<clients>10</clients>",
                          body="<cluster><agent port='%d' bind-address='127.0.0.1'/></cluster>" % port)
    server.source()
    server.listener()
    server.listener()
    equal(agent_line(port), "up ready 70% maxconn:10\n", "the line")
    server.get("/admin/drain?mode=soft", ADMIN)
    equal(agent_line(port), "drain\n", "the line of a draining node")
    server.get("/admin/undrain", ADMIN)
    matches(r"\Aup ready \d+%", agent_line(port))


@test
def a_port_that_is_taken_costs_the_agent_and_not_the_server(bench):
    taken = socket.create_server(("127.0.0.1", 0))
    bench.owned(taken)
    server = bench.server(body="<cluster><agent port='%d' bind-address='127.0.0.1'/></cluster>" % taken.getsockname()[1])
    check("cannot" in server.out.read_text() + server.log(), "it says so")
    equal(server.get("/_lb/health").status, 200, "health")


@test
def a_datagram_port_that_is_taken_is_said_once_while_another_port_is_tried_again(bench):
    port, other = free_port(), free_port()
    udp = bench.owned(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    udp.bind(("127.0.0.1", port))
    with socket.create_server(("127.0.0.1", other)):
        server = bench.server(sockets=listen_socket(port) + listen_socket(other), body="<cluster><udp>1</udp></cluster>")
        server.wait_for_log("it is tried again")
        server.wait_for_log("cluster/udp: .*datagrams are not answered there")
    wait_for(lambda: "port %d is open" % other in server.log(), "the other port opens by itself", 25)
    equal(server.log().count("datagrams are not answered there"), 1, "lines")
    server.reload(sockets=listen_socket(port) + listen_socket(other), limits="<clients>90</clients>")
    wait_for(lambda: server.log().count("datagrams are not answered there") == 2, "a reload says it again")
