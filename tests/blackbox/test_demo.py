"""The stream of ./run.sh --demo (tools/demo-source.py)."""
import pathlib
import subprocess
import sys

from harness import Settings, check, equal, test, wait_for
from media import ogg_pages

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
FRAME, ROUND = 384, 160     # bytes of a frame, frames of a piece


class Demo:
    def __init__(self, server):
        self.process = subprocess.Popen([sys.executable, TOP / "tools" / "demo-source.py", "--config", server.config,
                                         "--port", str(server.port)], stdin=subprocess.DEVNULL)
        wait_for(lambda: len(server.stats().findall("source")) == 2, "both mounts are there", Settings.patience * 2)

    def close(self):
        self.process.terminate()
        self.process.wait()


@test
def what_cannot_be_is_refused_before_a_configuration_is_written(t):
    for wrong in (["--port", "abc"], ["--port", "65536"], ["--port", "-1"], ["--ports", "80"], ["--ports", "a,b"], ["--ports", "80,80"],
                  ["--ports", "80,443,8080"], ["--hostname", "http://radio.example.org"], ["--hostname", "radio.example.org:80"],
                  ["--hostname", "radio"], ["--hostname", "a b.example.org"], ["--authority", "ca.example.org"]):
        done = subprocess.run([TOP / "run.sh", "--var", t.dir / "var", *wrong], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        check(done.stderr.startswith("run.sh: %s %s: " % tuple(wrong)), done.stderr)
        equal(done.returncode, 2, wrong)
    check(not (t.dir / "var").exists(), "nothing is written")


@test
def the_demo_of_mp3_goes_round_without_a_seam(t):
    server = t.server()
    t.owned(Demo(server))
    listener = server.listener("/demo.mp3", icy=True)
    audio = listener.read((ROUND + 60) * FRAME)
    frames = [audio[i:i + FRAME] for i in range(0, len(audio), FRAME)]
    check(all(frame.startswith(b"\xff\xfb\x94") for frame in frames), "something between the frames")
    equal(frames[ROUND:], frames[:60], "the second round")
    equal(listener.titles, [b"StreamTitle='icecast-lb - Morning';"])


@test
def the_demo_of_ogg_is_a_chain_with_its_titles_inside(t):
    server = t.server()
    t.owned(Demo(server))
    listener = server.listener("/demo.ogg")
    while True:
        listener.read(4000)
        pages = ogg_pages(listener.audio)
        begins = [i for i, page in enumerate(pages) if page[2] & 2]
        if len(begins) >= 2 and len(pages) > begins[1] + 2:
            break
    serials = [pages[i][0] for i in begins]
    check(len(set(serials)) == len(serials), "serial numbers %s" % serials)
    check(pages[begins[1] - 1][2] & 4, "the first link does not end")
    equal([page[1] for page in pages[:begins[1]]], list(range(begins[1])), "page numbers of the first link")
    wait_for(lambda: server.stat("/demo.ogg", "title") == "Morning", "the title is shown")
