"""A container image of the package, on a Debian made here, without any registry.

Its steps run in a chroot (BUILDAH_ISOLATION), and so does its program: as the image's user, without capabilities, on a
file system that is read-only except for /tmp.  So the test also runs where no container can be started.
"""
import json
import os
import pathlib
import subprocess
import urllib.request

from report import PATIENCE, check, run, wait_for
from system import TOP

BASE = "localhost/icecast-lb-test-base:12"
TAG = "localhost/icecast-lb-test:1"
INSIDE = r"""
set -e
mount --bind "$0" "$0"
mount -o remount,ro,bind "$0"
mount -t tmpfs none "$0/tmp"
chmod 1777 "$0/tmp"
mount -t proc proc "$0/proc"
mount --rbind /dev "$0/dev"
exec chroot "$0" setpriv --reuid=10000 --regid=10000 --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs env -i "$@"
"""


def podman(*arguments, timeout=600):
    return run(["podman", "--cgroup-manager=cgroupfs", *arguments], "podman " + str(arguments[0]), timeout)


def image(deb, place, mirror):
    base = place / "base.tar"
    run(["mmdebstrap", "--quiet", "--variant=apt", "bookworm", base, mirror], "mmdebstrap", timeout=1200)
    server = None
    try:
        podman("import", base, BASE)
        done = subprocess.run([TOP / "deploy/container/build", "--base", BASE, deb, TAG], stdin=subprocess.DEVNULL,
                              env=dict(os.environ, BUILDAH_ISOLATION="chroot"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=900)
        said = done.stdout.decode(errors="replace")
        check(done.returncode == 0, "deploy/container/build makes an image of the package", said[-1500:])
        if done.returncode != 0:
            return
        facts = json.loads(podman("inspect", TAG))[0]
        config = facts["Config"]
        check(config["User"] == "10000:10000", "it runs as user 10000", config)
        check(config["Entrypoint"] == ["container-start"] and "8000/tcp" in config["ExposedPorts"], "by container-start, at port 8000", config)
        check("--health" in json.dumps(facts.get("Healthcheck")), "with a health check", facts.keys())
        root = pathlib.Path(podman("image", "mount", TAG).strip())
        check(not (root / "etc/icecast-lb/icecast-lb.xml").exists(), "it has no configuration, so no passwords")
        check(not list(root.glob("tmp/*")) and not list(root.glob("var/lib/apt/lists/*_*")), "nor what was only needed to make it")

        port = 20000 + os.getpid() % 10000
        server = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", INSIDE, str(root), "PATH=/usr/local/bin:/usr/bin:/bin",
             "ICECAST_PORT=%d" % port, "ICECAST_SOURCE_PASSWORD=image-source", *config["Entrypoint"]],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

        def page():
            try:
                return urllib.request.urlopen("http://127.0.0.1:%d/status-json.xsl" % port, timeout=2).read()
            except OSError:
                return b""
        serves = wait_for(lambda: b"icestats" in page() or server.poll() is not None) and server.poll() is None
        check(serves, "it serves, read-only and without a capability", b"" if serves else server.communicate()[0][-800:])
        server.terminate()
        check(server.wait(PATIENCE) == 0, "TERM ends it with status 0", server.returncode)
    finally:
        if server and server.poll() is None:
            server.kill()
            server.wait()
        subprocess.run(["podman", "image", "unmount", TAG], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        subprocess.run(["podman", "rmi", "-f", TAG, BASE], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
