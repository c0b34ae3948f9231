"""The commands of each page, in the order in which a reader pastes them."""
import pathlib
import re

from harness import check, equal, matches, test
from page import TOP, Page, blocks

BUILDING = "the stages release and distcheck build and install; here the program is where they put it"
CONFIG = "/etc/icecast-lb/icecast-lb.xml"


def pids(machine, program):
    """The processes of the machine that run the program."""
    return machine.shell("for exe in /proc/[0-9]*/exe; do case $(readlink $exe) in */%s) echo $exe | cut -d/ -f3;; esac; done" % program).split()


def owner(machine, pid):
    return machine.shell("stat -c %%U /proc/%s" % pid).strip()


def make_music(machine, name, arguments="-c:a libmp3lame -b:a 128k", seconds=20):
    machine.shell("mkdir -p $(dirname %s); ffmpeg -v error -f lavfi -i sine=frequency=440:duration=%d %s -y %s" % (name, seconds, arguments, name))


@test
def migration_takes_over_from_debians_icecast2_and_goes_back(machine):
    take_over(machine, packaged=False)


@test
def migration_takes_over_where_our_package_runs_beside_icecast2(machine):
    take_over(machine, packaged=True)


def take_over(machine, packaged):
    machine.start()
    page = Page("doc/migration.md", machine, [
        ("docker cp", "there is no AzuraCast on a machine of the tests; the next command gets a file that AzuraCast would write"),
        ("docker compose", "there is no docker on a machine of the tests"),
    ])
    check(machine.path("/etc/icecast2/icecast.xml").exists(), "Debian's icecast2 is not installed")
    machine.shell("systemctl start icecast2")
    machine.says("curl -s http://localhost:8000/status.xsl", "Icecast")
    equal(len(pids(machine, "icecast2")), 1, "icecast2's processes")

    page.run("packaging/icecast-lb.service")
    if packaged:  # what its installation leaves: a first configuration, in use on port 8010
        machine.write(CONFIG, blocks("README.md", "xml")[0].replace("change-me", "first").replace("8000", "8010"))
        machine.shell("systemctl start icecast-lb; curl -sf -o /dev/null http://localhost:8010/status.xsl")
    page.run("--import /etc/icecast2/icecast.xml")
    equal(pids(machine, "icecast2"), [], "icecast2's processes")
    running, = pids(machine, "icecast-lb")
    equal(owner(machine, running), "icecast-lb", "the user of the server")
    equal(machine.shell("stat -c '%%U:%%G %%a' %s" % CONFIG).strip(), "root:icecast-lb 640", "the configuration")
    text = machine.path(CONFIG).read_text()
    password = re.search("<source-password>(.*?)<", text).group(1)
    matches("Icecast", machine.shell("curl -sf http://localhost:8000/status.xsl"), "the status page")
    make_music(machine, "/root/music.mp3")
    machine.shell("ffmpeg -v error -re -i /root/music.mp3 -vn -c copy -content_type audio/mpeg -f mp3 "
                  "icecast://source:%s@localhost:8000/live.mp3 >/dev/null 2>&1 </dev/null &" % password)
    machine.says("curl -s -m1 http://localhost:8000/live.mp3 | wc -c", r"^\d{4,}")
    matches("GET /status.xsl", machine.path("/var/log/icecast-lb/access.log").read_text(), "the access log")

    page.run("disable --now icecast-lb")
    equal(pids(machine, "icecast-lb"), [], "our processes")
    equal(len(pids(machine, "icecast2")), 1, "icecast2's processes after going back")
    machine.says("curl -s http://localhost:8000/status.xsl", "Icecast")

    machine.shell("mkdir /root/station && cp tests/config/azuracast.xml /root/station/icecast.xml")
    said = page.run("--import icecast.xml", cwd="/root/station", changed=lambda line: line + " || [ $? = 2 ]")
    matches("taken", said, "what is said of AzuraCast's file")
    page.end()


def beginner(machine, page="doc/getting-started.md"):
    """Writes the page's first configuration to the file that the page names."""
    text = next(block for block in blocks(page, "xml") if block.startswith("<icecast>"))
    machine.write(CONFIG, text)
    return text


MAKE_USER = "useradd --system --user-group icecast-lb; install -d -o icecast-lb -g icecast-lb -m 750 /var/log/icecast-lb; " \
            "sed 's|/usr/bin/|/usr/local/bin/|' packaging/icecast-lb.service >/etc/systemd/system/icecast-lb.service; " \
            "chown root:icecast-lb %s" % CONFIG


def serve(machine, *more, sockets=""):
    """A server as it is after getting-started.md, with more in its configuration."""
    text = beginner(machine)
    text = text.replace("</icecast>", "\n".join(more) + "\n</icecast>").replace("<listen-socket>", sockets + "<listen-socket>", 1)
    machine.write(CONFIG, text)
    machine.shell(MAKE_USER + "; systemctl start icecast-lb")


@test
def getting_started_goes_on_the_air(machine):
    machine.start()
    page = Page("doc/getting-started.md", machine, [
        (r"install-packages|autogen|configure|make -j", BUILDING),
    ])
    page.run("make install")
    beginner(machine)
    matches("icecast-lb.xml: valid", page.run("--check-config"), "what is said of the first configuration")
    page.run("sudo -u icecast-lb icecast-lb -c", endless=["icecast-lb -c"])
    machine.says("cat /tmp/endless", "^icecast-lb ready: port 8000$")
    machine.shell("kill -INT $(pidof icecast-lb); while pidof icecast-lb; do sleep 0.05; done")
    page.run("systemctl enable --now")
    running, = pids(machine, "icecast-lb")
    equal(owner(machine, running), "icecast-lb", "the user of the server")

    make_music(machine, "/root/music.mp3")
    page.run("ffmpeg -re", endless=["ffmpeg"], cwd="/root")
    machine.says("curl -s http://radio.example.org:8000/status-json.xsl", "live.mp3")
    matches('"server_name":"My Radio"', page.run("status-json.xsl", changed=lambda line: line.replace(
        "mpv ", "timeout 20 mpv --no-config --no-video --ao=null --length=1 ")), "the statistics")
    for address in ("live.mp3.m3u", ""):
        machine.shell("curl -sf http://radio.example.org:8000/%s" % address)

    # What most stations want next, and the second server.
    parts = [block for block in blocks("doc/getting-started.md", "xml") if not block.startswith("<icecast>")]
    equal(len(parts), 3, "further configurations of the page")
    first = beginner(machine).replace("</icecast>", parts[0] + parts[1] + "</icecast>")
    machine.write(CONFIG, first)
    machine.shell("systemctl restart icecast-lb; cp -a /etc/icecast-lb /etc/edge1; install -d -o icecast-lb /var/log/edge1")
    second = beginner(machine).replace("radio.example.org", "edge1.example.org").replace(
        "<port>8000</port>", "<port>8000</port><bind-address>127.0.0.2</bind-address>").replace("/var/log/icecast-lb", "/var/log/edge1")
    machine.write(CONFIG, first.replace("<port>8000</port>", "<port>8000</port><bind-address>127.0.0.1</bind-address>"))
    machine.write("/etc/edge1/icecast-lb.xml", second.replace("</icecast>", parts[0] + parts[2] + "</icecast>"))
    machine.shell("systemctl restart icecast-lb; runuser -u icecast-lb -- icecast-lb -c /etc/edge1/icecast-lb.xml >/tmp/edge1 2>&1 &")
    machine.says("curl -s -u admin:ADMIN-PASSWORD http://radio.example.org:8000/admin/cluster.json", '"edge1"')
    machine.shell("ffmpeg -v error -re -stream_loop -1 -i /root/music.mp3 -vn -c copy -content_type audio/mpeg -f mp3 "
                  "icecast://source:SOURCE-PASSWORD@radio.example.org:8000/live.mp3 >/dev/null 2>&1 </dev/null &")
    machine.says("curl -sI -X GET http://radio.example.org:8000/live.mp3", "HTTP/1.[01] (200|302)")
    machine.says("for i in 1 2 3 4 5 6; do curl -sI -X GET -A player$i http://radio.example.org:8000/live.mp3; done",
                 "(?i)location: http://edge1.example.org:8000/live.mp3")
    # What the first answers to one more: a line, or none.
    page.run("grep -i location", changed=lambda line: line.replace("| grep -i location", "| { grep -i location || true; }"))
    page.end()


@test
def operations_runs_the_service_upgrades_it_and_goes_back(machine):
    machine.start()
    serve(machine)
    page = Page("doc/operations.md", machine, [
        ("systemctl edit", "it opens an editor; the drop-in of the page is put where it would put it"),
        ("dpkg-buildpackage|apt install", "the stage package builds, installs and purges the package"),
        ("ufw", "there is no ufw on a machine of the tests"),
    ])
    page.run("sudo systemctl reload")
    dropin, = blocks("doc/operations.md", "ini")
    machine.write("/etc/systemd/system/icecast-lb.service.d/override.conf", dropin)
    machine.shell("groupadd -f ssl-cert; install -d -o icecast-lb /srv/recordings")
    said = machine.shell("systemd-analyze --man=no verify /etc/systemd/system/icecast-lb.service", None)
    check("/icecast-lb.service" not in said, "systemd of the unit and the page's drop-in: " + said)
    machine.shell("systemctl restart icecast-lb")
    groups = machine.shell("getent group ssl-cert; grep Groups /proc/$(pidof icecast-lb)/status")
    matches(r"ssl-cert:x:(\d+):.*Groups:\s*\1\b", groups, "the groups of the server")

    page.run("cp -a /etc/icecast-lb")
    said = page.run("_lb/health")
    matches("has taken over 0 listeners", said, "it is replaced, and not restarted")
    matches('"state":"up"', said, "the health after the upgrade")
    page.run("install -m 755 /var/backups")
    machine.says("curl -s http://localhost:8000/_lb/health", '"state":"up"')
    machine.shell("systemctl stop icecast-lb")
    # Without the unit: as the user, or as root with <changeowner>.
    machine.write(CONFIG, beginner(machine).replace("</icecast>", "<security><changeowner><user>icecast-lb</user>"
                                                    "<group>icecast-lb</group></changeowner></security></icecast>"))
    before = "until curl -sf localhost:8000/_lb/health; do sleep 0.05; done; pkill -x icecast-lb; while pidof icecast-lb; do sleep 0.05; done\n"
    page.run("icecast-lb -b", endless=["icecast-lb -c"], changed=lambda line: before + line.replace(
        ".xml  ", ".xml >/tmp/background 2>&1  ") if " -b " in line else line)
    machine.says("curl -s http://localhost:8000/_lb/health", '"state":"up"')
    page.end()


@test
def readme_starts_a_server_of_ten_lines(machine):
    machine.start()
    page = Page("README.md", machine, [
        (r"\./run\.sh|\./test\.sh", "the stage run plays run.sh; test.sh is what runs this"),
    ])
    text, = blocks("README.md", "xml")
    machine.write("/srv/my.xml", text.replace("change-me", "secret"))
    machine.shell("chmod 777 /srv")
    page.run("my.xml", cwd="/srv", endless=["icecast-lb -c"], changed=lambda line: "runuser -u nobody -- " + line)
    machine.says("cat /tmp/endless", "^icecast-lb ready: port 8000$")
    make_music(machine, "/root/music.mp3", seconds=4)
    machine.shell("ffmpeg -v error -re -i /root/music.mp3 -vn -c copy -content_type audio/mpeg -f mp3 "
                  "icecast://source:secret-source@localhost:8000/demo.mp3 >/dev/null 2>&1 </dev/null &")
    machine.says("curl -sI http://localhost:8000/demo.mp3", "200 OK")
    page.run("ffplay", changed=lambda line: line.replace("ffplay ", "timeout 20 ffplay -autoexit -v error "))
    page.end()


@test
def encoders_send_with_the_commands_of_the_page(machine):
    machine.start()
    serve(machine)
    make_music(machine, "/root/music.mp3", seconds=3)
    machine.shell("ln -s music.mp3 /root/INPUT")
    make_music(machine, "/root/music.ogg", "-c:a libvorbis", seconds=3)
    page = Page("doc/encoders.md", machine)
    page.run("ffmpeg -re", cwd="/root")
    # Each of these ends when the file has been sent: what they said to the log shows that each was a source.
    page.run("oggfwd", cwd="/root", changed=lambda line: "timeout 20 bash -c %s || [ $? = 124 ]" % quoted(line))
    log = machine.path("/var/log/icecast-lb/error.log").read_text()
    equal(len(re.findall(r'Source logging in at mountpoint "/live.ogg"', log)), 2, "logins of shout and oggfwd")
    equal(len(re.findall(r'Source logging in at mountpoint "/live.mp3"', log)), 2, "logins of ffmpeg and curl")
    machine.shell("ffmpeg -v error -re -stream_loop -1 -i /root/music.mp3 -vn -c copy -content_type audio/mpeg -f mp3 "
                  "icecast://source:SOURCE-PASSWORD@radio.example.org:8000/live.mp3 >/dev/null 2>&1 </dev/null &")
    machine.says("curl -sI http://localhost:8000/live.mp3", "200 OK")
    matches("Metadata update successful", page.run("mode=updinfo"), "the answer to a title")
    machine.says("curl -s http://localhost:8000/status-json.xsl", "Artist - Title")
    page.end()


def quoted(line):
    return "'" + line.replace("'", "'\\''") + "'"


@test
def authentication_gives_each_dj_a_password(machine):
    machine.start()
    djs = next(block for block in blocks("doc/authentication.md", "xml") if "PASSWORD-OF-ANNA" in block)
    serve(machine, djs)
    make_music(machine, "/root/music.mp3")

    def send(login, mount):
        return machine.shell("ffmpeg -v error -re -i /root/music.mp3 -vn -c copy -content_type audio/mpeg -f mp3 "
                             "icecast://%s@localhost:8000%s >/dev/null 2>&1 </dev/null & echo $!" % (login, mount)).strip()
    send("anna:PASSWORD-OF-BEN", "/anna.mp3")
    send("source:SOURCE-PASSWORD", "/anna.mp3")
    send("ben:PASSWORD-OF-BEN", "/ben.mp3")
    machine.says("curl -s -m2 http://localhost:8000/live.mp3 | wc -c", r"^\d{4,}")
    log = machine.path("/var/log/icecast-lb/error.log").read_text()
    check('Source logging in at mountpoint "/anna.mp3"' not in log, "a wrong password of Anna was right: " + log)
    machine.shell("curl -s http://localhost:8000/live.mp3 >/dev/null 2>&1 &")
    send("anna:PASSWORD-OF-ANNA", "/anna.mp3")
    machine.says("curl -s -u admin:ADMIN-PASSWORD http://localhost:8000/admin/listmounts", '/anna.mp3.*?<listeners>1<')
    Page("doc/authentication.md", machine).end()


@test
def reverse_proxies_and_tls_serve_certificates(machine):
    machine.start()
    page = Page("doc/reverse-proxies-and-tls.md", machine, [
        ("certbot", "Let's Encrypt cannot be reached; the test writes the challenge's file and the certificate itself"),
    ])
    parts = blocks("doc/reverse-proxies-and-tls.md", "xml")
    tls = next(block for block in parts if "<ssl-certificate>" in block)
    challenge = next(block for block in parts if "<port>80</port>" in block)
    live = "/etc/letsencrypt/live/radio.example.org"
    machine.shell("mkdir -p %s; openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 90 -subj /CN=radio.example.org "
                  "-addext subjectAltName=DNS:radio.example.org -keyout %s/privkey.pem -out %s/fullchain.pem 2>&1; "
                  "cat %s/fullchain.pem >>/etc/ssl/certs/ca-certificates.crt; sysctl -qw net.ipv4.ip_unprivileged_port_start=0" % ((live,) * 4))
    hook, = (block for block in page.blocks if block.startswith("#!"))
    machine.write("/etc/letsencrypt/renewal-hooks/deploy/icecast-lb", hook + "\n", 0o755)
    page.left.discard(page.block("#!"))
    serve(machine, challenge)
    page.run("acme-challenge")
    machine.shell("echo proof >/var/lib/icecast-lb/web/.well-known/acme-challenge/x")
    equal(machine.shell("curl -sf http://radio.example.org/.well-known/acme-challenge/x").strip(), "proof", "the challenge")
    machine.shell("curl -sf -o /dev/null http://radio.example.org/status.xsl")
    equal(machine.shell("stat -c '%U:%G %a' /etc/icecast-lb/tls/privkey.pem").strip(), "root:icecast-lb 640", "the key")
    machine.write(CONFIG, beginner(machine).replace("<listen-socket><port>8000</port></listen-socket>", tls))
    machine.shell("chown root:icecast-lb %s; systemctl restart icecast-lb" % CONFIG)
    make_music(machine, "/root/music.mp3")
    machine.shell("ffmpeg -v error -re -i /root/music.mp3 -vn -c copy -content_type audio/mpeg -f mp3 "
                  "icecast://source:SOURCE-PASSWORD@localhost:8000/live.mp3 >/dev/null 2>&1 </dev/null &")
    machine.says("curl -sI http://localhost:8000/live.mp3", "200 OK")
    said = page.run("curl -sI https")
    matches("200 OK.*subject=CN = radio.example.org.*notAfter", said, "what curl and openssl say")
    for block in blocks("doc/reverse-proxies-and-tls.md", "haproxy"):
        machine.shell("mkdir -p /etc/haproxy; cat %s/*.pem >/etc/haproxy/radio.pem" % live)
        machine.write("/tmp/haproxy.cfg", block + "\n" if "defaults" in block else
                      "defaults\n  timeout connect 5s\n  timeout client 1h\n  timeout server 1h\n" + block + "\n")
        machine.shell("haproxy -c -f /tmp/haproxy.cfg")
    page.end()


@test
def hosting_makes_an_account_its_owner_a_mount_and_a_ban(machine):
    machine.start()
    store = next(block for block in blocks("doc/hosting.md", "xml") if block.startswith("<store"))
    serve(machine, store, "<paths><state-dir>/var/lib/icecast-lb</state-dir></paths>")
    page = Page("doc/hosting.md", machine, [
        ("/move", "one server has one home; tests/homes moves mounts"),
    ])

    def log_in(line):
        line = line.replace("curl ", "curl -sf ").replace("admin:…", "admin:ADMIN-PASSWORD").replace("anna:…", "anna:a-long-password")
        return line.replace('"role":"owner",', '"role":"owner","password":"a-long-password",')
    machine.says("curl -s http://localhost:8000/_lb/health", '"state":"up"')
    matches('"id":"acme".*"name":"anna".*"mount":"/rock.mp3".*"password":"', page.run('"id":"acme"', changed=log_in), "what is made")
    matches('"network":"192.0.2.0/24"', page.run("/bans", changed=log_in), "the ban")
    answers = re.findall(r"`(POST) (/api/v1/mounts/\S+) (\{.*?\})`", (TOP / "doc/hosting.md").read_text())
    check(answers, "the page has requests in its text")
    for method, path, body in answers:
        if "kick" not in path:
            machine.shell("curl -sf -u admin:ADMIN-PASSWORD -X %s -H 'Content-Type: application/json' -d '%s' http://localhost:8000%s" % (
                method, body, path))
    page.end()


@test
def orchestration_drains_and_takes_listeners_again(machine):
    machine.start()
    serve(machine)
    machine.shell("sed -i 's/127.0.0.2 edge1/127.0.0.2 edge1 edge1/' /etc/hosts")
    page = Page("doc/orchestration.md", machine, [
        ("kubectl", "there is no Kubernetes; tests/orchestration looks at its files"),
        ("curl -N", "it has no end; tests/api/test_live.py reads it"),
    ])
    said = page.run("--drain=move", changed=lambda line: line.replace("admin:PASSWORD", "admin:ADMIN-PASSWORD"))
    matches("drain", said, "what the orders answer")
    machine.says("curl -s http://localhost:8000/_lb/health", '"state":"draining"')
    page.end()


@test
def the_audience_is_asked_for_elsewhere(machine):
    Page("doc/audience.md", machine, [
        ("curl -u", "tests/api/test_audience.py asks a server that has had listeners, in this and other zones, as JSON and CSV"),
    ]).end()


@test
def titles_are_told_elsewhere(machine):
    Page("doc/titles.md", machine, [
        ("curl -u", "tests/blackbox/test_title_facts.py tells titles of a stream that plays, good ones and bad ones"),
    ]).end()


@test
def pictures_are_given_elsewhere(machine):
    Page("doc/pictures.md", machine, [
        ("curl -u", "tests/blackbox/test_pictures.py gives pictures to a stream that plays, good ones and bad ones"),
    ]).end()


@test
def reports_are_written_elsewhere(machine):
    Page("doc/reports.md", machine, [
        ("curl -u|--report", "tests/api asks a server that has had listeners, and its database by the command line"),
    ]).end()


@test
def performance_is_measured_elsewhere(machine):
    Page("doc/performance.md", machine, [
        ("bench|icelb-", "it measures for minutes, alone on the machine: make bench, tests/cluster/goals"),
    ]).end()


@test
def simulations_and_backup_encoders_run_elsewhere(machine):
    Page("doc/simulation.md", machine, [
        ("make -C|simulate-", "the stage simulation builds these programs and runs them"),
    ]).end()
    Page("doc/failover.md", machine, [
        ("ffmpeg", "tests/encoders has such an encoder behind another one"),
    ]).end()


@test
def packages_are_made_and_installed_elsewhere(machine):
    Page("doc/install.md", machine, [
        ("apt|password|systemctl|keyrings|sources", "tests/package installs the package, and from a repository, into a clean Debian"),
        ("deploy/container|podman", "tests/package makes the image and runs its program"),
        ("make -C|tools/", "they compile for minutes; tests/package runs them"),
    ]).end()


@test
def stores_are_set_up_elsewhere(machine):
    Page("doc/stores.md", machine, [
        ("openssl", "a key for sealing is 32 random bytes; tests/store has its own"),
        ("systemctl|^# |--store-|^head -1|^tar |umask 077; tar |^mv ", "tests/store copies stores both ways, restores a back-up, and makes a lost one again"),
    ]).end()
    Page("doc/etcd.md", machine, [
        ("openssl|mkdir|[.]ext$|^for |^done", "tests/store makes such certificates, and etcd with --client-cert-auth takes them"),
        ("etcdctl|ETCDCTL", "the addresses are those of three machines; tests/store turns logins on and restores a back-up"),
    ]).end()


@test
def no_page_with_commands_is_forgotten(machine):
    played = set(re.findall(r'Page\("([\w/.-]+\.md)"', pathlib.Path(__file__).read_text()))
    pages = {"README.md", *("doc/" + path.name for path in (TOP / "doc").glob("*.md"))}
    equal({page for page in pages if blocks(page, "sh")} - played, set(), "pages whose commands nothing runs")
