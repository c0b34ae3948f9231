"""A file of a package of npm, for tests alone: no page of ours has a script of others."""
import subprocess
import tarfile

from facts import Failed


def packed(release, name, directory):
    """`name` in the package, as npm gives it (and keeps it in its own cache); release: with its version."""
    try:
        done = subprocess.run(["npm", "pack", release, "--prefer-offline", "--pack-destination", str(directory)],
                              cwd=directory, capture_output=True, timeout=120)
    except FileNotFoundError:
        raise Failed("no npm: tools/install-packages test") from None
    if done.returncode != 0:
        raise Failed("npm pack %s: %s" % (release, done.stderr.decode()[-400:]))
    with tarfile.open(next(directory.glob(release.split("@")[0] + "-*.tgz"))) as tar:
        return tar.extractfile("package/" + name).read()
