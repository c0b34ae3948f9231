"""Prometheus scrapes the metrics, and its rules and the dashboard use only existing ones."""
import json
import os
import re
import urllib.error
import urllib.parse
import urllib.request

from harness import ADMIN, check, equal, free_port, listen_socket, test, wait_for
from harness import Skip
from stand import DEPLOY, from_deploy, name_server

TARGETS = "[m1.example.org:8000, edge1.example.org:8000, edge2.example.org:8000]"
# Labels that Prometheus adds to each metric.
ADDED = {"instance", "job"}


def known_metrics(t):
    """{name: names of its labels}"""
    _, page, _ = t.run("--dump-reference", "metrics")
    return {name: set(labels.split(",")) for name, labels in re.findall(r"^- `(\w+)`(?:\{([\w,]*)\})?", page, re.M)}


def used_metrics(expression):
    return set(re.findall(r"\b((?:icecast|lb|process)_\w+)\b(?!\s*=)", expression))


def check_metrics(t, expression):
    """Each metric exists, and each selector names labels that it has, or that Prometheus adds; the metrics."""
    known, used = known_metrics(t), used_metrics(expression)
    equal(used - set(known), set(), "numbers that nobody tells")
    for name, selector in re.findall(r"\b(\w+)\{([^{}]*)\}", expression):
        labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector))
        if name in known:
            equal(labels - known[name] - ADDED, set(), "labels that %s does not have" % name)
    return used


def prometheus(t, changes, wrapped=()):
    """A Prometheus with the configuration of deploy/, run by the program `wrapped` if given; its port."""
    port = free_port()
    (t.dir / "prometheus.yml").write_text(from_deploy("prometheus/prometheus.yml", *changes))
    (t.dir / "alerts.yml").write_text(from_deploy("prometheus/alerts.yml"))
    (t.dir / "data").mkdir()
    return port, t.program(*wrapped, "prometheus", "--config.file", t.dir / "prometheus.yml", "--storage.tsdb.path",
                           t.dir / "data", "--web.listen-address", "127.0.0.1:%d" % port)


def api(port, path, **parameters):
    url = "http://127.0.0.1:%d/api/v1/%s?%s" % (port, path, urllib.parse.urlencode(parameters))
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return json.load(answer)["data"]
    except (urllib.error.URLError, ConnectionError):
        return None


def ask(port, expression):
    """{labels as text: value}, or {} while it has no value."""
    data = api(port, "query", query=expression)
    return {json.dumps(row["metric"], sort_keys=True): float(row["value"][1]) for row in (data or {"result": []})["result"]}


@test
def promtool_finds_no_fault_in_the_numbers_of_a_busy_server(t):
    t.call("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "90",
           "-subj", "/CN=radio.example", "-keyout", t.dir / "key.pem", "-out", t.dir / "cert.pem")
    pem = t.dir / "tls.pem"
    pem.write_text((t.dir / "cert.pem").read_text() + (t.dir / "key.pem").read_text())
    server = t.server(limits="<clients>100</clients><sources>20</sources><threads>2</threads>",
                      paths="<ssl-certificate>%s</ssl-certificate>" % pem,
                      body="<relay><server>127.0.0.1</server><port>%d</port><mount>/far.mp3</mount></relay>" % free_port())
    source = server.source()
    listener = server.listener()
    listener.read_until(source.play(50))
    for i, name in enumerate(("/caf%C3%A9.opus", "/q%22uote.opus", "/a%20b.opus")):
        server.source(name, "opus", tag=str(i))
    text = server.get("/metrics").body
    check(b"icecast_tls_certificate_expiry_timestamp_seconds{" in text, "a certificate")
    equal(t.call("promtool", "check", "metrics", given=text), "", "promtool check metrics")


@test
def promtool_finds_no_fault_in_the_rules_and_their_tests_pass(t):
    folder = DEPLOY / "prometheus"
    for arguments in (("check", "rules", folder / "alerts.yml"), ("test", "rules", folder / "alerts_test.yml"),
                      ("check", "config", folder / "prometheus.yml")):
        check("SUCCESS" in t.call("promtool", *arguments), "promtool %s" % " ".join(map(str, arguments)))


@test
def the_rules_use_only_numbers_that_there_are(t):
    check(len(known_metrics(t)) > 40, "a table of metrics")
    used = set.union(*(check_metrics(t, (DEPLOY / "prometheus" / name).read_text()) for name in ("alerts.yml", "alerts_test.yml")))
    check(len(used) >= 12, "rules about many numbers")
    check(any(name.startswith("lb_") for name in used), "rules about recordings")


def expressions(node):
    """All PromQL of a dashboard."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "expr":
                yield value
            else:
                yield from expressions(value)
    elif isinstance(node, list):
        for value in node:
            yield from expressions(value)


@test
def the_dashboard_asks_only_for_numbers_that_there_are_and_in_valid_words(t):
    dashboard = json.loads((DEPLOY / "grafana/icecast-lb.json").read_text())
    found = list(expressions(dashboard))
    check(len(found) >= 25, "a dashboard with panels")
    queries = " ".join(variable["query"] for variable in dashboard["templating"]["list"])
    check_metrics(t, " ".join(found) + " " + queries)
    # Grafana fills in its variables; promtool knows whether the rest is PromQL.
    rules = [{"record": "panel:%d" % i, "expr": e.replace("$__rate_interval", "5m")} for i, e in enumerate(found)]
    file = t.dir / "panels.yml"
    file.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    check("SUCCESS: %d rules" % len(rules) in t.call("promtool", "check", "rules", file), "promtool check rules")
    places = [tuple(panel["gridPos"][k] for k in "xywh") for panel in dashboard["panels"]]
    for i, (x, y, w, h) in enumerate(places):
        check(x + w <= 24, "a panel that fits: %r" % dashboard["panels"][i]["title"])
        for x2, y2, w2, h2 in places[:i]:
            check(x + w <= x2 or x2 + w2 <= x or y + h <= y2 or y2 + h2 <= y,
                  "panels side by side: %r" % dashboard["panels"][i]["title"])


@test
def prometheus_reads_the_numbers_and_fires_an_alert(t):
    servers = [t.server(sockets=listen_socket(free_port())) for _ in range(2)]
    sources = [server.source() for server in servers]
    listeners = [servers[0].listener() for _ in range(3)] + [servers[1].listener()]
    listeners[0].read_until(sources[0].play(20))
    addresses = ["127.0.0.1:%d" % server.port for server in servers]
    port, program = prometheus(t, [(TARGETS, json.dumps(addresses)), ("15s", "1s")])
    wait_for(lambda: list(ask(port, "sum(icecast_listeners)").values()) == [4], "it has read all: " + program.said(), 30)
    by_node = ask(port, "sum by (instance) (icecast_server_listeners)")
    equal({json.loads(key)["instance"]: value for key, value in by_node.items()}, dict(zip(addresses, (3, 1))), "listeners")
    rows = api(port, "query", query="icecast_source_up")["result"]
    equal({(row["metric"]["mount"], row["metric"]["cluster"], row["value"][1]) for row in rows},
          {("/live.mp3", "main", "1")}, "sources")
    check("listenurl" not in rows[0]["metric"], "labels that were dropped")
    meta = api(port, "metadata", metric="icecast_listeners")
    equal(meta["icecast_listeners"][0]["type"], "gauge", "its type")
    servers[1].get("/admin/drain?mode=soft", ADMIN)
    wait_for(lambda: ask(port, 'icecast_node_state{state="draining",instance="%s"} == 1' % addresses[1]), "it drains")
    servers[1].stop()
    wait_for(lambda: any(json.loads(key)["alertname"] == "IcecastDown"
                         for key in ask(port, 'ALERTS{alertname="IcecastDown",instance="%s"}' % addresses[1])),
             "the alert is raised", 15)
    equal(ask(port, 'ALERTS{alertname="IcecastDown",instance="%s"}' % addresses[0]), {}, "alerts about the other")


@test
def prometheus_finds_servers_by_their_srv_records(t):
    if os.getuid() != 0:
        raise Skip("a name server on port 53 and a resolv.conf of one's own need root")
    address = "127.0.53.1"
    servers = [t.server(sockets=listen_socket(free_port())) for _ in range(2)]
    names = name_server(t, address, 53, [("n%d" % i, server.port) for i, server in enumerate(servers)])
    (t.dir / "resolv.conf").write_text("nameserver %s\n" % address)
    wrapped = ("unshare", "--mount", "sh", "-c",
               "mount --bind %s /etc/resolv.conf && exec \"$@\"" % (t.dir / "resolv.conf"), "sh")
    port, program = prometheus(t, [
        ("    static_configs:\n      - targets: " + TARGETS + "\n        labels:\n          cluster: main\n", ""),
        ("    # dns_sd_configs:\n    #   - names: [_icecast._tcp.example.org]\n    #     refresh_interval: 30s\n",
         "    dns_sd_configs:\n      - names: [_icecast._tcp.example.org]\n        refresh_interval: 1s\n"), ("15s", "1s")], wrapped)
    wait_for(lambda: list(ask(port, "sum(up)").values()) == [2], "both are read: " + names.said() + program.said(), 20)
    instances = {json.loads(key)["instance"] for key in ask(port, "icecast_up")}
    equal(instances, {"n%d.example.org:%d" % (i, server.port) for i, server in enumerate(servers)}, "instances")
