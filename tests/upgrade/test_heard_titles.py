"""Titles that are heard under the name of a mount without a source end where they do without an upgrade."""
import urllib.parse

from api import Api
from harness import equal, give_away, test, wait_for
from replacing import upgrade

BODY = ("<console>1</console><audience/><mount><mount-name>/live.mp3</mount-name>"
        "<fallback-mount>/auto.mp3</fallback-mount></mount>")


def plays(server, title):
    """Whether each play of this title under /live.mp3 has ended."""
    rows = Api(server).want(200, "GET", "/audience/titles").json()["items"]
    return [row["ended"] is not None for row in rows if (row["mount"], row["title"]) == ("/live.mp3", title)]


def titled(server, mount, song):
    server.set_title(mount, song=urllib.parse.quote(song))


@test
def the_title_of_a_fallback_ends_when_the_source_is_back_behind_an_upgrade(t):
    server = t.unstarted_server()
    (server.dir / "state").mkdir()
    give_away(server.dir)
    server.write_config(body=BODY, paths="<state-dir>%s/state</state-dir>" % server.dir)
    server.start()
    auto, source = server.source("/auto.mp3"), server.source("/live.mp3")
    auto.play(400), source.play(400)
    titled(server, "/auto.mp3", "Auto - Zero")
    titled(server, "/live.mp3", "DJ - Last")
    wait_for(lambda: plays(server, "DJ - Last") == [False], "it plays", 20)
    source.close()
    wait_for(lambda: plays(server, "Auto - Zero") == [False], "the title of the fallback is heard", 20)
    upgrade(server)
    auto.play(10)
    server.source("/live.mp3").play(10)
    wait_for(lambda: plays(server, "Auto - Zero") == [True], "it is not heard any more", 20)
    equal(plays(server, "DJ - Last"), [True])
