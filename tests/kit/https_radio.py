"""A server with <acme> for the tests of certificates."""
import ssl

from harness import free_port, listen_socket, open_folder, wait_for

NAME = "radio.example.org"


def verified(authority, name=NAME):
    """For Wire: TLS of a client that trusts only this authority."""
    context = ssl.create_default_context(cafile=str(authority.root()))
    return lambda connected: context.wrap_socket(connected, server_hostname=name)


def radio(t, authority, port, acme="", more="", tls=None, **slots):
    """A server at the authority's validation port, with another port for https."""
    state = open_folder(t.dir / "state")
    tls = tls or free_port()
    server = t.unstarted_server(
        sockets=listen_socket(port) + listen_socket(tls, "<ssl>1</ssl>"),
        body="<hostname>%s</hostname><acme>%s%s%s</acme>%s" % (NAME, acme, "" if "<ports>" in acme else "<ports>off</ports>", authority.element(), more),
        paths="<state-dir>%s</state-dir>" % state, **slots)
    server.tls, server.state = tls, state
    return server


def comes(server, times=1):
    wait_for(lambda: server.log().count("a new certificate for") >= times, "a certificate comes: " + server.log()[-1500:], 20)
    wait_for(lambda: server.log().count("is in use, from") >= times, "it is loaded: " + server.log()[-1500:], 10)
