"""The archive's page by the times that are asked for: on the day when clocks go back, of another day, and where nothing is recorded."""
import io
import json
import re
import wave

from console_stub import Stub
from desk import Desk
from harness import check, equal, test

FORTH = 1793510400      # 2026-11-01 01:20 in New York, in summer time, and an hour later 01:20 once more
BACK = FORTH + 3600
NOTHING = "Nothing of this time can be played."
SHOWN = "return [...document.querySelectorAll('form.fields input')].map(one => one.value)"
TYPE = """
const field = document.querySelector('form.fields input[name=' + arguments[0] + ']');
field.value = arguments[1];
field.dispatchEvent(new Event('input', {bubbles: true}));
"""


def sound():
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(8000))
    return out.getvalue()


class Recorded(Stub):
    """Parts of /live.mp3 are recorded, in Unix time."""

    def __init__(self, *parts):
        super().__init__(mounts=1, nodes=1)
        self.parts, self.is_there = parts, True

    def answer(self, path, query):
        if path == "/admin/archive.json":
            ranges = [{"from": begin, "to": end, "bytes": 1000, "where": ["here"]} for begin, end in self.parts]
            row = {"mount": "/live.mp3", "bytes": 1000, "oldest": self.parts[0][0], "newest": self.parts[-1][1], "ranges": ranges, "titles": []}
            return json.dumps({"mounts": [row], "reading": False}).encode(), "application/json"
        if path == "/live.mp3":
            return sound() if self.is_there else None, "audio/wav"
        return super().answer(path, query)


def archive(t, *parts, zone="America/New_York"):
    stub = Recorded(*parts)
    t.owned(stub)
    desk = Desk(t, stub)
    desk.browser.cdp("Emulation.setTimezoneOverride", timezoneId=zone)
    desk.page("/archive?mount=%2Flive.mp3")
    desk.wait(lambda: desk.browser.script(SHOWN)[0], "the times of the day are filled in")
    return desk


def span_of(address):
    return tuple(float(one) for one in re.search(r"from=([\d.]+)&to=([\d.]+)", address).groups())


def download(desk):
    return span_of(desk.browser.script("return document.querySelector('a.button').href"))


def source(desk):
    return desk.browser.script("return document.querySelector('audio').src")


def play(desk):
    desk.press("Play", selector="form button")


@test
def an_hour_that_comes_twice_is_the_recorded_one(t):
    desk = archive(t, (BACK + 0.708, BACK + 28.5))
    equal(desk.browser.script(SHOWN), ["2026-11-01T01:20", "2026-11-01T01:20:28"])
    equal(download(desk), (BACK, BACK + 28))
    play(desk)
    desk.wait(lambda: source(desk), "it plays")
    equal(span_of(source(desk)), (BACK + 0.708, BACK + 28))
    # What is typed there is of the same hour.
    desk.browser.script(TYPE, "to", "2026-11-01T01:20:20")
    equal(download(desk), (BACK, BACK + 20))
    desk.quiet()


@test
def a_part_over_both_hours_begins_in_the_first_and_ends_in_the_second(t):
    desk = archive(t, (FORTH, BACK + 1200))
    equal(desk.browser.script(SHOWN), ["2026-11-01T01:20", "2026-11-01T01:40"])
    equal(download(desk), (FORTH, BACK + 1200))
    # Behind them, and the night when an hour is missing.
    desk.browser.script(TYPE, "to", "2026-11-01T02:00")
    equal(download(desk), (FORTH, BACK + 2400))
    desk.browser.script(TYPE, "from", "2026-03-08T01:59:59")
    equal(download(desk)[0], 1772953199)
    desk.quiet()


@test
def a_range_is_played_of_any_day_and_where_nothing_is_recorded_the_page_says_so(t):
    day, hour = 86400, 3600
    noon = 1796040000   # 2026-11-30 12:00 UTC
    desk = archive(t, (noon - day, noon - day + hour), (noon, noon + hour), (noon + 2 * hour, noon + 3 * hour), zone="UTC")
    for begin, end in (("30T13:10", "30T13:50"), ("28T10:00", "28T11:00"), ("30T15:00", "30T15:10"), ("29T13:10", "29T13:20")):
        desk.browser.script("document.querySelector('p.playing').textContent = ''")
        desk.browser.script(TYPE, "from", "2026-11-" + begin)
        desk.browser.script(TYPE, "to", "2026-11-" + end)
        play(desk)
        desk.see(NOTHING)
        equal(source(desk), "", begin)
    desk.browser.script(TYPE, "from", "2026-11-29T11:50")
    desk.browser.script(TYPE, "to", "2026-11-29T12:10")
    play(desk)
    desk.wait(lambda: source(desk), "the day before plays")
    equal(span_of(source(desk)), (noon - day, noon - day + 600))
    desk.gone(NOTHING)
    desk.quiet()


@test
def a_part_that_is_gone_meanwhile_is_not_silence(t):
    desk = archive(t, (BACK, BACK + 28))
    desk.server.is_there = False
    play(desk)
    desk.see(NOTHING)
    check(source(desk), "it was asked for")
    desk.quiet(but=("404",))
