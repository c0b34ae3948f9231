#!/usr/bin/env python3
"""Builds the Debian package, installs it into a clean Debian, uses it there, and takes it away again.

usage: run.py --build DIR [--deb FILE] [--only PART] [--mirror URL] [--may-not-boot] [--keep]

--build   a configured build directory; the package is built in DIR/package from what make dist packs
--deb     a package that is there already, instead of building one; --arm64-deb one for arm64
--older-deb  the package of another build, which is upgraded to this one under listeners; without it, this
          one is, packed as two versions
--only    story (install, use, remove), repository, arm64 or image; without it, all of them
--mirror  where Debian comes from (http://deb.debian.org/debian)
--may-not-boot  inside a container, where systemd-nspawn cannot boot: leave out what needs it
--keep    leave the installed system in /tmp

Prints PASS or FAIL, seconds, and what was looked at; "N passed, N failed" at the end.  Needs root, and
debhelper, debootstrap, lintian, systemd-container, curl, ffmpeg;
mmdebstrap, qemu-user-static, apt-utils, gpg, podman.  The system is installed in a directory of its own under /tmp, where
no service is started by anybody but this test; its server runs in network and mount name spaces of its
own, so no port of this machine is touched.  At the end the system is booted (systemd-nspawn) with icecast2
running, and the commands of doc/migration.md are pasted into it.
"""
import argparse
import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

from booted import CannotBoot
from foreign import foreign
from image import image
from repository import repository
from take_over import take_over
from upgrade import upgrade
from report import Broken, PATIENCE, check, counts, run, say, wait_for
from system import CONFIG, Running, System, TOP

# --- the package ----------------------------------------------------------------------------------

def build_package(build):
    place = build / "package"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    run(["make", "-s", "-C", build, "distdir"], "make distdir")
    packed = sorted(build.glob("icecast-lb-[0-9]*/"))
    check(len(packed) == 1 and (packed[0] / "debian/rules").exists(), "make dist packs debian/", packed)
    source = place / "icecast-lb"
    packed[0].rename(source)
    environment = dict(os.environ, DEB_BUILD_OPTIONS="parallel=1 nocheck")
    begin = time.monotonic()
    with open(place / "build.log", "wb") as log:
        done = subprocess.run(["nice", "dpkg-buildpackage", "-us", "-uc", "-b"], cwd=source, stdin=subprocess.DEVNULL,
                              stdout=log, stderr=log, env=environment, timeout=7200)
    if done.returncode != 0:
        raise Broken("dpkg-buildpackage ended with %d:\n%s" % (
            done.returncode, (place / "build.log").read_text(errors="replace")[-4000:]))
    say("dpkg-buildpackage took %.0f s" % (time.monotonic() - begin))
    made = [path for path in place.glob("icecast-lb_*.deb")]
    check(len(made) == 1, "dpkg-buildpackage makes the package", made)
    return made[0]


def look_at_package(deb):
    say("%s, %d bytes" % (deb.name, deb.stat().st_size))
    names = {line.split()[5][1:] for line in run(["dpkg-deb", "--contents", deb], "dpkg-deb").splitlines()}
    for wanted in ("/usr/bin/icecast-lb", "/usr/bin/icelb", "/usr/share/man/man1/icecast-lb.1.gz", "/usr/share/man/man5/icecast-lb.xml.5.gz",
                   "/usr/share/icecast-lb/web/status.xsl", "/usr/share/icecast-lb/admin/stats.xsl",
                   "/usr/share/icecast-lb/icecast-lb.xml.in", "/lib/systemd/system/icecast-lb.service",
                   "/etc/logrotate.d/icecast-lb", "/usr/share/doc/icecast-lb/operations.md",
                   "/usr/share/doc/icecast-lb/examples/icecast-lb.socket", "/usr/share/doc/icecast-lb/copyright"):
        check(wanted in names or wanted + ".gz" in names, "the package has " + wanted)
    check("/" + CONFIG not in names, "the configuration is not dpkg's: it is written at installation")
    depends = run(["dpkg-deb", "--field", deb, "Depends"], "dpkg-deb")
    check(all(library in depends for library in ("libcurl4", "libevent", "libogg0", "libssl3", "libxslt1.1", "adduser")),
          "it depends on its libraries", depends)
    if shutil.which("lintian"):
        done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", deb], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=600)
        check(done.returncode == 0, "lintian finds no error in it, and nothing to warn of", done.stdout)


# --- a clean Debian -------------------------------------------------------------------------------

# --- its server -----------------------------------------------------------------------------------

# --- the story ------------------------------------------------------------------------------------

def passwords_of(system):
    text = system.path(CONFIG).read_text()
    return re.findall(r"(?m)^ *<(?:source|admin)-password>([^<]*)<", text)


def install(system, deb):
    shutil.copy(deb, system.path("tmp/icecast-lb.deb"))
    said = system.apt("install", "/tmp/icecast-lb.deb")
    check("wrote /" + CONFIG in said, "the installation says that it wrote the configuration")
    check(system.run("dpkg-query", "-W", "-f", "${Status}", "icecast-lb") == "install ok installed", "it is installed")
    check(system.run("dpkg-query", "-W", "-f", "${Status}", "icecast2") == "install ok installed", "icecast2 is, too")
    check(system.run("dpkg", "--verify", "icecast2", "icecast-lb") == "", "no file of either has been changed")
    check(re.match(r"uid=\d+\(icecast-lb\) gid=\d+\(icecast-lb\) groups=\d+\(icecast-lb\)$", system.run("id", "icecast-lb").strip()),
          "there is a user icecast-lb with a group of its own")
    check(system.run("getent", "passwd", "icecast-lb").strip().endswith(":/usr/sbin/nologin"), "who cannot log in")
    check(system.owner(CONFIG) == "root:icecast-lb 640", "only root and the server read the configuration", system.owner(CONFIG))
    for name in ("var/log/icecast-lb", "var/lib/icecast-lb"):
        check(system.owner(name) == "icecast-lb:icecast-lb 750", "/" + name + " is the server's", system.owner(name))
    passwords = passwords_of(system)
    check(len(set(passwords)) == 2 and all(re.fullmatch("[0-9a-f]{32}", word) for word in passwords), "the passwords are random")
    text = system.path(CONFIG).read_text()
    check(not re.search(r"(?m)^ *<[\w-]*password>(hackme|change-me)", text), "none is from an example")
    check("<port>8010</port>" in text, "beside icecast2 it takes port 8010")
    said = system.run("setpriv", "--reuid=icecast-lb", "--regid=icecast-lb", "--init-groups", "icecast-lb", "--check-config", "/" + CONFIG)
    check("valid" in said and "warning" not in said, "the configuration is valid, without a warning", said)
    link = system.path("etc/systemd/system/multi-user.target.wants/icecast-lb.service")
    check(link.is_symlink(), "the service is enabled")
    return passwords


def install_again(system, passwords):
    config = system.path(CONFIG)
    changed = config.read_text().replace("<location>Earth</location>", "<location>Mine</location>")
    config.write_text(changed)
    log = system.path("var/log/icecast-lb/kept.log")
    log.write_text("kept\n")
    system.run("dpkg", "-i", "/tmp/icecast-lb.deb")
    check(config.read_text() == changed and passwords_of(system) == passwords, "an upgrade leaves the configuration alone")
    check(log.read_text() == "kept\n" and system.owner(CONFIG) == "root:icecast-lb 640", "and logs and owners")
    log.unlink()


def use(system, server):
    say("the server, as its user, on port %d" % server.port)
    server.start()
    told = server.told()
    check("READY=1" in told and str(server.port) in told, "it tells its manager that it serves", told)
    pid_file = system.path("run/icecast-lb/icecast-lb.pid")
    pid = int(pid_file.read_text())
    status = pathlib.Path("/proc/%d/status" % pid).read_text()
    number = system.run("id", "-u", "icecast-lb").strip()
    check(re.search(r"(?m)^Uid:(\t%s){4}$" % number, status), "it runs as its user", status)
    check(re.search(r"(?m)^CapEff:\t0+$", status), "without a capability")
    source = server.begin(server.beside(sys.executable, "-B", TOP / "tools/demo-source.py", "--config", system.path(CONFIG),
                                        "--port", server.port))
    check(wait_for(lambda: b'"demo.mp3' in server.get("/status-json.xsl") or b"demo.mp3" in server.get("/status-json.xsl")),
          "a source from outside is accepted with the password of the installation")
    for mount in ("/demo.mp3", "/demo.ogg"):
        done = subprocess.run(server.beside("ffmpeg", "-v", "error", "-xerror", "-t", "4", "-i", server.url + mount, "-f", "null", "-"),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        check(done.returncode == 0 and not done.stdout, mount + " is clean audio", done.stdout.decode())
    heard = server.listen("/demo.mp3", 3)
    check(heard > 64 * 1024, "a listener hears it (%d bytes in 3 s)" % heard)
    check(b"demo.mp3" in server.get("/"), "the page shows it")
    check(b"<icestats>" in server.get("/admin/stats", "-u", server.admin), "the administrator gets in with the password of the installation")
    check(server.get("/admin/stats", "-u", "admin:hackme", "-o", "/dev/null", "-w", "%{http_code}") == b"401", "and with no other")
    line = r'(?m)^127\.0\.0\.1 - - \[[^]]+\] "GET /demo\.mp3 HTTP/1\.1" 200 \d+ "-" "package-test" [23]$'
    check(wait_for(lambda: re.search(line, server.log("access.log"))), "the access log has its line", server.log("access.log")[-500:])
    check("Icecast 2.4.4 server started" in server.log("error.log"), "the error log has the start")
    return pid, source


@contextlib.contextmanager
def listening_through(server, what):
    """A listener during the block, which must not be interrupted."""
    listener = server.begin(server.beside("curl", "-s", "-N", "-A", "stays", server.url + "/demo.mp3"), stdout=subprocess.PIPE)
    os.set_blocking(listener.stdout.fileno(), False)
    heard = 0

    def more():
        nonlocal heard
        with contextlib.suppress(BlockingIOError):
            heard += len(os.read(listener.stdout.fileno(), 1 << 20))
        return heard
    if not wait_for(lambda: more() > 64 * 1024):
        raise Broken("a listener hears nothing")
    yield
    before = more()
    check(wait_for(lambda: more() > before + 32 * 1024) and listener.poll() is None, what)
    listener.terminate()
    listener.wait()


def reload(system, server, pid):
    config = system.path(CONFIG)
    config.write_text(config.read_text().replace("<clients>1000</clients>", "<clients>900</clients>"))
    with listening_through(server, "listeners hear on through a reload"):
        os.kill(pid, 1)
        check(all("=1" in server.told() for _ in range(2)), "it tells its manager of the reload and of its end")
        check(wait_for(lambda: "limits/clients 1000→900 live" in server.log("error.log")), "HUP reads the configuration again",
              server.log("error.log")[-500:])


def rotate(system, server):
    with listening_through(server, "listeners hear on through a rotation"):
        inode = system.path("var/log/icecast-lb/access.log").stat().st_ino
        system.run("logrotate", "--force", "/etc/logrotate.d/icecast-lb")
        check(wait_for(lambda: server.get("/after-rotation") and "after-rotation" in server.log("access.log")),
              "after logrotate the server writes into the new file")
        check(system.path("var/log/icecast-lb/access.log").stat().st_ino != inode, "which is another")
        check("package-test" in server.log("access.log.1") and "after-rotation" not in server.log("access.log.1"), "the old one is kept as it was")
        check(system.owner("var/log/icecast-lb/access.log") == "icecast-lb:icecast-lb 640", "the new one is the server's")
    check(wait_for(lambda: '"stays"' in server.log("access.log")), "who came before the rotation is logged after it")
    system.run("logrotate", "--force", "/etc/logrotate.d/icecast-lb")
    check(system.path("var/log/icecast-lb/access.log.2.gz").exists(), "the one before is compressed at the next turn")


def stop(system, server, source):
    source.terminate()
    source.wait()
    os.kill(int(system.path("run/icecast-lb/icecast-lb.pid").read_text()), 15)
    check("STOPPING=1" in server.told(), "it tells its manager that it stops")
    check(server.process.wait(PATIENCE) == 0, "TERM ends it with status 0")
    check(not system.path("run/icecast-lb/icecast-lb.pid").exists(), "the pid file is gone")


def in_a_container(system, server):
    """Runs deploy/container/container-start without a container."""
    script = system.path("tmp/container-start")
    shutil.copy(TOP / "deploy/container/container-start", script)
    script.chmod(0o755)
    config = system.path(CONFIG)
    aside = config.rename(config.with_suffix(".aside"))
    theirs = system.path("etc/icecast2/icecast.xml")
    theirs_aside = theirs.rename(theirs.with_suffix(".aside"))
    try:
        with tempfile.TemporaryFile() as out:
            environment = ["env", "ICECAST_PORT=8020", "ICECAST_SOURCE_PASSWORD=a<b&c", "ICECAST_MAX_CLIENTS=77",
                           "ICECAST_HOSTNAME=radio.example.org", "ICECAST_TRUSTED_PROXY_IPS=192.0.2.1,2001:db8::/32"]
            as_user = ["setpriv", "--reuid=10000", "--regid=10000", "--clear-groups"]
            process = server.begin(server.beside(*system.command(*as_user, *environment, "/tmp/container-start")), stdout=out, stderr=out)

            def said():
                out.seek(0)
                return out.read().decode(errors="replace")
            check(wait_for(lambda: "icecast-lb ready: port 8020" in said()), "container-start serves with what the environment says", said())
            healthy = server.beside(*system.command(*environment, "/tmp/container-start", "--health"))
            check(subprocess.run(healthy).returncode == 0, "its health is good")
            password = re.search(r"ICECAST_ADMIN_PASSWORD is not set; made up: ([0-9a-f]{32})", said())
            check(password is not None, "a password that is missing is made up", said())
            url = "http://127.0.0.1:8020"
            stats = subprocess.run(server.beside("curl", "-s", "-u", "admin:" + (password.group(1) if password else ""), url + "/admin/stats"),
                                   stdout=subprocess.PIPE).stdout
            check(b"<host>radio.example.org</host>" in stats, "and lets the administrator in", stats[:300])
            sent = subprocess.run(server.beside("curl", "-s", "-m", "5", "-T", TOP / "demo/morning.mp3", "-u", "source:a<b&c", "-o", "/dev/null",
                                                "-w", "%{http_code}", "-H", "Content-Type: audio/mpeg", url + "/x.mp3"), stdout=subprocess.PIPE).stdout
            check(sent == b"200", "a password may have any letters", sent)
            check(wait_for(lambda: '"GET /admin/stats HTTP/1.1" 200' in said()), "logs go to the output")
            process.terminate()
            check(process.wait(PATIENCE) == 0, "TERM ends it with status 0")
            check(subprocess.run(healthy, stderr=subprocess.DEVNULL).returncode != 0, "then its health is bad")
    finally:
        aside.rename(config)
        theirs_aside.rename(theirs)
        script.unlink()


def take_away(system, before, passwords):
    system.path("var/lib/icecast-lb/data").write_text("data\n")
    system.apt("remove", "icecast-lb")
    check(not system.path("usr/bin/icecast-lb").exists(), "remove: the program is gone")
    check(passwords_of(system) == passwords and system.path("var/log/icecast-lb/access.log").exists(), "remove: configuration and logs stay")
    shutil.rmtree(system.path("run/icecast-lb"), ignore_errors=True)  # systemd removes a RuntimeDirectory= with its service
    system.run("dpkg", "-i", "/tmp/icecast-lb.deb")
    check(passwords_of(system) == passwords, "installed again: the passwords are as before")
    system.apt("purge", "--autoremove", "icecast-lb")
    after = system.files()
    left = sorted(path for path in after if path not in before)
    check(not left, "purge: no file is left over", left[:20])
    gone = sorted(path for path in before if path not in after)
    check(not gone, "purge: nothing else has gone", gone[:20])
    changed = sorted(path for path in after if path in before and after[path] != before[path])
    check(not changed, "purge: /etc is what it was", changed[:20])
    check(system.status("getent", "passwd", "icecast-lb") != 0 and system.status("getent", "group", "icecast-lb") != 0,
          "purge: user and group are gone")
    check(system.run("dpkg", "--verify", "icecast2") == "" and system.path("etc/icecast2/icecast.xml").exists(), "icecast2 has not noticed")
    system.apt("install", "/tmp/icecast-lb.deb")
    check(passwords_of(system) != passwords and len(passwords_of(system)) == 2, "a new installation has new passwords")
    system.apt("purge", "--autoremove", "icecast-lb")


def look_at_units():
    for unit in ("icecast-lb.service", "icecast-lb.socket"):
        text = (TOP / "packaging" / unit).read_text()
        with tempfile.TemporaryDirectory() as place:
            # The program is not installed here; the check is for the rest of the unit.
            for name in ("icecast-lb.service", "icecast-lb.socket"):
                changed = (TOP / "packaging" / name).read_text().replace("/usr/bin/icecast-lb", "/bin/true")
                (pathlib.Path(place) / name).write_text(re.sub("(?m)^Documentation=.*$", "", changed))
            done = subprocess.run(["systemd-analyze", "verify", os.path.join(place, unit)], capture_output=True, text=True)
            check(done.returncode == 0 and unit not in done.stderr, "systemd understands " + unit, done.stderr)
        if unit.endswith(".service"):
            done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=20", TOP / "packaging" / unit],
                                  capture_output=True, text=True)
            score = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
            check(done.returncode == 0 and score, "its exposure is %s of 10 (at most 2.0)" % (score.group(1) if score else "?"), done.stdout[-300:])
            check("MemoryDenyWriteExecute=yes" in text, "and no memory may be both written and run")


def story(system, deb, place, may_not_boot, older):
    """Installs the package beside icecast2, uses, upgrades and removes it; then it replaces icecast2."""
    look_at_units()
    look_at_package(deb)
    system.apt("install", "icecast2", "logrotate", "systemd-sysv", "dbus", "sudo", "curl", "iproute2", "procps", "python3-minimal")
    before = system.files()
    say("installing")
    passwords = install(system, deb)
    install_again(system, passwords)
    with contextlib.closing(Running(system)) as server:
        pid, source = use(system, server)
        reload(system, server, pid)
        rotate(system, server)
        stop(system, server, source)
        in_a_container(system, server)
    say("removing")
    take_away(system, before, passwords)
    say("taking over from icecast2, with systemd")
    system.apt("install", "--download-only", "/tmp/icecast-lb.deb")
    system.path("usr/sbin/policy-rc.d").unlink()
    try:
        take_over(system, deb, place / "boot.log", check)
        say("a new version under its listeners, and a crash")
        upgrade(system, deb, place / "boot.log", check, older)
    except CannotBoot as e:
        if not may_not_boot:
            raise Broken(str(e)) from None
        say("left out: this machine boots no system inside it (%s)" % str(e)[:200])


def main():
    parser = argparse.ArgumentParser(description="Builds, installs, uses and removes the Debian package.")
    parser.add_argument("--build", type=pathlib.Path)
    parser.add_argument("--deb", type=pathlib.Path)
    parser.add_argument("--arm64-deb", type=pathlib.Path)
    parser.add_argument("--older-deb", type=pathlib.Path)
    parser.add_argument("--only", choices=("story", "repository", "arm64", "image"))
    parser.add_argument("--mirror", default="http://deb.debian.org/debian")
    parser.add_argument("--may-not-boot", action="store_true")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    if not options.build and not options.deb and options.only != "arm64":
        parser.error("--build or --deb")
    os.umask(0o022)
    place = pathlib.Path(tempfile.mkdtemp(prefix="icecast-lb-package-"))
    place.chmod(0o755)
    try:
        if os.getuid() != 0:
            raise Broken("this needs root")
        wanted = [options.only] if options.only else ["story", "repository", "arm64", "image"]
        deb = None if wanted == ["arm64"] else options.deb or build_package(options.build.resolve())
        system = System(place, options.mirror)
        if "story" in wanted or "repository" in wanted:
            say("debootstrap")
            system.make()
            system.apt("update")
        if "repository" in wanted:
            say("an apt repository")
            repository(system, deb, place)
            system.apt("update")
        if "arm64" in wanted:
            say("the package for arm64")
            foreign(place, options.mirror, options.arm64_deb)
        if "image" in wanted:
            say("an image")
            image(deb, place, options.mirror)
        if "story" in wanted:
            story(system, deb, place, options.may_not_boot, options.older_deb)
    except Broken as e:
        check(False, str(e))
    except Exception as e:  # an exception is a failure too
        import traceback
        traceback.print_exc()
        check(False, "the test broke off: %r" % e)
    finally:
        if options.keep:
            print("kept: %s" % place)
        else:
            shutil.rmtree(place, ignore_errors=True)
    print("%d passed, %d failed" % (counts[True], counts[False]))
    return 1 if counts[False] else 0


if __name__ == "__main__":
    sys.exit(main())
