"""Stations of a store at the other servers that show pages: nodes, and masters of the same store."""
from api import Api
from bench import check, equal, test, wait_for
from etcd import Cluster, needs_etcd
from link_bench import feed
from pictures import png
from test_conf import state_edge, store_master
from test_etcd_masters import masters


def shows(server, station, text):
    return text in server.get("/listen/" + station).text


@test
def a_node_shows_the_stations_of_its_master(b):
    master = store_master(b, 11, ["edge12"])
    api = master.api
    api.want(201, "POST", "/accounts", {"id": "acme"})
    api.want(201, "POST", "/accounts", {"id": "other"})
    login = api.mount("/rock.mp3", account="acme", place={"node": master.name})
    feed(b, master, "/rock.mp3", login=login)
    node = state_edge(b, 12, master)
    made = {"name": "Rock Antenna", "colour": "#b3261e", "timezone": "Europe/Berlin", "account": "acme", "mounts": ["/rock.mp3"]}
    api.want(200, "PUT", "/stations/antenna", made)
    wait_for(lambda: shows(node, "antenna", "Rock Antenna"), "the node has its page")
    wait_for(lambda: node.get("/api/v1/now/station:antenna").status == 200, "and tells what it plays")
    equal(node.get("/api/v1/now/station:antenna").json()["name"], "Rock Antenna")
    equal(node.get("/api/nowplaying/antenna").json()["station"]["timezone"], "Europe/Berlin")
    check("#b3261e" in node.get("/_lb/player/antenna.css").text, "its colour")
    api.want(200, "PATCH", "/stations/antenna", {"name": "Renamed"})
    wait_for(lambda: shows(node, "antenna", "Renamed"), "a change comes")
    # The node judges by itself whose the mount is.
    api.want(200, "PATCH", "/mounts/rock.mp3", {"account": "other"})
    wait_for(lambda: node.get("/listen/antenna").status == 404, "a mount of others is not shown")
    check(not shows(node, "rock.mp3", "Renamed"), "nor its name on the page of the mount")
    api.want(200, "PATCH", "/mounts/rock.mp3", {"account": "acme"})
    wait_for(lambda: shows(node, "antenna", "Renamed"), "it is its own again")
    # Without its master, from its copy.
    wait_for(lambda: "stations/antenna" in (node.dir / "conf.cache").read_text(), "the copy has it")
    node.stop()
    master.stop()
    node.start()
    equal(node.get("/_lb/player/antenna.css").status, 200, "it is known from the copy")
    master.start()
    wait_for(lambda: master.get("/listen/antenna").status == 200, "the master has it")
    Api(master).want(204, "DELETE", "/stations/antenna")
    wait_for(lambda: node.get("/_lb/player/antenna.css").status == 404, "what is deleted goes")


@test
def the_picture_of_a_station_is_kept_by_each_node_that_shows_it(b):
    master = store_master(b, 13, ["edge14"])
    api = master.api
    feed(b, master, "/rock.mp3", login=api.mount("/rock.mp3", place={"node": master.name}))
    node = state_edge(b, 14, master)
    picture = png(seed=5)
    art = api.want(200, "PUT", "/mounts/%2Frock.mp3/art?keep=1", picture).json()["art"]
    api.want(200, "PUT", "/stations/antenna", {"name": "Rock Antenna", "logo": art, "mounts": ["/rock.mp3"]})
    kept = [server.dir / "art" / art.rsplit("/", 1)[1] for server in (master, node)]
    wait_for(lambda: all(one.exists() and one.read_bytes() == picture for one in kept), "both have the file, which nobody has asked for", 30)
    wait_for(lambda: shows(node, "antenna", art), "the node shows it")
    # The server that took it has lost it, with its memory.
    master.stop()
    kept[0].unlink()
    equal(node.get(art).body, picture, "it is there without the master")
    node.stop()
    node.start()
    equal(node.get(art).body, picture, "and after a restart")
    master.start()
    wait_for(lambda: kept[0].exists(), "the master has it from the node", 30)
    equal(master.get(art).body, picture)
    # What no station shows is asked for by nobody.
    lost = art.replace(art[9:13], "0" * 4)
    equal(node.get(lost).status, 404)


@test
def another_master_of_the_store_shows_it_at_once(b):
    needs_etcd()
    first, second = masters(b, Cluster(b, 1))
    api = Api(first)
    api.mount("/rock.mp3")
    api.want(200, "PUT", "/stations/antenna", {"name": "Rock Antenna", "mounts": ["/rock.mp3"]})
    wait_for(lambda: second.get("/api/v1/now/station:antenna").status == 200, "the other master tells of it")
    equal(Api(second).want(200, "GET", "/stations/antenna").json()["name"], "Rock Antenna")
    Api(second).want(200, "PATCH", "/stations/antenna", {"name": "Renamed"})
    wait_for(lambda: Api(first).want(200, "GET", "/stations/antenna").json()["name"] == "Renamed", "and back")
    Api(second).want(204, "DELETE", "/stations/antenna")
    wait_for(lambda: first.get("/api/v1/now/station:antenna").status == 404, "it is gone everywhere")
