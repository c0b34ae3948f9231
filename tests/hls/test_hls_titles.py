"""Titles in the list of segments: EXT-X-DATERANGE at the moment at which each sounds."""
import re

from harness import check, equal, test, wait_for

BODY = "<hls><segment>2</segment><window>12</window></hls><mount><mount-name>/live.mp3</mount-name><hls>1</hls></mount>"


def list_of(server):
    master = server.get("/live.mp3/live.m3u8")
    if master.status != 200:
        return ""
    address = master.text.splitlines()[-1]
    reply = server.get(address if address.startswith("/") else "/live.mp3/" + address)
    return reply.text if reply.status == 200 else ""


def ranges(text):
    return re.findall(r'#EXT-X-DATERANGE:ID="([^"]*)",CLASS="org.icecast.title",START-DATE="([^"]*)"(?:,X-ARTIST="([^"]*)")?,X-TITLE="([^"]*)",END-ON-NEXT=YES\n', text)


@test
def a_list_has_the_titles_that_begin_in_it_and_the_one_before(t):
    server = t.server(body=BODY)
    source = server.source("/live.mp3")
    wait_for(lambda: source.play(20) and "#EXTINF" in list_of(server), "the list has segments", 30)
    told = []
    for song in ("One%20-%20%22Two%22", "Three"):
        equal(server.set_title("/live.mp3", song=song).status, 200)

        def in_list():
            source.play(20)
            found = ranges(list_of(server))
            return found and (found[-1][3] == "Three") == (song == "Three")
        wait_for(in_list, "the list has the title", 30)
        told = ranges(list_of(server))
    equal([(one[2], one[3]) for one in told], [("One", "'Two'"), ("", "Three")])
    now = server.get("/api/v1/now/live.mp3").json()
    equal(told[-1][0], now["title"]["id"])
    check(told[0][1] <= told[1][1], "the times go back: %s" % told)
