"""Records are copied from files to etcd and back, and a lost etcd is restored from a last good copy."""
import os
import pathlib
import shutil
import subprocess
import threading

from api import Api
from etcd import PREFIX, Cluster, Tool
from harness import ADMIN, check, equal, test, wait_for

ETCD = '<store type="etcd" path="%(dir)s/store.copy" prefix="/radio/">%(members)s</store>'


def files_store(server):
    return '<store type="files" path="%s/records"/>' % server.dir


def with_store(server, store):
    """Writes a configuration with this store, for the next start; returns the file."""
    server.write_config(body=store)
    return server.config


def etcd_store(server, cluster):
    return ETCD % {"dir": server.dir, "members": "".join("<member>%s</member>" % url for url in cluster.urls)}


def kept(b, settings):
    """{key: value} of a store, by another reader than the program under test."""
    tool = Tool(b, settings).load()
    records = {key: value for key, (value, _) in tool.records.items() if not key.startswith(("made/", "store/"))}
    tool.order(do="quit")
    wait_for(lambda: tool.process.poll() is not None, "the reader has ended")
    tool.close()
    return records


def fill(server):
    """An account, an owner, a ban, a token, mounts; the login of one mount."""
    api = Api(server)
    api.want(201, "POST", "/accounts", {"id": "acme"})
    api.want(201, "POST", "/users", {"name": "anna", "role": "owner", "account": "acme", "password": "anna's password"})
    api.want(201, "POST", "/tokens", {"role": "viewer"})
    api.want(201, "POST", "/bans", {"match": {"network": "192.0.2.0/24"}})
    for i in range(30):
        api.mount("/m%d" % i, account="acme", settings={"stream-name": "Nº %d <&\">" % i})
    return api.mount("/a b/ü.mp3")


def own_files(b, server):
    """Root reads the directory in the test; the server's user gets it back afterwards."""
    return kept(b, {"type": "files", "path": str(server.dir / "records")})


@test
def from_files_to_etcd_and_back_every_record_is_the_same(b):
    cluster = Cluster(b, 1)
    server = b.unstarted_server(limits="<sources>100</sources>")
    with_store(server, files_store(server))
    server.start()
    login = fill(server)
    server.stop()
    before = own_files(b, server)
    check(len(before) >= 36, "records: %r" % sorted(before))
    place = str(server.dir / "records")

    config = with_store(server, etcd_store(server, cluster))
    status, out, err = b.run("-c", config, "--store-copy", "files:" + place)
    equal((status, err), (0, ""), out)
    check("%d records (" % len(before) in out and "mounts 31" in out and "%d written" % len(before) in out, out)
    equal({key: row[0] for key, row in cluster.records().items()}, before, "records of etcd")
    # Once more: they are there.
    status, out, err = b.run("-c", config, "--store-copy", "files:" + place)
    equal((status, err), (0, ""), out)
    check("; 0 written" in out and "%d were there already" % len(before) in out, out)

    server.start()
    server.source("/a b/ü.mp3".replace(" ", "%20").replace("ü", "%C3%BC"), login=login).play(3)
    api = Api(server)
    api.want(200, "PATCH", "/mounts/m3", {"settings": {"genre": "changed in etcd"}})
    api.want(204, "DELETE", "/mounts/m4")
    server.stop()
    now = {key: row[0] for key, row in cluster.records().items() if not key.startswith(("made/", "store/"))}

    # Back into files that have records of their own: not unless it is said.
    files = b.dir / "files.xml"
    files.write_text(server.config.read_text().replace(etcd_store(server, cluster), files_store(server)))
    status, out, err = b.run("--store-copy", config, files)
    equal((status, out), (1, ""), err)
    check("records of its own" in err and "--overwrite" in err, err)
    equal(own_files(b, server), before, "records of the files")
    status, out, err = b.run("--store-copy", config, files, "--overwrite")
    equal((status, err), (0, ""), out)
    check("1 over another value" in out and "removed" in out, out)
    equal(own_files(b, server), now, "records of the files")
    with_store(server, files_store(server))
    server.start()
    server.source("/a%20b/%C3%BC.mp3", login=login).play(3)
    equal(Api(server).want(200, "GET", "/mounts/m3").json()["settings"]["genre"], "changed in etcd")


@test
def a_copy_that_cannot_be_made_says_why_and_changes_nothing(b):
    cluster = Cluster(b, 1)
    server = b.unstarted_server(limits="<sources>100</sources>")
    config = with_store(server, files_store(server))
    server.start()
    Api(server).mount("/rock")
    records = str(server.dir / "records")

    def fails(*arguments):
        status, out, err = b.run(*arguments)
        check(status == 1, "status %d: %s%s" % (status, out, err))
        return err
    etcd = b.dir / "etcd.xml"
    etcd.write_text(config.read_text().replace(files_store(server), etcd_store(server, cluster)))
    # A server that runs has its files to itself.
    check("in use by another server" in fails("--store-copy", config, etcd), "the lock")
    server.stop()
    missing = str(b.dir / "nothing")
    check("there is no store" in fails("--store-copy", "files:" + missing, etcd), "a source that is none")
    check(not os.path.exists(missing), "what is only read is not made")
    plain = b.dir / "plain.xml"
    plain.write_text(config.read_text().replace(files_store(server), ""))
    check("has no <store>" in fails("--store-copy", plain, etcd), "a file without a store")
    check("is the source and the target" in fails("--store-copy", config, "files:" + records), "the same store")
    check("no records" in fails("--store-copy", etcd, config, "--overwrite"), "an empty source empties nothing")
    check("mounts/%2Frock" in own_files(b, server), "the files are as they were")
    check("files:DIRECTORY" in fails("--store-copy"), "no name")
    for member in cluster.members:
        member.kill()
    check("etcd" in fails("--store-copy", config, etcd), "an etcd that is dead")


@test
def a_lost_etcd_is_made_again_out_of_the_last_good_copy(b):
    cluster = Cluster(b, 1)
    server = b.unstarted_server(limits="<sources>100</sources>")
    config = with_store(server, etcd_store(server, cluster))
    server.start()
    login = fill(server)
    before = {key: row[0] for key, row in cluster.records().items() if not key.startswith(("made/", "store/"))}
    copy = server.dir / "store.copy"
    wait_for(lambda: copy.exists() and "%2Fa%20b" in copy.read_text(), "the copy has the last record", 10)
    old = b.dir / "old.copy"
    old.write_text("icecast-lb-store-copy 1 %s 3\nput users/bob 3 0 2\n{}\nend 1\n" % PREFIX)
    cluster.close()
    server.source("/a%20b/%C3%BC.mp3", login=login).play(3)
    server.stop()
    # Its disks are gone too; a new one is empty.
    cluster = Cluster(b, 1)
    config = with_store(server, etcd_store(server, cluster))
    status, out, err = b.run("-c", config, "--store-rebuild", old, copy)
    equal((status, err), (0, ""), out)
    now = {key: row[0] for key, row in cluster.records().items() if not key.startswith("store/")}
    equal(sorted(set(now.items()) ^ set(before.items())), [], "records of the new etcd that are not as before")
    server.start()
    server.source("/a%20b/%C3%BC.mp3", login=login).play(3)
    equal(Api(server).want(200, "GET", "/mounts?most=500").json()["items"][0]["mount"], "/a b/ü.mp3")
    server.stop()
    # With no name it is the server's own; what is there is not overwritten.
    cluster.put("users/eve", '{"role":"viewer"}')
    status, out, err = b.run("-c", config, "--store-rebuild")
    equal(status, 1, out + err)
    check("--overwrite" in err, err)
    status, out, err = b.run("-c", config, "--store-rebuild", pathlib.Path("/dev/null"))
    equal(status, 1, out + err)


@test
def a_back_up_of_files_that_is_taken_while_they_are_written_is_restored(b):
    server = b.unstarted_server(limits="<sources>1000</sources>")
    with_store(server, files_store(server))
    server.start()
    login = fill(server)
    before = {row["mount"] for row in Api(server).want(200, "GET", "/mounts?most=500").json()["items"]}
    stop, made = threading.Event(), []

    def write():
        while not stop.is_set():
            name = "/while%d" % len(made)
            reply = server.ask("POST /api/v1/mounts HTTP/1.1", ["Host: x"], ADMIN, b'{"mount":"%s"}' % name.encode())
            equal(reply.status, 201, reply.text[:300])
            made.append(name)
    writer = threading.Thread(target=write)
    writer.start()
    wait_for(lambda: made, "records are written")
    backup = b.dir / "records.tar"
    done = subprocess.run(["tar", "-C", server.dir, "-cf", backup, "records"], capture_output=True, text=True)
    check(done.returncode in (0, 1), done.stderr)  # 1: a file changed while it was read
    stop.set()
    writer.join()
    server.stop()
    shutil.rmtree(server.dir / "records")
    subprocess.run(["tar", "-C", server.dir, "-xpf", backup], check=True)
    server.start()
    now = {row["mount"] for row in Api(server).want(200, "GET", "/mounts?most=500").json()["items"]}
    equal(before - now, set(), "mounts that are lost")
    check(now <= before | set(made), "no others: %r" % sorted(now - before))
    server.source("/a%20b/%C3%BC.mp3", login=login).play(3)
    equal(Api(server).ask("POST", "/mounts", {"mount": "/after"}).status, 201, "it can be written")
