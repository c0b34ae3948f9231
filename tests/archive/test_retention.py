"""What retention removes cannot come back: it judges a recording only by a section that is the final one."""
import time

from api import Api, store_server
from harness import Failed, check, equal, mount, open_folder, test, wait_for
from link_bench import edge, feed
from placed import login_of, store_master, up
from recorded import Recording

MOUNTS = "keep", "year", "plain", "named"
TEN_MINUTES = "<archive><enabled>1</enabled><retention>10m</retention></archive>"


def made_place(t):
    return open_folder(t.dir / "archive")


class Radio:
    """A server with records that keep their recordings long, a default section and a section that do not, and an hour
    of recordings of each, which is written while the server rests."""

    def __init__(self, t):
        self.place = made_place(t)
        self.server = store_server(t, "<archive><dir>%s</dir></archive>" % self.place + mount("/named.mp3", TEN_MINUTES) +
                                   "<mount type='default'>%s</mount>" % TEN_MINUTES)
        api = Api(self.server)
        for name, retention in (("keep", "0s"), ("year", "365d")):
            api.mount("/%s.mp3" % name, settings={"archive": {"enabled": True, "retention": retention}})
        self.server.stop()
        recording = Recording(int(time.time()) // 300 * 300 - 3600, 3300, frames_a_second=2)
        for name in MOUNTS:
            recording.write(self.place, self.directory(name))
        self.all = self.files("keep")

    @staticmethod
    def directory(name):
        return "%%2F%s%%2Emp3" % name

    def files(self, name):
        return len(list((self.place / self.directory(name)).glob("*/*.data")))

    def is_cut(self, name):
        return self.files(name) <= 2


@test
def a_start_removes_nothing_that_a_record_keeps(t):
    radio = Radio(t)
    equal(radio.all, 11)
    radio.server.start()
    wait_for(lambda: radio.is_cut("named") and radio.is_cut("plain"), "the old files of the other mounts go", 90)
    equal((radio.files("keep"), radio.files("year")), (radio.all, radio.all), "files of the records")


@test
def while_the_store_cannot_be_read_only_sections_of_the_file_count(t):
    radio = Radio(t)
    form = radio.server.dir / "records" / "format"
    form.write_text("2\n")
    radio.server.start()
    wait_for(lambda: radio.is_cut("named"), "a section of the file is final", 20)
    radio.server.wait_for_log("the store cannot be read")
    equal([radio.files(name) for name in MOUNTS[:3]], [radio.all] * 3, "files without a section")
    form.write_text("1\n")
    wait_for(lambda: radio.is_cut("plain"), "the old files of the default section go once the records are known", 90)
    equal((radio.files("keep"), radio.files("year")), (radio.all, radio.all), "files of the records")


@test
def a_node_waits_for_the_records_of_each_master(b):
    """One of two masters, with a store each, is away when the node starts again without a copy of the records."""
    first, second = (store_master(b, number, (12,), capacity='max-sources="5"') for number in (11, 14))
    settings = {"archive": {"enabled": True, "retention": "0s"}}
    place = made_place(b)
    node = edge(b, 12, [first, second], capacity='max-sources="5"', body="<archive><dir>%s</dir></archive>" % place +
                mount("/named.mp3", TEN_MINUTES) + "<mount type='default'>%s</mount>" % TEN_MINUTES)
    up([first, second], [node])
    made = Api(second).want(201, "POST", "/mounts", {"mount": "/keep.mp3", "place": {"node": "edge12"}, "settings": settings}).json()

    def begun():
        try:
            return feed(b, node, "/keep.mp3", login=login_of(made))
        except Failed:
            return None
    source = wait_for(begun, "the home takes the source", 15)
    source.play(20)

    def files(name):
        return len(list((place / Radio.directory(name)).glob("*/*.data")))
    wait_for(lambda: source.play(2) and files("keep") > 0, "it is recorded", 10)
    source.close()
    second.stop()
    node.stop()
    now = int(time.time())
    Recording(now // 300 * 300 - 3600, 3300, frames_a_second=2).write(place, Radio.directory("keep"))
    # Too old soon after the start: its end shows that the archive has looked again.
    Recording(now - 880, 300, frames_a_second=2).write(place, Radio.directory("named"))
    recorded = files("keep")
    node.start()
    node.wait_for_log("m11 .*: is linked")
    check(files("named") > 0, "it is not too old yet")
    wait_for(lambda: files("named") == 0, "the archive looks again", 120)
    equal(files("keep"), recorded, "files of the record")
