"""The page of a stream while nothing is heard: paused by the system, off the air, in a low frame."""
import accessibility
from player import HEARD, playing_page, quiet
from stage import harness
from harness import equal, test, wait_for


@test
def what_the_system_pauses_stays_paused(s):
    """Headphones are pulled out, or the telephone rings."""
    server = s.start()
    s.feed("/live.mp3", "Radio Example")
    playing_page(s)
    s.browser.script("window.plays = 0; document.querySelector('audio').addEventListener('play', () => ++plays); document.querySelector('audio').pause()")
    s.browser.wait(lambda: s.browser.find("#play").text == "Play", "the button offers to play")
    # After 4 s without progress a stream is lost, and after 10 s a paused one is closed.
    s.browser.wait(lambda: s.browser.script("return !document.querySelector('audio').hasAttribute('src')"), "it is closed", 20)
    equal(s.browser.script("return plays"), 0)
    wait_for(lambda: server.stat("/live.mp3", "listeners") == "0", "nothing is heard")
    s.browser.find("#play").click()
    s.browser.wait(lambda: s.browser.script(HEARD) > 0.5, "it plays", harness.Settings.patience)
    # The call is over, and the system goes on by itself.
    s.browser.script("document.querySelector('audio').pause()")
    s.browser.wait(lambda: s.browser.find("#play").text == "Play", "the button offers to play")
    s.browser.script("return document.querySelector('audio').play()")
    s.browser.wait(lambda: s.browser.find("#play").text == "Pause", "the button offers to pause")
    quiet(s)


@test
def whether_it_is_on_the_air_is_said_before_anything_is_pressed(s):
    s.start(body=harness.mount("/live.mp3", ""))
    s.browser.open(s.url("/listen/live.mp3"))
    s.see("This stream is not on the air just now.")
    feeder = s.feed("/live.mp3", "Radio Example")
    s.browser.wait(lambda: s.browser.find("#status").text == "", "it is on the air", 20)
    feeder.close()
    feeder.source.close()
    s.see("This stream is not on the air just now.")
    s.browser.complaints()      # a place that is asked for as the stream ends


@test
def a_low_frame_has_the_button_to_play(s):
    server = s.start()
    s.feed("/live.mp3", "Radio Example, a station with a long name")
    equal(server.set_title("/live.mp3", song="An%20Artist%20-%20A%20title" + "%20that%20is%20long" * 6).status, 200)
    s.browser.open(s.url("/listen/live.mp3?embed=1"))
    s.see("An Artist")
    for width, height in ((400, 110), (200, 100), (400, 80), (320, 60), (120, 60), (60, 40)):
        s.browser.look(width, height=height)
        equal(s.browser.script("return [document.documentElement.scrollWidth, document.documentElement.scrollHeight]"), [width, height], "all of it is seen")
        equal(s.browser.script("const at = document.getElementById('play').getBoundingClientRect(); return at.left >= 0 && at.top >= 0 && at.right <= innerWidth && at.bottom <= innerHeight"),
              True, "the button is seen in %d x %d" % (width, height))
        equal(s.browser.script(accessibility.FAULTS), [], "faults in %d x %d" % (width, height))
    s.browser.find("#play").click()
    s.browser.wait(lambda: s.browser.script(HEARD) > 0.5, "it plays", harness.Settings.patience)
    s.browser.look(1280)
    quiet(s)
