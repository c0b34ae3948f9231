"""The tests of run.py: the page of the cluster, /admin/cluster.xsl."""
import json
import re

import accessibility
from pages import WIDER, WIDTHS, quiet
from harness import ADMIN, check, equal, test, wait_for

import bench
import link_bench

ODD = "/<img src=x onerror=\"document.title='taken'\">.mp3"
ODD_PATH = "/%3Cimg%20src=x%20onerror=%22document.title='taken'%22%3E.mp3"


class Linked:
    """A master, two edges that are linked to it, and a stream."""

    def __init__(self, s):
        self.s = s
        names = {"edge12": 'allow-public="127.0.0.12"', "edge13": 'allow-public="127.0.0.13"'}
        self.master = link_bench.linked_master(s.bench, 11, names, name="m1")
        self.edges = {name: link_bench.edge(s.bench, int(name[-2:]), self.master, capacity='max-listeners="50"') for name in names}
        s.server = self.master
        bench.wait_until_up(self.master, *self.edges)
        source = self.master.source("/live.mp3")
        source.play(20)
        s.bench.owned(link_bench.Feeder(source, units=2))   # at the real rate

    def open(self, server=None):
        server = server or self.master
        self.s.browser.open("http://%s@%s:%d/admin/cluster.xsl" % (ADMIN, server.host, server.port))

    def row(self, name):
        return self.s.browser.find("#nodes tbody tr", name)

    def shows(self, name, *texts):
        self.s.browser.wait(lambda: all(text in self.row(name).text for text in texts), "%s shows %s: %s" % (name, texts, self.row(name).text))


@test
def the_cluster_page_follows_what_happens_without_being_loaded_again(s):
    c = Linked(s)
    c.open()
    s.see("This is node m1, which redirects listeners.", "edge12", "edge13", "3 of 3", "/live.mp3")
    s.browser.script("window.mark = 'the same page'")
    c.shows("edge12", "up", "0 of 50", "linked", "0 %")
    listeners = [c.edges["edge12"].listener("/live.mp3", source_address=bench.LISTENER) for _ in range(5)]
    c.shows("edge12", "5 of 50")
    s.browser.wait(lambda: re.search(r" (9|1\d) %", c.row("edge12").text), "a tenth of its load")
    s.browser.wait(lambda: "edge12 5" in s.browser.find("#mounts tbody tr", "/live.mp3").text, "the mount shows its carrier")
    for listener in listeners:
        listener.close()
    link_bench.kill9(c.edges["edge13"])
    c.s.bench.servers.remove(c.edges["edge13"])
    c.shows("edge13", "dead")
    c.shows("edge12", "0 of 50")
    equal(s.browser.script("return window.mark"), "the same page")
    quiet(s)


@test
def the_cluster_page_explains_a_choice_and_counts_nothing(s):
    c = Linked(s)
    c.open()
    s.see("Where would a listener be sent?", "/live.mp3")
    s.browser.find("#explain input[name=mount]").write("/live.mp3")
    s.browser.find("#explain button").click()
    s.see("To edge1", "the mount needs one more node", "no: weight 0", "\u2190 drawn")
    s.browser.find("#explain input[name=https]").click()
    s.browser.find("#explain button").click()
    s.see("He is served here", "no: no public address for this scheme and address family")
    s.browser.find("#explain input[name=ip]").write("nonsense")
    s.browser.find("#explain button").click()
    s.see("No answer: the server answered 400.")
    equal(s.browser.find("#total-redirects").text, "0")
    s.browser.complaints()  # Chromium notes the 400


@test
def nodes_are_drained_and_serve_again_after_a_question(s):
    c = Linked(s)
    c.open()
    s.see("edge12")
    c.row("edge12").find("summary").click()
    s.browser.script("window.news = 0; const say = fetch; window.fetch = (...a) => { window.news++; return say(...a) }")
    s.browser.wait(lambda: s.browser.script("return window.news") >= 4, "it has asked twice more", 8)
    c.row("edge12").find("form button[value=soft]").click()   # the question has stayed open
    s.see("edge12: ")
    c.shows("edge12", "draining")
    equal(bench.node_at(c.master, "edge12")["state"], "draining", "at the master")
    c.row("edge12").find("button[type=button]").click()
    c.shows("edge12", "up")
    # The entry of this server, with its own command.
    c.row("m1").find("summary").click()
    c.row("m1").find("form button[value=soft]").click()
    wait_for(lambda: "draining (soft)" in c.master.get("/admin/drain", ADMIN).text, "the master drains")
    c.shows("m1", "Serve again")
    c.row("m1").find("button[type=button]").click()
    wait_for(lambda: "not draining" in c.master.get("/admin/drain", ADMIN).text, "the master serves again")
    quiet(s)


@test
def the_cluster_page_fits_and_is_accessible_wherever_it_is_shown(s):
    c = Linked(s)
    c.master.source(ODD_PATH).play(20)
    for name, server, text in (("master", c.master, "/live.mp3"), ("edge", c.edges["edge12"], "Masters of this node")):
        c.open(server)
        s.see(text)
        if name == "master":
            s.see("<img")
            s.browser.find("#explain input[name=mount]").write("/live.mp3")
            s.browser.find("#explain button").click()
            s.see("\u2190 drawn")
            s.browser.script("for (const one of document.querySelectorAll('details')) one.open = true")
        for size, width in WIDTHS.items():
            for dark in (False, True):
                s.browser.look(width, dark)
                where = "%s (%s, %s)" % (name, size, "dark" if dark else "light")
                equal(s.browser.script(WIDER), None, "wider than %d: %s" % (width, where))
                equal(s.browser.script(accessibility.FAULTS), [], "faults of " + where)
                s.browser.screenshot(s.shots / ("cluster-%s-%s-%s.png" % (name, size, "dark" if dark else "light")))
    quiet(s)


@test
def hostile_nodes_do_nothing_to_who_looks_at_them(s):
    c = Linked(s)
    c.master.source(ODD_PATH).play(20)
    c.open()
    s.see(ODD)
    # Every text from a node or a master contains markup.
    state = bench.cluster_json(c.master)
    links = c.edges["edge12"].get("/admin/cluster/links.json", ADMIN).json()

    def poisoned(value):
        if isinstance(value, str):
            return value if value in ("self", "master", "draining") else "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
        if isinstance(value, dict):
            return {key: poisoned(one) for key, one in value.items()}
        return [poisoned(one) for one in value] if isinstance(value, list) else value
    state["nodes"][1]["state"] = "draining"
    s.browser.script("const texts = %s; window.fetch = async where => new Response(texts[String(where).includes('links') ? 1 : 0])"
                     % json.dumps([json.dumps(poisoned(state)), json.dumps(poisoned(links))]))
    s.browser.wait(lambda: s.browser.script("return document.querySelectorAll('#masters tbody tr').length") == 1, "the poison is shown")
    equal(s.browser.script("return document.querySelectorAll('main img, main script, main [onerror]').length"), 0, "elements made of texts")
    check("<img src=x" in s.browser.find("#nodes tbody").text, "the texts are shown as they are")
    equal(s.browser.title, "Cluster - icecast-lb")
    quiet(s)


@test
def the_cluster_page_says_when_it_is_old(s):
    c = Linked(s)
    c.open()
    s.see("edge12")
    c.master.stop()
    s.see("No news: ", "What is shown is old.")
    s.browser.complaints()


@test
def the_cluster_page_keeps_to_the_strict_policy_and_needs_the_administrator(s):
    server = s.start()
    for path in ("/admin/cluster.xsl", "/admin/cluster.js", "/admin/cluster.json", "/admin/cluster/links.json"):
        equal((server.get(path).status, server.get(path, "source:src-secret").status), (401, 401), path)
    page, script = server.get("/admin/cluster.xsl", ADMIN), server.get("/admin/cluster.js", ADMIN)
    check("default-src 'self'; " in page.get("Content-Security-Policy"), page.get("Content-Security-Policy"))
    equal((script.get("Content-Type"), script.get("X-Content-Type-Options")), ("text/javascript; charset=utf-8", "nosniff"), "script")
    s.browser.open(s.url("/admin/cluster.xsl", ADMIN))
    s.see("This server stands alone.")
    quiet(s)
