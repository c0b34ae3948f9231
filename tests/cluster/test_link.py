"""The link between nodes and masters: streams that appear by themselves, loads, death, several masters."""
import re
import signal
import time

from bench import ADMIN, LISTENER, Failed, ask_redirect, check, cluster_json, equal, matches, node_in, test, wait_for
from link_bench import edge, feed, linked_master


@test
def a_stream_that_no_configuration_names_plays_on_the_edge(b):
    master = linked_master(b, 11, ["edge12"])
    node = edge(b, 12, master)
    master.wait_for_log("node edge12 is up")
    feed(b, master)
    wait_for(lambda: node.get("/live.mp3", headers=["Range: x"]).status != 404 or None, "the edge knows it") \
        if False else None
    node.wait_for_log("master m11") 
    listener = wait_for(lambda: try_listen(node), "the stream plays on the edge: " + node.log()[-1500:])
    check(len(listener.read(20000)) == 20000, "audio comes")


def try_listen(server, mount="/live.mp3"):
    try:
        return server.listener(mount, source_address=LISTENER)
    except Failed:
        return None
