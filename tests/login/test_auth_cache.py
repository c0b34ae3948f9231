"""`cache` of a url authenticator: an acceptance is kept for as long as the backend allows, other answers are not kept
(doc/authentication.md)."""
from api import STORE, Api, store_server, with_api
from backend import Backend
from harness import check, equal, mount, test, wait_for
from link_bench import Feeder, edge, linked_master


def kept(form, seconds=300):
    yes = form.get("pass") == "right"
    return {**({"icecast-auth-user": "1"} if yes else {}), "Cache-Control": "max-age=%d" % seconds}


def url_auth(**options):
    rows = "".join('<option name="%s" value="%s"/>' % pair for pair in options.items())
    return mount("/m", '<authentication type="url">%s</authentication>' % rows)


def listen(server, login):
    listener = server.listener("/m", login=login)
    check(listener.read(100), "it hears nothing")
    listener.close()


def playing(t, server):
    # For as long as the test takes: a source that is silent ends after ten seconds.
    source = server.source("/m")
    source.play(200)
    t.owned(Feeder(source))
    wait_for(lambda: server.stat("/m", "server_type"), "the source is in")


@test
def many_logins_are_one_question_and_each_end_is_told(t):
    backend = t.owned(Backend(kept))
    server = t.server(body=url_auth(listener_add=backend.url(), listener_remove=backend.url(), cache="1", allow_duplicate_users="1"))
    playing(t, server)
    for _ in range(20):
        listen(server, "jo:right")
    equal(len(backend.of("listener_add")), 1, "questions")
    removed = backend.wait_for("listener_remove", 20)
    equal(len({form["client"] for form in removed}), 20, "each by its own number")
    for _ in range(3):
        equal(server.get("/m", "jo:wrong").status, 401, "a wrong password")
    equal(len(backend.of("listener_add")), 4, "a no is never kept")
    listen(server, "ann:right")
    equal(len(backend.of("listener_add")), 5, "another user is another question")
    check("right" not in server.log(), "a password is in the log")


@test
def without_the_option_each_login_is_a_question(t):
    backend = t.owned(Backend(kept))
    server = t.server(body=url_auth(listener_add=backend.url(), allow_duplicate_users="1"))
    playing(t, server)
    for _ in range(5):
        listen(server, "jo:right")
    equal(len(backend.of("listener_add")), 5, "questions")


@test
def an_answer_is_kept_no_longer_than_it_says(t):
    backend = t.owned(Backend(lambda form: kept(form, 1)))
    server = t.server(body=url_auth(listener_add=backend.url(), cache="1", allow_duplicate_users="1"))
    playing(t, server)
    listen(server, "jo:right")

    def asked_again():
        listen(server, "jo:right")
        return len(backend.of("listener_add")) >= 2
    wait_for(asked_again, "it is asked again")


@test
def sources_are_kept_too(t):
    backend = t.owned(Backend(kept))
    server = t.server(body=url_auth(stream_auth=backend.url(), cache="1"))
    for _ in range(6):
        source = server.source("/m", login="dj:right")
        source.play(10)
        source.close()
        server.wait_until_gone("/m")
    equal(len(backend.of("stream_auth")), 1, "questions")
    wire = server.wire()
    wire.send("SOURCE /m HTTP/1.0\r\nAuthorization: Basic ZGo6d3Jvbmc=\r\nContent-Type: audio/mpeg\r\n\r\n")
    equal(wire.reply_head().status, 401, "a wrong password")
    equal(len(backend.of("stream_auth")), 2, "questions")


@test
def a_ban_a_change_of_a_user_and_a_reload_empty_it(t):
    backend = t.owned(Backend(kept))
    body = url_auth(listener_add=backend.url(), cache="1", allow_duplicate_users="1")
    server, api = with_api(store_server(t, body="<console/>" + body))
    playing(t, server)
    asked = 0

    def is_asked_once():
        nonlocal asked
        asked += 1
        wait_for(lambda: listen(server, "jo:right") or len(backend.of("listener_add")) == asked, "it is asked again")
        for _ in range(3):
            listen(server, "jo:right")
        equal(len(backend.of("listener_add")), asked, "questions")

    is_asked_once()
    api.want(201, "POST", "/bans", {"match": {"user": "mallory"}})
    is_asked_once()
    api.want(201, "POST", "/users", {"name": "ann", "role": "viewer"})
    is_asked_once()
    api.want(200, "PATCH", "/users/ann", {"disabled": True})
    is_asked_once()
    server.reload(body='<store type="files" path="%s/records"/><console/>%s' % (server.dir, body))
    is_asked_once()
    # A banned user is out though its answer was kept.
    api.want(201, "POST", "/bans", {"match": {"user": "jo"}})
    wait_for(lambda: server.get("/m", "jo:right").status == 403, "it is out")


@test
def a_ban_and_an_epoch_at_the_master_empty_it_at_the_node(b):
    backend = b.owned(Backend(kept))
    path = b.dir / "server0"
    master = linked_master(b, 11, ["edge12"], redirects="<max-redirect-slaves>0</max-redirect-slaves>",
                           body_more=STORE % {"dir": path}, paths="<state-dir>%s</state-dir>" % path)
    node = edge(b, 12, master, body=url_auth(listener_add=backend.url(), cache="1", allow_duplicate_users="1"),
                paths="<state-dir>%s</state-dir>" % (b.dir / "server1"))
    playing(b, node)
    api = Api(master)
    # Everything that a link begins with has been told when this is.
    api.want(201, "POST", "/users", {"name": "first", "role": "viewer"})
    wait_for(lambda: "epochs/first" in (node.dir / "conf.cache").read_text() if (node.dir / "conf.cache").exists() else False, "the node is told", 10)
    listen(node, "jo:right")
    for what in (lambda: api.want(201, "POST", "/bans", {"match": {"user": "mallory"}}),
                 lambda: api.want(200, "PATCH", "/users/first", {"disabled": True})):
        listen(node, "jo:right")
        asked = len(backend.of("listener_add"))
        listen(node, "jo:right")
        equal(len(backend.of("listener_add")), asked, "questions while nothing changes")
        what()

        def asked_again():
            listen(node, "jo:right")
            return len(backend.of("listener_add")) > asked
        wait_for(asked_again, "it is asked again")
