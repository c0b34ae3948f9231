"""The console and a mount with two homes."""
import pathlib

from api import Api
from desk import Desk
from harness import check, equal, test, wait_for
from placed import home, store_master, up
from test_console_pages import CONSOLE, Shell, recipe, shown_password


@test
def a_mount_with_two_homes_goes_on_at_the_second_with_what_the_page_shows(t):
    """The page names both homes, and the pasted script of Liquidsoap changes over by itself when the first home is
    killed."""
    master = store_master(t, 11, (12, 13), body=CONSOLE)
    nodes = [home(t, n, master, 'max-sources="%d"' % (14 - n)) for n in (12, 13)]
    desk = Desk(t, master).log_in()

    def create():
        """False: a node that is late on a busy machine is no home for a moment."""
        up(master, nodes)
        desk.page("/mounts")
        desk.press("Create a mount")
        desk.write("Mount", "/two.mp3")
        desk.press("Where it is placed")
        desk.choose("Homes", "2")
        desk.press("Create", selector="form button")
        desk.wait(lambda: "The login of its source" in desk.browser.text or "it is not up" in desk.browser.text, "an answer comes")
        return "it is not up" not in desk.browser.text
    wait_for(create, "the mount is created", 60)
    desk.see("The login of its source", "/two.mp3")
    password = shown_password(desk)
    made = Api(master).want(200, "GET", "/mounts/two.mp3").json()
    desk.see("Second home", made["source"]["backup"])
    for title in ("butt", "Liquidsoap", "ffmpeg"):
        text = recipe(desk, title)
        check(all(each.host in text and str(each.given_port) in text for each in nodes) and password in text, text)
    equal(recipe(desk, "ffmpeg").count("/two.mp3"), 2)
    script = pathlib.Path(desk.place) / "radio.liq"
    desk.place.chmod(0o755)
    script.write_text("settings.init.allow_root.set(true)\n" + recipe(desk, "Liquidsoap").replace('mksafe(playlist("/srv/music"))', "mksafe(sine())"))
    Shell(t, "liquidsoap " + str(script))
    desk.see("on air", patience=30)
    listener = master.listener("/two.mp3")
    listener.take(20000)
    first, second = sorted(nodes, key=lambda each: each.host != master.stat("/two.mp3", "source_ip"))
    wait_for(lambda: "the source from 127.0.0.1 was refused" in second.log() or "the one here is ended" in second.log(), "one at a time", 20)
    first.process.kill()
    first.process.wait()
    t.servers.remove(first)
    wait_for(lambda: master.stat("/two.mp3", "source_ip") == second.host, "the second home has it: " + second.log()[-500:], 20)
    listener.take(60000)


@test
def settings_of_an_encoder_follow_a_move_of_its_home(t):
    master = store_master(t, 11, (12, 13), body=CONSOLE)
    nodes = [home(t, n, master, 'max-sources="%d"' % (14 - n)) for n in (12, 13)]
    up(master, nodes)
    api = Api(master)

    def create():
        return api.ask("POST", "/mounts", {"mount": "/one.mp3"}).status in (201, 409)
    wait_for(create, "the mount is created", 60)
    first = api.want(200, "GET", "/mounts/one.mp3").json()
    desk = Desk(t, master).log_in()
    desk.page("/mounts")
    desk.see("/one.mp3")
    desk.press("/one.mp3")
    desk.see("Settings of its encoder")
    old = next(each for each in nodes if each.host in first["source"]["url"])
    other = next(each for each in nodes if each is not old)
    check(old.host in recipe(desk, "ffmpeg"), "the first home")
    api.want(200, "POST", "/mounts/one.mp3/move", {"to": next(one["id"] for one in api.want(200, "GET", "/nodes").json()["items"] if one["id"] != first["home"] and one["id"] != "m1")})
    desk.wait(lambda: other.host in recipe(desk, "ffmpeg") and old.host not in recipe(desk, "ffmpeg"), "the settings have the new home")
