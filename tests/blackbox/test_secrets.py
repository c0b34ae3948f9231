"""Secrets: forty are placed in the configuration, in requests and in the environment, and none appears in an output."""
import base64
import hashlib
import os
import pathlib
import re
import signal

from facts import Settings
from harness import check, equal, free_port, give_away, listen_socket, mount, test, wait_for
from replacing import serving
from tls_bench import certificate
from wire import basic, request

# What is tried may say them once more; so each is a word of its own that no other text has.
NAMES = ("source relay admin mount-source encoder shoutcast yp cluster-password sso node-one node-two token upstream "
         "master external external-url external-login url-auth url-query store-key listener listener-query wrong-listener wrong-source "
         "wrong-admin wrong-form ice-password xaudiocast query-token cookie bearer digest proxy-auth admin-query "
         "title-query api-body api-bearer hls-query request-body "
         "streamlist api-key move-query bad-line bad-shoutcast webhook webhook-query eab-key etcd flat-source flat-master").split()
PLANTED = {name: "sEcr3t%s" % hashlib.sha256(name.encode()).hexdigest()[:14] for name in NAMES}
PLANTED["store-key"] = hashlib.sha256(b"store-key").hexdigest()  # its form is that of a key
# Places that show one to who has shown it first, or that are the file itself.
AT_HOME = {"server.xml", "users"}


def configuration(folder, dead):
    return "".join((
        mount("/live.mp3", "<password>%(mount-source)s</password><cluster-password>%(cluster-password)s</cluster-password>"
              "<encoder><username>studio</username><password>%(encoder)s</password></encoder>"),
        mount("/sc.mp3", "<password>%(shoutcast)s</password>"),
        mount("/club.mp3", '<authentication type="htpasswd"><option name="filename" value="%s/users"/></authentication>' % folder),
        mount("/paid.mp3", '<authentication type="url"><option name="listener_add" value="http://127.0.0.1:%d/add?key=%%(url-query)s"/>'
              '<option name="username" value="radio"/><option name="password" value="%%(url-auth)s"/></authentication>' % dead),
        "<relay><server>127.0.0.1</server><port>%d</port><mount>/up</mount><local-mount>/up</local-mount>"
        "<username>me</username><password>%%(upstream)s</password></relay>" % dead,
        "<master><host>127.0.0.1</host><port>%d</port><username>me</username><password>%%(master)s</password></master>" % dead,
        '<cluster><token keys="%(token)s"/><node id="one" secret="%(node-one)s"/><node id="two" secret="%(node-two)s"/></cluster>',
        "<directory><yp-url>http://127.0.0.1:%d/yp?key=%%(yp)s</yp-url></directory>" % dead,
        "<external><url>http://lb:%%(external-login)s@127.0.0.1:%d/mounts?key=%%(external-url)s</url><username>lb</username>"
        "<password>%%(external)s</password></external>" % dead,
        '<store type="files" path="%s/records" key="%%(store-key)s"/>' % folder,
        "<console>1<sso-from>127.0.0.9</sso-from><sso-secret>%(sso)s</sso-secret></console>",
    )) % PLANTED


def shoutcast_login(server, password):
    wire = server.wire(port=server.shoutcast_port)
    wire.send(password + "\r\n")
    said = wire.take_all().decode("latin-1")
    wire.close()
    return said


def ask_with_secrets(server):
    """Sends secrets in every way that a client can, right and wrong ones; returns the answers."""
    s, said = PLANTED, []

    def say(line, lines=(), login=None, body=b""):
        wire = server.wire()
        wire.send(request(line, [*lines, "Host: radio.test", "Connection: close"], login, body))
        said.append(wire.take_all().decode("latin-1"))
        wire.close()

    say("GET /none.mp3?token=%(listener-query)s HTTP/1.0" % s, ["Icy-MetaData: 1"])
    say("GET /club.mp3 HTTP/1.1", login="ann:%(wrong-listener)s" % s)
    say("GET /club.mp3?user=ann&pass=%(hls-query)s HTTP/1.1" % s)
    say("GET /live.mp3/index.m3u8?session=%(hls-query)s HTTP/1.1" % s)
    say("GET /paid.mp3?ticket=%(query-token)s HTTP/1.1" % s, ["Cookie: session=%(cookie)s" % s])
    say("SOURCE /live.mp3 HTTP/1.0", ["Content-Type: audio/mpeg"], "source:%(wrong-source)s" % s)
    say("SOURCE /x.mp3 HTTP/1.0", ["Content-Type: audio/mpeg", "ice-password: %(ice-password)s" % s])
    say("SOURCE %(xaudiocast)s /x.mp3" % s, ["x-audiocast-name: n"])
    say("GET /admin/stats HTTP/1.0", login="admin:%(wrong-admin)s" % s)
    say("GET /admin/metadata?mode=updinfo&mount=/live.mp3&song=x&pass=%(title-query)s HTTP/1.0" % s)
    say("GET /admin.cgi?mode=updinfo&song=x&pass=%(admin-query)s HTTP/1.0" % s)
    say("GET /api/v1/mounts HTTP/1.1", ["Authorization: Bearer %(bearer)s" % s])
    say("GET /api/v1/mounts HTTP/1.1", ["Authorization: Digest username=\"admin\", response=\"%(digest)s\"" % s])
    say("GET /api/v1/mounts HTTP/1.1", ["Proxy-Authorization: " + basic("p:%(proxy-auth)s" % s), "X-LB-SSO: %(api-bearer)s" % s])
    say("POST /login HTTP/1.1", ["Content-Type: application/x-www-form-urlencoded"], body=b"user=admin&password=" + s["wrong-form"].encode())
    say("GET /admin/streamlist.txt HTTP/1.0", login="relay:%(streamlist)s" % s)
    say("GET /api/v1/mounts HTTP/1.1", ["X-API-Key: %(api-key)s" % s])
    say("GET /admin/moveclients?mount=/live.mp3&destination=/none&token=%(move-query)s HTTP/1.0" % s, login="admin:%(admin)s" % s)
    say("GET /%%zz?key=%(bad-line)s" % s)
    said.append(shoutcast_login(server, s["bad-shoutcast"]))
    body = '{"settings":{"password":"%(api-body)s"},"nonsense":"%(request-body)s"}' % s
    say("PUT /api/v1/mounts/%2Fnew.mp3 HTTP/1.1", ["Content-Type: application/json"], "admin:%(admin)s" % s, body.encode())
    return said


@test
def forty_secrets_are_told_nowhere(t):
    check(len(PLANTED) >= 40, "only %d secrets" % len(PLANTED))
    port = free_port()
    server = t.unstarted_server(
        authentication="<source-password>%(source)s</source-password><relay-password>%(relay)s</relay-password>"
                       "<admin-user>admin</admin-user><admin-password>%(admin)s</admin-password>" % PLANTED,
        sockets=listen_socket(0) + listen_socket(port, "<shoutcast-mount>/sc.mp3</shoutcast-mount>"))
    server.shoutcast_port = port + 1
    (server.dir / "users").write_text("ann:%s\n" % hashlib.md5(PLANTED["listener"].encode()).hexdigest())
    give_away(server.dir)
    server.write_config(body=configuration(server.dir, free_port()))
    server.start()
    admin = "admin:%(admin)s" % PLANTED
    source = server.source("/live.mp3", login="studio:%(encoder)s" % PLANTED)
    source.play(50)
    listener = server.listener("/live.mp3", lines=["Cookie: session=%(cookie)s" % PLANTED])
    told = {"answer %d" % number: text for number, text in enumerate(ask_with_secrets(server))}
    for path in ("/admin/stats", "/admin/stats.xsl", "/admin/listmounts", "/admin/listclients?mount=/live.mp3", "/admin/cluster",
                 "/status-json.xsl", "/api/v1/mounts", "/api/v1/mounts/%2Flive.mp3", "/api/v1/nodes", "/api/v1/events", "/metrics",
                 "/admin/relays", "/api/v1/openapi.json", "/admin/showlog.xsl?log=errorlog", "/admin/config"):
        told[path] = server.get(path, admin).text
    check("/live.mp3" in told["/admin/stats"], "the administrator was let in")
    status, out, err = t.run("--dump-config", server.config)
    equal(status, 0, err)
    told["--dump-config"] = out + err
    status, out, err = t.run("--check-config", server.config)
    told["--check-config"] = out + err
    process = pathlib.Path("/proc/%d" % server.process.pid)
    for name in ("environ", "cmdline", "comm"):
        told[name] = (process / name).read_bytes().decode("latin-1")
    source.close()
    listener.close()
    equal(server.stop(), 0, "exit status")
    told["output"] = server.out.read_text()
    files = 0
    for path in server.dir.rglob("*"):
        if path.is_file() and path.name not in AT_HOME:
            files += 1
            told[str(path.relative_to(server.dir))] = path.read_bytes().decode("latin-1")
    check(files >= 3, "only %d files were looked at" % files)
    forms = {name: [value, re.escape(basic("source:" + value)[6:]), hashlib.md5(value.encode()).hexdigest()]
             for name, value in PLANTED.items()}
    found = ["%s is in %s" % (name, place) for place, text in told.items()
             for name, some in forms.items() if any(re.search(form, text) for form in some)]
    check(not found, "; ".join(found))


# Every row of the schema that is a password (doc/config.md), and by which name it is planted.
ROWS = {"<icecast> source-password": "flat-source", "<icecast> master-password": "flat-master",
        "<authentication> source-password": "source", "<authentication> admin-password": "admin",
        "<authentication> relay-password": "relay", "<acme/authority> eab-key": "eab-key", "<webhook> secret": "webhook",
        "<console> sso-secret": "sso", "<mount> password": "mount-source", "<mount> cluster-password": "cluster-password",
        "<mount/encoder> password": "encoder", "<store> key": "store-key", "<store> password": "etcd",
        "<config-external> password": "external", "<master> password": "master", "<cluster/token> keys": "token",
        "<cluster/node> secret": "node-one"}


@test
def every_password_of_the_schema_is_planted(t):
    heading, rows = "", set()
    for line in (pathlib.Path(__file__).resolve().parents[2] / "doc/config.md").read_text().splitlines():
        if line.startswith("#"):
            heading = line.strip("# `")
        elif row := re.match(r"- `([\w-]+)=?` \((?:\w+, )?password\b", line):
            rows.add("%s %s" % (heading, row.group(1)))
    equal(rows, set(ROWS), "rows of passwords")
    check(set(ROWS.values()) <= set(NAMES), "all are planted")


def process_files(pid):
    return {"%s of %d" % (name, pid): (pathlib.Path("/proc/%d" % pid) / name).read_bytes().decode("latin-1")
            for name in ("environ", "cmdline", "comm")}


def key_forms(pem):
    """The forms in which a private key might appear: lines of its base64, and its bytes."""
    inside = re.search("-----BEGIN PRIVATE KEY-----\n(.*?)-----END", pem, re.S).group(1)
    return [*inside.split()[1:2], base64.b64decode(inside)[36:68].decode("latin-1")]


@test
def neither_children_nor_the_next_process_nor_a_crash_tells_one(t):
    s, dead = PLANTED, free_port()
    server = t.unstarted_server(
        authentication="<source-password>%(source)s</source-password><admin-user>admin</admin-user><admin-password>%(admin)s</admin-password>" % s,
        paths="<ssl-certificate>%s/tls.pem</ssl-certificate><state-dir>%s/state</state-dir><pidfile>%s/pid</pidfile>" % ((t.dir / "server0",) * 3))
    certificate(server.dir, "radio.test")
    key = key_forms((server.dir / "tls.pem").read_text())
    child = server.dir / "child"
    child.write_text("#!/bin/sh\ncat /proc/self/environ /proc/$PPID/environ /proc/$$/cmdline /proc/$PPID/cmdline >%s/log/new\nmv %s/log/new %s/log/child\n" % (
        (server.dir,) * 3))
    child.chmod(0o755)
    server.write_config(body="".join((
        mount("/live.mp3", "<on-connect>%s</on-connect>" % child),
        '<webhook url="http://hook:%(webhook-query)s@127.0.0.1:DEAD/hook?key=%(webhook-query)s" secret="%(webhook)s"/>',
        '<acme><names>radio.test</names><authority url="https://127.0.0.1:DEAD/directory" eab-kid="kid-1" eab-key="%(eab-key)s"/></acme>',
        '<master-server>127.0.0.1</master-server><master-server-port>DEAD</master-server-port><master-password>%(flat-master)s</master-password>',
        "<source-password>%(flat-source)s</source-password>")).replace("DEAD", str(dead)) % s)
    server.start()
    told = {}
    feed = server.wire()
    feed.send(request("GET /admin/events HTTP/1.1", ["Host: radio.test", "Accept: text/event-stream"], "admin:%(admin)s" % s))
    feed.take_until(b"retry: 2000\n\n")  # what happens from now on comes
    source = server.source("/live.mp3", login="source:%(flat-source)s" % s)  # the one that stands last
    source.play(20)
    listener = server.listener("/live.mp3")
    wait_for((server.dir / "log" / "child").exists, "the program has run")
    server.wait_for_log("main/webhook .*did not take")
    told["events"] = feed.take_until(b"source-connect").decode("latin-1")
    feed.close()
    for path in ("/admin/stats", "/metrics", "/api/v1/mounts", "/api/v1/events", "/status-json.xsl", "/admin/config", "/api/v1/config"):
        told[path] = server.get(path, "admin:%(admin)s" % s).text
    told.update(process_files(server.process.pid))
    status, out, err = t.run("-c", server.config, "--upgrade")
    equal(status, 0, err)
    told["--upgrade"] = out + err
    for pid in {server.process.pid, serving(server)}:
        told.update(process_files(pid))
    for command in ("--dump-config", "--check-config"):
        _, out, err = t.run(command, server.config)
        told[command] = out + err
    listener.close()
    server.reload()
    os.kill(serving(server), signal.SIGSEGV)
    server.process.wait(2 * Settings.patience)
    t.servers.remove(server)  # its death is no surprise
    for path in server.dir.rglob("*"):
        if path.is_file() and path.name not in AT_HOME | {"tls.pem", "both", "key"} and not path.name.startswith("core"):
            told[str(path.relative_to(server.dir))] = path.read_bytes().decode("latin-1")
    check("DBUG" in told["log/error.log"], "the log is that of debugging")
    forms = {name: [re.escape(value)] for name, value in s.items()}
    forms["tls-key"] = [re.escape(form) for form in key]
    found = ["%s is in %s" % (name, place) for place, text in told.items()
             for name, some in forms.items() if any(re.search(form, text) for form in some)]
    check(not found, "; ".join(found))


@test
def the_login_of_etcd_is_told_nowhere(t):
    server = t.unstarted_server(body='<store type="etcd" prefix="/r/" path="%s/copy" key="%s"><member>http://127.0.0.1:%d</member><username>m1</username>'
                                     "<password>%s</password></store>" % (t.dir / "server0", PLANTED["store-key"], free_port(), PLANTED["etcd"]))
    server.start()
    server.wait_for_log("(?i)store|registry|records cannot")
    told = {"log": server.log(), "stats": server.get("/admin/stats", "admin:adm-secret").text, "out": server.out.read_text()}
    for command in ("--dump-config", "--check-config"):
        _, out, err = t.run(command, server.config)
        told[command] = out + err
    found = ["%s is in %s" % (name, place) for place, text in told.items() for name in ("etcd", "store-key") if PLANTED[name] in text]
    check(not found, "; ".join(found))
