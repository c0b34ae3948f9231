"""Songs with a different tone each, in HLS: by EXT-X-DATERANGE hls.js knows a title when its tone is heard.

LB_FULL=1 in the environment: 60 songs of 10 s.
"""
import stage  # noqa: F401  (where harness is)
from harness import equal, mount, test
from hls import Player, has_list
from tone_titles import JUDGED, MOUNT, SECONDS, InPage, judge
from tones import TONES, Songs, frames

# Like the page of a station: the newest title whose begin is before the played date.
SHOWN = """
const shown = window.shown = [];
let last = -1;
setInterval(() => {
  const now = hls.playingDate, ranges = Object.values(hls.levels[hls.currentLevel]?.details?.dateRanges || {}).filter(one => now && one.startDate <= now);
  const newest = ranges.sort((a, b) => b.startDate - a.startDate)[0], song = newest ? Number(newest.attr['X-TITLE'].split(' ')[1]) : -1;
  if (song !== last && song >= 0) shown.push([song, performance.now()]);
  last = song;
}, 5);
"""


@test
def hls_js_knows_a_title_when_its_tone_is_heard(s):
    server = s.start(body="<hls><segment>2</segment><window>24</window></hls>" + mount(MOUNT, "<hls>1</hls><max-history>70</max-history>"))
    songs = Songs(s.bench, server, MOUNT, frames(server.dir, SECONDS, TONES), SECONDS)
    has_list(server, MOUNT)
    ear = InPage(s.browser)
    Player(s, "http://%s%s/live.m3u8" % (s.host, MOUNT))
    s.browser.script(SHOWN)
    ear.page_opened()
    judge(s.browser, ear, "hls.js", JUDGED)
    equal(songs.fault, None)
    s.browser.open("about:blank")
