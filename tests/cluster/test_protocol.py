"""doc/protocol.md is true: its transcripts are replayed.  The configurations of doc/cluster.md work unchanged."""
import pathlib
import re

from bench import ADMIN, LISTENER, Site, ask_and_close, check, equal, harness, node_at, start, test, wait_for, wait_until_up
from link_bench import link_port
from pull_bench import locked, mark, mark_of_master, now

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
MASTER = """<max-redirect-slaves>-1</max-redirect-slaves>
<cluster><id>m1</id><balance hold="0" affinity="0"/><capacity self-weight="0"/>
  <node id="edge3" secret="s-edge3" allow-public="edge3.example.org:8000"/>
  %s</cluster>%s"""
LEGACY = '<legacy-slave address="127.0.0.1" public="old.example.org:8000"/>'


def exchanges():
    text = (TOP / "doc/protocol.md").read_text()
    return dict(re.findall(r"^```exchange (\S+)\n(.*?)^```$", text, re.M | re.S))


def lines_of(block, mark):
    return [line[2:] for line in block.splitlines() if line == mark or line.startswith(mark + " ")]


def sent(block):
    """The bytes: a head in CRLF, a body in LF."""
    lines = lines_of(block, ">")
    end = lines.index("")
    head, body = lines[:end], lines[end + 1:]
    return ("\r\n".join(head) + "\r\n\r\n" + "".join(line + "\n" for line in body)).encode()


def pattern_of(line):
    return ".*".join(re.escape(part) for part in line.split("*")) if line != "Access-Control-Allow-Origin: *" else re.escape(line)


def matches_block(block, data, name):
    got = data.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
    for number, line in enumerate(lines_of(block, "<")):
        if line == "*":  # and whatever follows
            return
        check(number < len(got) and re.fullmatch(pattern_of(line), got[number]),
              "%s, line %d is %r, the page says %r" % (name, number + 1, got[number:number + 1], line))


def signed(request, master):
    """The page's mark was valid at its time; this replaces it by a valid one for this master."""
    form = rb"(edge3\.9f3c21aa; to=)(\S+)(; n=17; t=)(\d+)(; mac=)(\w{64})"
    found = re.search(form, request)
    equal(mark("edge3", "s-edge3", "m1.77e0aa01", 17, 1792540800, "/locked.mp3").encode(), found.group(0), "the page's mark")
    return re.sub(form, mark("edge3", "s-edge3", mark_of_master(master, "/rock.mp3"), 17, now(), "/locked.mp3").encode(), request)


def replay(bench, names, legacy=""):
    blocks = exchanges()
    master = start(bench, Site(11), MASTER % (legacy, locked(bench, "/locked.mp3")))
    master.source(mount="/rock.mp3").play(50)
    for name in names:
        if name == "pull":  # not before: the list has one stream
            master.source(mount="/locked.mp3").play(50)
        wire = master.wire(source_address=LISTENER if name == "redirect" else None)
        wire.send(signed(sent(blocks[name]), master) if name == "pull" else sent(blocks[name]))
        data = wire.take_until(b"\r\n\r\n")
        if name not in ("relay", "pull"):
            data += wire.take_all()
        matches_block(blocks[name], data, name)
        wire.close()


@test
def the_transcripts_of_our_own_nodes_are_true(bench):
    replay(bench, ["report", "report-for-another-address", "list", "redirect", "relay", "circle", "pull", "pull-refused", "leaving"])


@test
def the_transcripts_of_older_slaves_are_true(bench):
    replay(bench, ["report-of-the-patch", "kh-streams", "kh-list"], LEGACY)


@test
def every_transcript_is_replayed(bench):
    equal(sorted(exchanges()), sorted(["report", "report-for-another-address", "list", "redirect", "relay", "circle", "pull", "pull-refused", "leaving",
                                       "report-of-the-patch", "kh-streams", "kh-list"]), "transcripts")
    harness.Settings.started += 1


def configurations():
    return re.findall(r"^```xml\n(.*?)^```$", (TOP / "doc/cluster.md").read_text(), re.M | re.S)


@test
def the_configurations_of_the_page_are_valid(bench):
    blocks = configurations()
    equal(len(blocks), 7, "configurations: four servers, countries, a limit over all nodes, and the end of too many")
    beginner = re.findall(r"^```xml\n(<(?:cluster|master)>.*?)^```$", (TOP / "doc/getting-started.md").read_text(), re.M | re.S)
    equal(len(beginner), 2, "configurations for beginners")
    blocks += [block.replace("SECRET", "secret-of-edge1") for block in beginner]
    for number, block in enumerate(blocks):
        path = bench.dir / ("page%d.xml" % number)
        path.write_text("<icecast><hostname>x.example.org</hostname><limits><clients>6000</clients></limits><authentication>"
                        "<source-password>src-secret</source-password><admin-user>admin</admin-user>"
                        "<admin-password>adm-secret</admin-password></authentication><paths><logdir>/tmp</logdir></paths>"
                        + block + "</icecast>")
        status, out, err = bench.run("--check-config", path, "--elsewhere")
        equal((status, "valid" in out + err), (0, True), out + err)
        check("warning" not in out + err, out + err)


def placed(block, sites, links):
    """A configuration of the page, for this machine: names become addresses, ports become free ones."""
    for name, site in sites.items():
        block = re.sub(r'"%s\.example\.org:8000(,8443)?"' % name, '"%s"' % site.address, block)
        block = block.replace(name + ".example.org:8000", site.address)
        block = re.sub(r"<server>%s\.example\.org</server>(<port>8000</port>)?<cluster-port>8100" % name,
                       lambda found: "<server>%s</server>%s<cluster-port>%d" % (
                           site.host, "<port>%d</port>" % site.port if found[1] else "", links[name]), block)
    return block


@test
def the_master_and_the_slave_of_the_page_find_each_other(bench):
    sites, links = {"m1": Site(11), "edge1": Site(12)}, {"m1": link_port()}
    block = placed(configurations()[0], sites, links).replace("<cluster-port>8100", "<cluster-port>%d" % links["m1"])
    master = start(bench, sites["m1"], block)
    master.source(mount="/rock.mp3").play(100)
    edge = start(bench, sites["edge1"], placed(configurations()[1], sites, links))
    wait_until_up(master, "edge1")
    row = node_at(master, "edge1")
    equal((row["kind"], row["tags"], row["capacity"]["listeners"]), ("link", ["eu", "premium"], 5000), "edge1 at the master")
    targets = [ask_and_close(master, "/rock.mp3").get("Location") or "" for _ in range(40)]
    check(any("//%s/rock.mp3" % sites["edge1"].address in target for target in targets), "redirects: %s" % targets)
    edge.listener("/rock.mp3", source_address=LISTENER).read(384)


@test
def the_peers_of_the_page_find_each_other(bench):
    names = ["p1", "p2", "p3"]
    sites = {name: Site(11 + i) for i, name in enumerate(names)}
    links = {name: link_port() for name in names}
    servers = {}
    for i, name in enumerate(names):
        # p1 stands on the page: the others have its place in turn.
        turn = dict(zip(names, names[i:] + names[:i]))
        block = re.sub(r"\bp([123])\b", lambda found: turn["p" + found[1]], configurations()[2])
        block = placed(block, sites, links).replace("<cluster-port>8100", "<cluster-port>%d" % links[name])
        servers[name] = start(bench, sites[name], block)
    for name in names:
        wait_until_up(servers[name], *(other for other in names if other != name))
    servers["p2"].source(mount="/rock.mp3").play(100)
    for name in names:
        wait_for(lambda: "/rock.mp3" in servers[name].get("/admin/listmounts", ADMIN).text, "%s has the mount of p2" % name)
