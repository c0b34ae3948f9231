"""Libraries between the server and the C library (LD_PRELOAD), for example to imitate disks."""
import os
import shutil
import subprocess

from harness import Skip


def environment(t, name, source, **more):
    """The environment of a server with this library; more: the library's own variables."""
    compiler = shutil.which("cc") or shutil.which("gcc-12") or shutil.which("clang-14")
    if not compiler:
        raise Skip("no C compiler is here")
    text, library = t.dir / (name + ".c"), t.dir / (name + ".so")
    text.write_text(source)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(text), "-ldl"], check=True)
    t.dir.chmod(0o755)
    library.chmod(0o755)
    return dict(os.environ, LD_PRELOAD=str(library), **{key: str(value) for key, value in more.items()})
