"""The files of deploy/ for containers: the compose file, Kubernetes' manifests, and the start script of the image that
fills them in."""
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
         "EDGE_SECRET": "secret-of-edges", "EDGE0_SECRET": "secret-of-edge0", "EDGE1_SECRET": "secret-of-edge1", "EDGE2_SECRET": "secret-of-edge2", "EDGE3_SECRET": "secret-of-edge3", "MASTER": "master",
         "POD_NAME": "icecast-edge-0", "NODE_ID": "edge1", "NODE_SECRET": "secret-of-edge1", "CLIENTS": "500"}


def documents(path):
    return [document for document in yaml.safe_load_all((DEPLOY / path).read_text()) if document]


def made(script, *arguments):
    """The output of a script of deploy/."""
    return subprocess.run([DEPLOY / script, *arguments], capture_output=True, text=True, check=True).stdout


def of_kind(kind):
    secrets = [d for d in yaml.safe_load_all(made("kubernetes/make-secret")) if d]
    return {d["metadata"]["name"]: d for d in secrets + [d for file in ("edges", "master", "network", "podmonitor")
                                                         for d in documents("kubernetes/%s.yaml" % file)] if d["kind"] == kind}


START = TOP / "deploy/container/container-start"


def fill_in(t, template, environment, *arguments):
    """The start script of the image, with a program that prints the configuration in place of the server."""
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
def the_start_script_reads_mounted_secrets_and_passes_none_on(t):
    (t.dir / "secret").write_text("from a file\n")
    status, out, said = fill_in(t, "<a>@EDGE_SECRET@</a>\n", {"EDGE_SECRET_FILE": str(t.dir / "secret")})
    equal((status, out[1]), (0, "<a>from a file</a>\n"), "the configuration " + said)
    (t.dir / "tools/icecast-lb").write_text("#!/bin/sh\nenv\n")
    done = subprocess.run([START], capture_output=True, text=True, check=True, env={
        "PATH": "%s:/usr/bin:/bin" % (t.dir / "tools"), "ICECAST_TEMPLATE": str(t.dir / "in.xml"), "EDGE_SECRET": "hunter2",
        "ICECAST_ADMIN_PASSWORD": "hunter2", "ICECAST_FILLED": str(t.dir / "out.xml")})
    check("hunter2" not in done.stdout and "PATH=" in done.stdout, "what the server gets: " + done.stdout)


@test
def the_start_script_names_what_is_not_set(t):
    status, _, said = fill_in(t, "<a/>\n<b>@NOT_THERE@</b>\n", {})
    equal(status, 1, "status")
    matches(r"in\.xml: line 2: the variable NOT_THERE is not set", said)


def check_config(t, template):
    """The filled template is a configuration that the server accepts without a complaint."""
    status, out, said = fill_in(t, template, NODES)
    equal((status, said), (0, ""), "the start script")
    (t.dir / "filled.xml").write_text(out[1])
    status, out, said = t.run("--check-config", t.dir / "filled.xml", "--elsewhere")
    equal(status, 0, "--check-config: " + out + said)
    # Of certificates that the container mounts there are none here.
    fine = ("<source-password>: is not set", "/etc/icecast-tls/")
    warnings = [line for line in out.splitlines() if ": warning: " in line and not any(word in line for word in fine)]
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
    asked = set(re.findall(r"\$\{(\w+):\?", str(compose)))
    check("GRAFANA_PASSWORD" in asked and "${PUBLIC_NAME}" not in str(compose), "each variable has to be set: %s" % asked)
    equal(asked, set(re.findall(r"^(\w+)=", made("compose/make-env"), re.M)), "what make-env sets")
    secrets = {name: one["stringData"] for name, one in of_kind("Secret").items()}
    for name, stateful in of_kind("StatefulSet").items():
        environment = stateful["spec"]["template"]["spec"]["containers"][0]["env"]
        equal(variables(of_kind("ConfigMap")[name]["data"]["template.xml"]) -
              {e["name"].removesuffix("_FILE") for e in environment}, set(), "variables that %s lacks" % name)
        for one in environment:
            ref = one.get("valueFrom", {}).get("secretKeyRef")
            check(ref is None or ref["key"] in secrets[ref["name"]], "a secret called %s" % ref)


@test
def no_password_is_shipped_and_each_is_another(t):
    everything = "".join(path.read_text() for path in DEPLOY.rglob("*") if path.is_file())
    for old in ("change-me", "hackme", "admin/admin"):
        check(old not in everything, "no file of deploy/ has " + old)
    made_up = re.findall(r"=(\w{32})$", made("compose/make-env"), re.M) + \
        re.findall(r": (\w{32})$", made("kubernetes/make-secret", "5"), re.M)
    equal((len(made_up), len(set(made_up))), (7 + 3 + 5, 15), "passwords, all different")
    images = re.findall(r"image: (\S+)", everything)
    check(all(re.search(r":v?\d+\.\d+", image) for image in images), "images of a named version: %s" % images)
    from_lines = re.findall(r"^ARG BASE=(\S+)", (TOP / "deploy/container/Containerfile").read_text(), re.M)
    equal(len(from_lines), 1, "images that the image stands on")
    check(all(re.search(r":\d+\.\d+", image) for image in from_lines), "and %s" % from_lines)


@test
def each_edge_has_its_own_secret_and_the_cluster_port_is_theirs_alone(t):
    edge = of_kind("StatefulSet")["icecast-edge"]["spec"]
    container = edge["template"]["spec"]["containers"][0]
    mount = {m["name"]: m for m in container["volumeMounts"]}["secrets"]
    given = {e["name"]: e.get("value") for e in container["env"]}
    equal((mount["subPathExpr"], mount["mountPath"]), ("$(POD_NAME)", given["EDGE_SECRET_FILE"]), "the mounted secret")
    equal(set(of_kind("Secret")["icecast-edges"]["stringData"]), {"icecast-edge-%d" % i for i in range(edge["replicas"])},
          "one for each pod")
    policies = of_kind("NetworkPolicy")
    for name, stateful in of_kind("StatefulSet").items():
        labels = stateful["spec"]["template"]["metadata"]["labels"]
        policy = [p["spec"] for p in policies.values() if p["spec"]["podSelector"]["matchLabels"].items() <= labels.items()]
        equal(len(policy), 1, "policies of " + name)
        public = {port["port"] for rule in policy[0]["ingress"] if "from" not in rule for port in rule["ports"]}
        ports = {port["containerPort"] for port in stateful["spec"]["template"]["spec"]["containers"][0]["ports"]}
        equal(public, ports - {8100}, "ports for everybody of " + name)
    rule = [r for r in policies["icecast-master"]["spec"]["ingress"] if "from" in r][0]
    equal(rule, {"from": [{"podSelector": {"matchLabels": {"app": "icecast", "role": "edge"}}}], "ports": [{"port": 8100}]},
          "who reaches the cluster port")


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
        equal(str(ports["https"]), re.search(r"<port>(\d+)</port><ssl>1</ssl>", config).group(1), "the port for https")
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
    equal(exposed, ["icecast", "https"], "ports for everybody")
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
