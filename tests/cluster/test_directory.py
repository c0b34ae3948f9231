"""The reports of a cluster to a directory (YP): they count all its listeners, not only the master's, and continue through
an upgrade."""
import http.server
import threading
import time
import urllib.parse

from bench import LISTENER, Cluster, check, equal, test, wait_for
from link_bench import Feeder
from replacing import upgrade


class Directory:
    """Accepts every stream, two seconds after it was asked, and records the requests."""

    def __init__(self):
        told = self.told = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode().strip()
                told.append(dict(urllib.parse.parse_qsl(body, keep_blank_values=True)))
                time.sleep(2 if told[-1]["action"] == "add" else 0)
                self.send_response(200)
                for name, value in (("YPResponse", "1"), ("YPMessage", "Added"), ("SID", "7"), ("TouchFreq", "30")):
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d/cgi-bin/yp-cgi" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def all(self, action):
        return [one for one in self.told if one["action"] == action]


@test
def a_directory_is_told_the_clusters_listeners(bench):
    directory = bench.owned(Directory())
    c = Cluster(bench, {"e1": ""}, source=False, capacity="",
                root="<directory><yp-url>%s</yp-url></directory>" % directory.url)
    source = c.master.source(lines=["ice-public: 1", "ice-name: Radio"])
    source.play(50)
    bench.owned(Feeder(source, units=2))     # at its real pace: nobody here reads
    wait_for(lambda: directory.all("add"), "it is added: after a minute, as by Icecast", 120)
    # The answer has the number by which the next process touches it.
    upgrade(c.master)
    check("listed by" in c.master.log(), "the process before has heard the answer")
    on_e1 = [c["e1"].listener(source_address=LISTENER) for _ in range(3)]
    relay = c.master.listener(lines=["User-Agent: Icecast 2.4.4"])
    own = c.master.listener(lines=["Authorization: Basic YWRtaW46YWRtLXNlY3JldA=="], source_address=LISTENER)
    wait_for(lambda: c.master.public_source("/live.mp3")["listeners"] == 4, "three there and one here")
    wait_for(lambda: any(one["listeners"] == "4" for one in directory.all("touch")), "it is told", 60)
    # The next process touches what this one has added.
    touched = len(directory.all("touch"))
    upgrade(c.master)
    wait_for(lambda: len(directory.all("touch")) > touched, "it is touched by its number", 60)
    added = directory.all("add")
    equal([(one["sn"], one["listenurl"].endswith("/live.mp3")) for one in added], [("Radio", True)], "added")
    equal({one["sid"] for one in directory.all("touch")}, {"7"}, "touched")
    equal((len(on_e1), relay.head.status, own.head.status), (3, 200, 200), "everybody listens")
