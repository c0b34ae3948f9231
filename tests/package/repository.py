"""An apt repository of files: a clean Debian installs from it, and refuses files that were changed by others."""
import contextlib
import functools
import http.server
import pathlib
import subprocess
import tempfile
import threading

from report import check, run
from system import CONFIG, TOP

LIST = "etc/apt/sources.list.d/icecast-lb.list"


@contextlib.contextmanager
def given_out(place):
    """Its address at a plain web server."""
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(place)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield "http://127.0.0.1:%d" % server.server_port
    finally:
        server.shutdown()
        server.server_close()


def another(deb, place, version=None, note="changed"):
    """The package with one file more, as another version or as a forgery of this one."""
    tree = pathlib.Path(tempfile.mkdtemp(dir=place))
    run(["dpkg-deb", "--raw-extract", deb, tree], "dpkg-deb")
    (tree / "usr/share/icecast-lb/note").write_text(note)
    control = tree / "DEBIAN/control"
    if version:
        control.write_text("".join("Version: %s\n" % version if line.startswith("Version:") else line
                                   for line in control.read_text().splitlines(True)))
    made = tree.parent / (tree.name + ".deb")
    run(["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", tree, made], "dpkg-deb")
    return made


def version_of(system):
    return system.run("dpkg-query", "-W", "-f", "${Version}", "icecast-lb")


def repository(system, deb, place):
    home, files = place / "gnupg", place / "apt"
    home.mkdir(mode=0o700)
    environment = {"GNUPGHOME": str(home), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
    run(["gpg", "--batch", "--quiet", "--passphrase", "", "--quick-generate-key", "radio@example.org"], "gpg", env=environment)

    def tool(*packages, key="radio@example.org"):
        done = subprocess.run([TOP / "tools/apt-repository", "--key", key, files, *packages], env=environment, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout
    try:
        status, said = tool(deb, key="nobody@example.org")
        check(status != 0 and "no secret key nobody@example.org" in said and not files.exists(), "a key that is not there is named", said)
        torn = place / "torn.deb"
        torn.write_bytes(pathlib.Path(deb).read_bytes()[:5000])
        status, said = tool(torn)
        check(status != 0 and "is not a whole package; nothing was changed" in said and not files.exists(), "a package that breaks off is refused", said)
        status, said = tool(deb)
        check(status == 0 and "1 packages" in said, "tools/apt-repository makes a repository", said)
        lists = {path.relative_to(files): path.read_bytes() for path in files.rglob("*") if path.is_file()}
        status, said = tool(another(deb, place))
        check(status != 0 and "nothing was changed" in said, "other contents under a version that is there are refused", said)
        check(lists == {path.relative_to(files): path.read_bytes() for path in files.rglob("*") if path.is_file()}, "and nothing has changed")

        system.path("etc/apt/keyrings").mkdir(exist_ok=True)
        key = system.path("etc/apt/keyrings/icecast-lb.asc")
        key.write_bytes((files / "icecast-lb.asc").read_bytes())
        with given_out(files) as address:
            system.path(LIST).write_text("deb [signed-by=/etc/apt/keyrings/icecast-lb.asc] %s stable main\n" % address)
            system.apt("update")
            said = system.run("apt-cache", "policy", "icecast-lb")
            check(address in said, "a client sees it by its signature", said)
            said = system.apt("install", "icecast-lb")
            check("Err:" not in said and version_of(system) == run(["dpkg-deb", "--field", deb, "Version"], "dpkg-deb").strip(),
                  "and installs the package from there", said)
            config = system.path(CONFIG).read_text()

            later = another(deb, place, "9.9.9")
            status, said = tool(later)
            check(status == 0 and "2 packages" in said, "a later version comes beside it", said)
            system.apt("update")
            check("Candidate: 9.9.9" in system.run("apt-cache", "policy", "icecast-lb"), "which is what a client gets now")
            system.apt("upgrade")
            check(version_of(system) == "9.9.9" and system.path("usr/share/icecast-lb/note").exists() and system.path(CONFIG).read_text() == config,
                  "by apt upgrade, and the configuration stays", version_of(system))
            system.apt("purge", "--autoremove", "icecast-lb")
            check(not system.path("usr/bin/icecast-lb").exists() and not system.path("etc/icecast-lb").exists(), "it can be removed again")

            # An attacker with access to the web server, but without the key.
            pool = next((files / "pool").glob("*_9.9.9_*"))
            good = pool.read_bytes()
            pool.write_bytes(another(deb, place, "9.9.9", "forged").read_bytes())
            system.run("apt-get", "clean")
            download = ("apt-get", "-q", "-y", "--download-only", "--no-install-recommends", "install", "icecast-lb=9.9.9")
            check(system.status(*download) != 0, "a package that was changed on the server is refused")
            pool.write_bytes(good)
            check(system.status(*download) == 0, "the true one is not")
            release = files / "dists/stable/InRelease"
            release.write_text(release.read_text().replace("Label: icecast-lb", "Label: icecast-1b"))
            (files / "dists/stable/Release.gpg").unlink()
            # apt only warns about an update with a wrong signature, and keeps its former data.
            said = system.run("sh", "-c", "apt-get -q update 2>&1 || true")
            check("BADSIG" in said or "not signed" in said or "invalid" in said, "and so is a list that was changed", said)
    finally:
        for name in (LIST, "etc/apt/keyrings/icecast-lb.asc"):
            system.path(name).unlink(missing_ok=True)
        system.run("apt-get", "clean")
        subprocess.run(["gpgconf", "--kill", "all"], env=environment)
