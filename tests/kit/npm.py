"""Files of npm packages, for tests only: our pages have no foreign scripts."""
import subprocess
import tarfile

from facts import Failed


def packed(release, name, directory):
    """`name` of the package, from npm or its cache; release: the package with its version."""
    try:
        done = subprocess.run(["npm", "pack", release, "--prefer-offline", "--pack-destination", str(directory)],
                              cwd=directory, capture_output=True, timeout=120)
    except FileNotFoundError:
        raise Failed("no npm: tools/install-packages test") from None
    if done.returncode != 0:
        raise Failed("npm pack %s: %s" % (release, done.stderr.decode()[-400:]))
    with tarfile.open(next(directory.glob(release.split("@")[0] + "-*.tgz"))) as tar:
        return tar.extractfile("package/" + name).read()
