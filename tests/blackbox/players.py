#!/usr/bin/env python3
"""Each format for half a minute from ffmpeg, heard by ffmpeg, mpv and a headless Chromium.

usage: players.py --server BINARY [--seconds N]

All formats at the same time.  Prints PASS or FAIL for every format and player, and
"N passed, N failed".  Needs ffmpeg, mpv, chromium and chromedriver.
"""
import argparse
import concurrent.futures
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "kit"), str(HERE.parent / "browser")]
sys.dont_write_bytecode = True
import harness  # noqa: E402
from webdriver import Browser, DriverError  # noqa: E402

FORMATS = {
    "mp3": ("audio/mpeg", ["-c:a", "libmp3lame", "-b:a", "128k", "-f", "mp3"]),
    "aac": ("audio/aac", ["-c:a", "aac", "-b:a", "96k", "-f", "adts"]),
    "vorbis": ("application/ogg", ["-c:a", "libvorbis", "-f", "ogg"]),
    "opus": ("audio/ogg", ["-c:a", "libopus", "-page_duration", "200000", "-f", "ogg"]),
    "flac": ("audio/ogg", ["-c:a", "flac", "-page_duration", "200000", "-f", "ogg"]),
    "webm": ("audio/webm", ["-c:a", "libopus", "-cluster_time_limit", "500", "-live", "1", "-f", "webm"]),
}


def feed(server, name, seconds):
    content_type, options = FORMATS[name]
    return subprocess.Popen(
        ["ffmpeg", "-v", "error", "-re", "-f", "lavfi", "-i", "anoisesrc=color=pink:sample_rate=48000:amplitude=0.1", "-ac", "2",
         "-t", str(seconds), *options, "-content_type", content_type, "icecast://%s@127.0.0.1:%d/%s" % (harness.SOURCE, server.port, name)],
        stdin=subprocess.DEVNULL, start_new_session=True)


def run(command, seconds):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds * 2 + 30)
    return done.returncode, done.stdout + done.stderr


def play_with_ffmpeg(server, name, seconds):
    begin = time.monotonic()
    status, said = run(["ffmpeg", "-v", "error", "-xerror", "-rw_timeout", "9000000", "-t", str(seconds),
                        "-i", "http://127.0.0.1:%d/%s" % (server.port, name), "-f", "null", "-"], seconds)
    took = time.monotonic() - begin
    if status or said.strip():
        return "status %d: %s" % (status, said[-300:])
    # The burst is available at once; the rest must come at the stream's pace.
    return "" if seconds / 3 < took < seconds + 8 else "%d seconds of sound took %.1f" % (seconds, took)


def play_with_mpv(server, name, seconds):
    status, said = run(["mpv", "--no-config", "--no-video", "--ao=null", "--length=%d" % seconds, "--msg-level=all=warn",
                        "http://127.0.0.1:%d/%s" % (server.port, name)], seconds)
    return "status %d: %s" % (status, said[-300:]) if status or "rror" in said else ""


PAGE = "<!DOCTYPE html><title>players</title>" + "".join(
    '<audio id="%s" src="/%s" autoplay></audio>' % (name, name) for name in FORMATS)


def play_with_chromium(bench, server, seconds):
    """name → error, over all formats."""
    (server.dir / "web" / "players.html").write_text(PAGE)
    browser = bench.owned(Browser(bench.dir, ["--autoplay-policy=no-user-gesture-required"]))
    browser.open("http://127.0.0.1:%d/players.html" % server.port)
    deadline = time.monotonic() + seconds + 15
    while True:
        state = browser.script("const s = {}; for (const a of document.querySelectorAll('audio'))"
                               " s[a.id] = {time: a.currentTime, error: a.error && a.error.message}; return s;")
        waiting = [name for name, audio in state.items() if not audio["error"] and audio["time"] < seconds]
        if not waiting or time.monotonic() > deadline:
            return {name: audio["error"] or ("" if audio["time"] >= seconds else "played %.1f seconds" % audio["time"])
                    for name, audio in state.items()}
        time.sleep(0.2)


def main():
    parser = argparse.ArgumentParser(description="Plays each format with three players.")
    parser.add_argument("--server", required=True)
    parser.add_argument("--seconds", type=int, default=20)
    options = parser.parse_args()
    seconds, feeds, results = options.seconds, [], {}
    with tempfile.TemporaryDirectory(prefix="icecast-lb-players-") as place:
        pathlib.Path(place).chmod(0o755)
        harness.Settings.binary = harness.copy_program(options.server, place)
        harness.Settings.patience = 15.0
        bench = harness.Bench()
        try:
            server = bench.server()
            feeds = [feed(server, name, seconds + 30) for name in FORMATS]
            harness.wait_for(lambda: len(server.stats().findall("source")) == len(FORMATS), "all sources are there")
            with concurrent.futures.ThreadPoolExecutor(2 * len(FORMATS) + 1) as pool:
                chromium = pool.submit(play_with_chromium, bench, server, seconds)
                jobs = {(name, player): pool.submit(play, server, name, seconds) for name in FORMATS
                        for player, play in (("ffmpeg", play_with_ffmpeg), ("mpv", play_with_mpv))}
                for key, job in jobs.items():
                    try:
                        results[key] = job.result()
                    except subprocess.TimeoutExpired:
                        results[key] = "it did not end"
                try:
                    heard = chromium.result()
                except (OSError, harness.Failed, DriverError) as e:
                    heard = dict.fromkeys(FORMATS, "the browser: %s" % e)
                results.update({(name, "chromium"): why for name, why in heard.items()})
        finally:
            for each in feeds:
                each.terminate()
                each.wait()
            bench.close(False)
    for (name, player), why in sorted(results.items()):
        print("%s %s/%s%s" % ("FAIL" if why else "PASS", name, player, ": " + why if why else ""))
    failed = sum(1 for why in results.values() if why)
    print("%d passed, %d failed" % (len(results) - failed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
