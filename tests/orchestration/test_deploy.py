"""What lies in deploy/ for containers: the compose file, Kubernetes' manifests; and how the image fills them in."""
import re
import shutil
import subprocess
import sys
import urllib.request

# Debian's module, whichever python3 runs this.
sys.path.append("/usr/lib/python3/dist-packages")
import yaml  # noqa: E402

from harness import Settings, as_nobody, check, equal, free_port, give_away, matches, test, wait_for
from stand import DEPLOY, Program, TOP

NODES = {"PUBLIC_NAME": "radio.example.org", "PUBLIC_DOMAIN": "radio.example.org", "PUBLIC_PORT": "8000",
         "SOURCE_PASSWORD": "src&<secret>\"", "RELAY_PASSWORD": "rel-secret", "ADMIN_PASSWORD": "adm-secret",
         "EDGE_SECRET": "edge-secret", "EDGE1_SECRET": "s1", "EDGE2_SECRET": "s2", "EDGE3_SECRET": "s3", "MASTER": "master",
         "POD_NAME": "icecast-edge-0", "NODE_ID": "edge1", "NODE_SECRET": "s1", "CLIENTS": "500"}


def documents(path):
    return [document for document in yaml.safe_load_all((DEPLOY / path).read_text()) if document]


def of_kind(kind):
    return {d["metadata"]["name"]: d for file in ("edges", "master", "secret")
            for d in documents("kubernetes/%s.yaml" % file) if d["kind"] == kind}


START = TOP / "packaging/container-start"


def fill_in(t, template, environment, *arguments):
    """The start script of the image with a program in place of the server that shows the configuration."""
    tools = t.dir / "tools"
    tools.mkdir(exist_ok=True)
    fake = tools / "icecast-lb"
    fake.write_text("#!/bin/sh\necho \"$*\"\ncat \"$2\"\n")
    fake.chmod(0o755)
    source, target = t.dir / "in.xml", t.dir / "out.xml"
    source.write_text(template)
    done = subprocess.run([START, *arguments], capture_output=True, text=True,
                          env=dict(environment, PATH="%s:/usr/bin:/bin" % tools, ICECAST_TEMPLATE=str(source),
                                   ICECAST_FILLED=str(target)))
    return done.returncode, done.stdout.split("\n", 1), done.stderr


@test
def the_start_script_fills_in_the_environment(t):
    status, out, _ = fill_in(t, "<a>@ONE@@TWO_2@</a>\n<b>user@host @one@ @</b>\n", {"ONE": "x&y<z>\"", "TWO_2": "\\1&"}, "-b")
    equal(status, 0, "status")
    equal(out[0], "-c %s -b" % (t.dir / "out.xml"), "how the server is called")
    equal(out[1], "<a>x&amp;y&lt;z>&quot;\\1&amp;</a>\n<b>user@host @one@ @</b>\n", "the configuration")
    check((t.dir / "out.xml").stat().st_mode & 0o077 == 0, "nobody else reads the passwords")


@test
def the_start_script_names_what_is_not_set(t):
    status, _, said = fill_in(t, "<a/>\n<b>@NOT_THERE@</b>\n", {})
    equal(status, 1, "status")
    matches(r"in\.xml: line 2: the variable NOT_THERE is not set", said)


def check_config(t, template):
    """The template, filled in, is a configuration that the server takes without a complaint."""
    status, out, said = fill_in(t, template, NODES)
    equal((status, said), (0, ""), "the start script")
    (t.dir / "filled.xml").write_text(out[1])
    status, out, said = t.run("--check-config", t.dir / "filled.xml")
    equal(status, 0, "--check-config: " + out + said)
    warnings = [line for line in out.splitlines() if ": warning: " in line and "<source-password>: is not set" not in line]
    equal(warnings, [], "warnings")
    return out


@test
def the_configurations_of_the_containers_are_valid(t):
    for path in ("compose/master.xml.in", "compose/edge.xml.in"):
        check_config(t, (DEPLOY / path).read_text())
    maps = of_kind("ConfigMap")
    equal(set(maps), {"icecast-edge", "icecast-master"}, "ConfigMaps")
    for one in maps.values():
        check_config(t, one["data"]["template.xml"])


@test
def every_variable_of_a_template_is_given(t):
    def variables(text):
        return set(re.findall(r"@([A-Z][A-Z0-9_]*)@", text))
    compose = yaml.safe_load((DEPLOY / "compose/compose.yaml").read_text())["services"]
    for name, service in compose.items():
        template = [v.split(":")[0] for v in service.get("volumes", ()) if v.endswith("/template.xml:ro")]
        if not template:
            continue
        needed = variables((DEPLOY / "compose" / template[0]).read_text())
        equal(needed - set(service["environment"]), set(), "variables that %s lacks" % name)
        asked = set(re.findall(r"\$\{(\w+)\}", str(service["environment"])))
        given = set(re.findall(r"^(\w+)=", (DEPLOY / "compose/env.example").read_text(), re.M))
        equal(asked - given, set(), "variables that env.example lacks")
    secrets = of_kind("Secret")["icecast"]["stringData"]
    for name, stateful in of_kind("StatefulSet").items():
        environment = stateful["spec"]["template"]["spec"]["containers"][0]["env"]
        equal(variables(of_kind("ConfigMap")[name]["data"]["template.xml"]) - {e["name"] for e in environment}, set(),
              "variables that %s lacks" % name)
        for one in environment:
            key = one.get("valueFrom", {}).get("secretKeyRef", {}).get("key")
            check(key is None or key in secrets, "a secret called %s" % key)


@test
def the_manifests_probe_and_drain(t):
    stateful = of_kind("StatefulSet")
    equal(set(stateful), {"icecast-edge", "icecast-master"}, "StatefulSets")
    for name, one in stateful.items():
        spec = one["spec"]["template"]["spec"]
        container = spec["containers"][0]
        equal(container["readinessProbe"]["httpGet"]["path"], "/_lb/health", "readiness of " + name)
        equal(container["livenessProbe"]["httpGet"]["path"], "/_lb/live", "liveness of " + name)
        config = of_kind("ConfigMap")[name]["data"]["template.xml"]
        drain = int(re.search(r'<drain mode="\w+" time="(\d+)s"', config).group(1))
        check(spec["terminationGracePeriodSeconds"] > drain, "time enough to drain " + name)
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        equal(str(ports["icecast"]), re.search(r"<port>(\d+)</port></listen-socket>", config).group(1), "the port")
        check(one["spec"]["selector"]["matchLabels"].items() <= one["spec"]["template"]["metadata"]["labels"].items(),
              "labels of " + name)
    edge = stateful["icecast-edge"]["spec"]
    command = edge["template"]["spec"]["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]
    # The command itself is one that the program understands: it fails for want of a server only.
    status, _, said = t.run(*command[1:2], t.dir / "nothing.xml", *command[3:])
    equal(status, 1, "status of preStop without a server")
    check("usage" not in said and "needs one of" not in said, said)
    services = of_kind("Service")
    equal(services[edge["serviceName"]]["spec"]["clusterIP"], "None", "the edges' service is headless")
    exposed = [port["name"] for service in services.values() if service["spec"].get("type") == "LoadBalancer"
               for port in service["spec"]["ports"]]
    equal(exposed, ["icecast"], "ports for everybody")
    names = set(re.findall(r'<node id="([\w-]+)"', of_kind("ConfigMap")["icecast-master"]["data"]["template.xml"]))
    equal(names, {"icecast-edge-%d" % i for i in range(edge["replicas"])}, "nodes that the master knows")


@test
def compose_waits_for_the_drain(t):
    compose = yaml.safe_load((DEPLOY / "compose/compose.yaml").read_text())["services"]
    for name in ("master", "edge1", "edge2", "edge3"):
        grace = int(compose[name]["stop_grace_period"].rstrip("s"))
        template = "master.xml.in" if name == "master" else "edge.xml.in"
        drain = int(re.search(r'<drain mode="\w+" time="(\d+)s"', (DEPLOY / "compose" / template).read_text()).group(1))
        check(grace > drain, "time enough to drain " + name)
        equal(compose[name]["healthcheck"]["test"], ["CMD", "container-start", "--health"], "its health check")
    scraped = re.search(r"targets: \[(.*)\]", (DEPLOY / "compose/prometheus.yml").read_text()).group(1)
    equal({target.split(":")[0] for target in scraped.split(", ")}, {"master", "edge1", "edge2", "edge3"}, "what is scraped")
    t.call("promtool", "check", "config", "--syntax-only", DEPLOY / "compose/prometheus.yml")


@test
def a_server_started_as_in_a_container_answers_and_drains_on_term(t):
    port = free_port()
    template = (DEPLOY / "compose/edge.xml.in").read_text()
    for old, new in (("<port>8000</port></listen-socket>", "<port>%d</port></listen-socket>" % port),
                     ("/usr/share/icecast-lb", str(t.dir))):
        check(old in template, "the template says " + old)
        template = template.replace(old, new)
    for name in ("web", "admin", "run", "tools"):
        (t.dir / name).mkdir()
    (t.dir / "in.xml").write_text(template)
    (t.dir / "tools/icecast-lb").symlink_to(Settings.binary)
    give_away(t.dir)
    environment = dict(NODES, MASTER="127.0.0.1", PATH="%s:/usr/bin:/bin" % (t.dir / "tools"), ICECAST_PORT=str(port),
                       ICECAST_TEMPLATE=str(t.dir / "in.xml"), ICECAST_FILLED=str(t.dir / "run/icecast.xml"))
    start = t.dir / "tools/container-start"
    shutil.copy(START, start)
    server = Program(as_nobody([str(start)]), t.dir / "server.out", env=environment)
    t.programs.append(server)

    def health():
        try:
            return urllib.request.urlopen("http://127.0.0.1:%d/_lb/health" % port, timeout=2).status == 200
        except OSError:
            return False
    wait_for(lambda: health() or not server.alive(), "it is healthy")
    check(server.alive(), "it lives: " + server.said())
    subprocess.run([start, "--health"], env=environment, check=True)
    # As preStop does, which finds nobody to wait for.
    said = subprocess.run([Settings.binary, "-c", t.dir / "run/icecast.xml", "--drain=move,600"], capture_output=True, text=True)
    equal((said.returncode, said.stderr), (0, "icecast-lb: the server is empty\n"), "preStop")
    server.process.terminate()
    equal(server.process.wait(5), 0, "its status: " + server.said())
    matches("the process ends when it is drained", server.said())
