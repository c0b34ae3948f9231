"""Upgrades while starts of mounts wait for a backend."""
from auth_bench import backend_of, url_mount
from backend import ACCEPT
from harness import equal, test
from replacing import upgrade


@test
def starts_that_a_backend_does_not_take_go_over_in_their_order(t):
    backend = backend_of(t, lambda form: None)
    names = ["/m%d" % i for i in range(3)]
    server = t.server(body="".join(url_mount(name, mount_add=backend.url()) for name in names))
    sources = [server.source(name) for name in names]
    for n in range(1, 3):
        backend.wait_for("mount_add", n)
        upgrade(server)
        # The next process begins with the one that was under way.
    backend.wait_for("mount_add", 3)
    backend.answer = lambda form: ACCEPT
    backend.release.set()
    told = [form["mount"] for form in backend.wait_for("mount_add", 5)]
    equal(told, [names[0]] * 3 + names[1:])
    equal([server.stat(name, "listeners") for name in names], ["0"] * 3, "the mounts")
    for source in sources:
        source.close()
