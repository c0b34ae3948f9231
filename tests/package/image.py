"""A container image of the package, on a Debian made here: no registry is asked."""
import pathlib
import re
import subprocess
import urllib.request

from report import Broken, check, run, wait_for
from system import TOP

BASE = "localhost/icecast-lb-test-base:12"
TAG = "localhost/icecast-lb-test:1"


class CannotContain(Exception):
    """This machine lets no container run inside it."""


def podman(*arguments, timeout=600):
    try:
        return run(["podman", "--cgroup-manager=cgroupfs", *arguments], "podman " + str(arguments[0]), timeout)
    except (Broken, FileNotFoundError) as e:
        raise CannotContain(str(e)[-400:]) from None


def image(deb, place, mirror):
    base = place / "base.tar"
    run(["mmdebstrap", "--quiet", "--variant=apt", "bookworm", base, mirror], "mmdebstrap", timeout=1200)
    name = None
    try:
        podman("import", base, BASE)
        podman("run", "--rm", "--network=host", BASE, "true")
        done = subprocess.run([TOP / "deploy/container/build", "--base", BASE, deb, TAG], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=900)
        check(done.returncode == 0, "deploy/container/build makes an image of the package", done.stdout.decode(errors="replace")[-1500:])
        if done.returncode != 0:
            return
        port = 20000 + hash(str(place)) % 10000
        name = podman("run", "-d", "--network=host", "--cap-drop=all", "--read-only", "--tmpfs=/tmp", "-e", "ICECAST_PORT=%d" % port,
                      "-e", "ICECAST_SOURCE_PASSWORD=image-source", TAG).strip().splitlines()[-1]

        def page():
            try:
                return urllib.request.urlopen("http://127.0.0.1:%d/status-json.xsl" % port, timeout=2).read()
            except OSError:
                return b""
        check(wait_for(lambda: b"icestats" in page()), "a container of it serves, read-only and without a capability",
              subprocess.run(["podman", "logs", name], capture_output=True, text=True).stderr[-500:])
        said = podman("exec", name, "id")
        check("uid=10000" in said, "as user 10000", said)
        check("password" not in podman("exec", name, "ls", "/etc/icecast-lb"), "the image has no configuration with passwords")
        check(not re.search(r"(source|admin)-password", podman("history", "--no-trunc", TAG)), "nor its history")
        check(subprocess.run(["podman", "exec", name, "container-start", "--health"]).returncode == 0, "its health is good")
        podman("stop", "-t", "20", name)
        check(podman("inspect", "-f", "{{.State.ExitCode}}", name).strip().endswith("0"), "stop ends it with status 0")
    finally:
        for arguments in ([["rm", "-f", name]] if name else []) + [["rmi", "-f", TAG, BASE]]:
            subprocess.run(["podman", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
