"""The reason why a mount is off the air, and the time since then, survive upgrades."""
import time

import api
from harness import ADMIN, equal, test, wait_for
from link_bench import edge, linked_master
from replacing import upgrade


@test
def of_an_encoder_that_has_ended_or_was_kicked(t):
    server = api.store_server(t)
    asked = api.Api(server)
    before = {}
    for name in ("/ended", "/kicked"):
        made = asked.want(201, "POST", "/mounts", {"mount": name, "sources": [{"user": "tom"}]}).json()
        source = server.source(name, login="tom:" + made["source"]["password"])
        source.play(2)
        source.leave() if name == "/ended" else asked.want(204, "POST", "/mounts/kicked/kick-source")
        before[name] = wait_for(lambda name=name: asked.want(200, "GET", "/mounts" + name).json()["off-air"], name + " is off the air")
        equal((before[name]["why"], before[name]["node"]), (name[1:], None))
    wait_for(lambda: time.time() > before["/kicked"]["since"] + 1, "it is another second")
    for _ in range(2):
        upgrade(server)
        equal({name: asked.want(200, "GET", "/mounts" + name).json()["off-air"] for name in before}, before)


@test
def of_one_at_a_node(b):
    master = linked_master(b, 11, {"edge12": 'sources="/far/*"'}, body_more="<mount><mount-name>/far/a.mp3</mount-name></mount>")
    node = edge(b, 12, master)
    source = node.source("/far/a.mp3")
    source.play(50)

    def now():
        reply = master.get("/api/v1/mounts/%2Ffar%2Fa.mp3", ADMIN)
        return reply.json() if reply.status == 200 else {"fed-by": None, "off-air": None}
    wait_for(lambda: now()["fed-by"], "the master knows its source")
    source.leave()
    before = wait_for(lambda: now()["off-air"], "it is off the air: %r" % now())
    equal((before["why"], before["node"]), ("ended", "edge12"))
    wait_for(lambda: time.time() > before["since"] + 1, "it is another second")
    for server in (master, node, master):
        upgrade(server)
    equal(now()["off-air"], before)
