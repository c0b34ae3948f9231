"""<webhook>: events are sent to an address, signed and in order, and again if it does not accept them."""
import hashlib
import hmac
import json
import re
import time

from console_stub import ROOT
from harness import ADMIN, check, equal, matches, test, wait_for
from http_backend import HttpBackend, send


class Receiver(HttpBackend):
    """answers: the statuses of the next requests; later requests get 204."""

    def __init__(self, t, *answers):
        self.got, self.answers = [], list(answers)
        super().__init__({"POST": self.take})
        self.url = self.address("/hook")
        t.owned(self)

    def take(self, handler):
        self.got.append((handler.path, handler.headers, handler.rfile.read(int(handler.headers["Content-Length"]))))
        status = self.answers.pop(0) if self.answers else 204
        send(handler, status, lines={"Location": "/elsewhere"} if status == 302 else {})

    def events(self):
        return [json.loads(body) for _, _, body in self.got]

    def names(self):
        return [(event["event"], event["subject"]) for event in self.events()]


def hook(url, more=""):
    return '<webhook url="%s" %s/>' % (url, more)


@test
def what_happens_to_a_mount_is_sent_and_signed(t):
    mine, everything = Receiver(t), Receiver(t)
    server = t.server(body=hook(mine.url + "?key=url-secret", 'events="source-connect source-disconnect" mount="/a*" secret="hook-secret"') +
                      hook(everything.url))
    for name in ("/a.mp3", "/b.mp3"):
        server.source(name).close()
    wait_for(lambda: ("source-disconnect", "/b.mp3") in everything.names() and len(mine.got) == 2, "both are told")
    equal(mine.names(), [("source-connect", "/a.mp3"), ("source-disconnect", "/a.mp3")], "what the first is told")
    check(("start", everything.events()[0]["node"]) in everything.names(), "the node's own events: %s" % everything.names())
    path, headers, body = mine.got[0]
    equal(path, "/hook?key=url-secret")
    equal(headers["Content-Type"], "application/json")
    found = matches(r"^t=(\d+),v1=([0-9a-f]{64})$", headers["X-LB-Signature"], "the signature")
    equal(hmac.new(b"hook-secret", found[1].encode() + b"." + body, hashlib.sha256).hexdigest(), found[2], "the signature")
    check(abs(time.time() - int(found[1])) < 60, "its time")
    equal(everything.got[0][1]["X-LB-Signature"], None, "a signature without a secret")
    # The same object as readers of /admin/events get.
    reader = server.wire()
    reader.send("GET /admin/events HTTP/1.0\r\nAuthorization: Basic YWRtaW46YWRtLXNlY3JldA==\r\nLast-Event-ID: other-0\r\n\r\n")
    wanted = b"data: " + body + b"\n"
    check(wanted in reader.take_until(wanted), "the same object")
    reader.close()
    check("hook-secret" not in server.log() and "url-secret" not in server.log(), "no secret is in the log")
    status, out, errors = t.run("--dump-config", server.config)
    check("hook-secret" not in out and "url-secret" not in out, "no secret is printed")
    matches(r"^icecast_webhook_events_total %d$" % (len(mine.got) + len(everything.got)), server.get("/metrics", ADMIN).text)


@test
def what_is_not_taken_is_sent_again_in_order(t):
    receiver = Receiver(t, 500, 302)
    server = t.server(body=hook(receiver.url + "?key=url-secret", 'events="source-connect source-disconnect"'))
    server.source("/a.mp3").close()
    server.wait_until_gone("/a.mp3")
    server.source("/b.mp3").close()
    # After 1 and after 10 seconds.
    wait_for(lambda: len(receiver.got) >= 6, "all are told: %s" % receiver.names(), 20)
    equal(receiver.names(), [("source-connect", "/a.mp3")] * 3 + [("source-disconnect", "/a.mp3"), ("source-connect", "/b.mp3"),
                                                                ("source-disconnect", "/b.mp3")], "in order")
    equal({path for path, _, _ in receiver.got}, {"/hook?key=url-secret"}, "redirects are not followed")
    equal(len({event["id"] for event in receiver.events()}), 4, "the same event has the same id")
    matches(r"WARN main/webhook http://127\.0\.0\.1:\d+/hook did not take the event source-connect of /a\.mp3 \(status 500\); "
            r"it is sent again 3 times, within 71 s", server.log())
    matches(r"INFO main/webhook http://127\.0\.0\.1:\d+/hook takes events again; 0 were given up so far", server.log())
    equal(server.log().count("did not take"), 1, "lines of one outage")
    check("url-secret" not in server.log(), "no key is in the log")


@test
def a_reload_changes_who_is_told(t):
    before, behind = Receiver(t), Receiver(t)
    server = t.server(body=hook(before.url))
    server.reload(body=hook(behind.url))
    wait_for(lambda: any(name == "reload" for name, _ in behind.names()), "the reload is told")
    server.source("/a.mp3").close()
    wait_for(lambda: ("source-disconnect", "/a.mp3") in behind.names(), "what comes after it")
    check(all(subject != "/a.mp3" for _, subject in before.names()), "and to the other no more: %s" % before.names())


@test
def an_address_that_takes_nothing_holds_up_no_stream(t):
    server = t.server(body=hook("http://127.0.0.1:9/") + hook("http://nowhere.invalid/"))
    source = server.source("/a.mp3")
    sent = source.play(200)
    check(server.listener("/a.mp3").read(100 * 384) in sent, "what came differs from what was sent")


@test
def names_that_are_wrong_are_told_beforehand(t):
    server = t.unstarted_server(body=hook("ftp://example.org/", 'events="titel start"') + hook("https://example.org/"))
    server.write_config()
    status, out, errors = t.run("--check-config", server.config)
    said = out + errors
    matches(r"<webhook>: its url is not an http or https address; nothing is sent", said)
    matches(r"<webhook>: there is no event titel; did you mean title\?", said)
    equal(said.count("<webhook>"), 2, said)
    # Each event of the page is one that can be named.
    page = (ROOT / "doc/orchestration.md").read_text()
    rows = page[page.index("- `start`, `stop` (of the node)"):page.index("`<webhook>` (repeatable)")]
    names = {name for row in re.findall(r"^- ((?:`[a-z-]+`(?:, )?)+)(?: \(|:)", rows, re.M) for name in re.findall(r"`([a-z-]+)`", row)}
    check(len(names) > 25, names)
    server.write_config(body=hook("https://example.org/", 'events="%s"' % " ".join(sorted(names))))
    status, out, errors = t.run("--check-config", server.config)
    check("<webhook>" not in out + errors, out + errors)
