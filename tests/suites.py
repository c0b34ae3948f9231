"""The suites of tests, and the command line of the programs that run them: ./run.py, and a suite's own run.py.

A suite is a folder by subject.  Parts that several suites use are in kit/: servers, sources, listeners, stores.
"""
import argparse
import functools
import importlib
import os
import pathlib
import re
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE / "kit")]
import facts  # noqa: E402
import harness  # noqa: E402
import pool  # noqa: E402

# The number of tests at a time that wait; their loads limit how many compute.
JOBS = 6 * (os.cpu_count() or 1)


class Suite:
    """A folder of tests: functions with @test in `modules`. They are called with the result of `place`."""

    def __init__(self, name, modules="test_*", place="harness.Bench", patience=5.0, at_once=JOBS, least_load=0.0):
        self.name, self.modules, self.place = name, modules, place
        self.patience, self.at_once, self.least_load = patience, at_once, least_load

    def load(self):
        sys.path.insert(0, str(HERE / self.name))
        paths = [p for p in sorted((HERE / self.name).glob("*.py")) if re.fullmatch(self.modules.replace("*", ".*"), p.stem)]
        # Two suites may have files of the same name.
        for path in paths:
            if path.stem in sys.modules and sys.modules[path.stem].__file__ != str(path):
                del sys.modules[path.stem]
        for path in paths:
            importlib.import_module(path.stem)
        # A test file may import another one for its helpers only.
        return [t for t in facts.TESTS if pathlib.Path(t.__globals__["__file__"]) in paths]

    def take_place(self):
        """Returns the function that makes the place of one test; called before the test's process begins."""
        module, name = self.place.split(".")
        return getattr(importlib.import_module(module), name)

    def give_place_back(self, make_place):
        pass

    def close(self):
        pass


class BrowserSuite(Suite):
    """Each of the tests that run at a time has a browser, which stays for the next test."""
    # Names that are no localhost: to these a browser speaks as to any other plain http server, without
    # Sec-Fetch-Site (which it keeps for https and localhost).
    NAMES = "MAP radio.test 127.0.0.1, MAP evil.test 127.0.0.1"
    shots = None

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.browsers, self.free = [], []

    def take_place(self):
        if not self.free:
            stage = importlib.import_module("stage")
            place = pathlib.Path(facts.Settings.binary).parent / ("browser%d" % len(self.browsers))
            place.mkdir()
            shots = self.shots or place / "shots"
            shots.mkdir(parents=True, exist_ok=True)
            browser = self.own_browser(place)
            self.browsers.append(browser)
            self.free.append(functools.partial(stage.Stage, browser, shots))
        return self.free.pop()

    def own_browser(self, place):
        if os.environ.get("LB_BROWSER") == "firefox":
            return importlib.import_module("firefox").Firefox(place, preferences={"network.dns.localDomains": "radio.test, evil.test"})
        return importlib.import_module("webdriver").Browser(place, ["--host-resolver-rules=" + self.NAMES, "--autoplay-policy=no-user-gesture-required"])

    def give_place_back(self, make_place):
        self.free.append(make_place)

    def close(self):
        for browser in self.browsers:
            browser.close()


SUITES = {suite.name: suite for suite in (
    Suite("blackbox"),
    Suite("cluster"),
    Suite("api"),
    # Each has a Chromium of its own, whose processor time the figures do not have: about half a processor.
    Suite("console", at_once=3, least_load=0.5),
    Suite("login"),
    Suite("store"),
    Suite("external"),
    Suite("limits"),
    Suite("homes"),
    Suite("archive"),
    Suite("hls"),
    Suite("relay"),
    Suite("encoders"),
    Suite("upgrade"),
    Suite("faults", patience=10.0),
    BrowserSuite("browser", modules="pages|archive|cluster|engines_play|hls|html_checker|login|origin|player|player_past|player_silent|titles|tone_hls|tone_titles", patience=15.0, at_once=2, least_load=0.5),
    # By the stage players: continuous integration has no Firefox.
    Suite("firefox", patience=15.0, at_once=1),
    Suite("docs", place="machine.Machine", patience=20.0, at_once=2),
    Suite("orchestration", place="stand.Stand", patience=10.0, at_once=1),
)}


def arguments(about, names):
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--server", required=True, help="the program")
    parser.add_argument("--only", default="", help='regular expression over "group/name"')
    parser.add_argument("--jobs", type=int, default=JOBS, help="tests at the same time, at most (%d)" % JOBS)
    parser.add_argument("--slow-server", action="store_true",
                        help="the program is a build with sanitizers: five times more patience")
    parser.add_argument("--list", action="store_true")
    if "browser" in names:
        parser.add_argument("--screenshots", type=pathlib.Path, help="where pictures of the pages are kept")
    if len(names) > 1:
        parser.add_argument("suite", nargs="*", choices=[*names, []], help="all of them if none is given: " + " ".join(names))
    return parser.parse_args()


class Report:
    """Prints a line for each test, and at the end their number."""

    def __init__(self, suites, one):
        self.one = one      # there is no other suite
        self.counts = {suite.name: {"PASS": 0, "FAIL": 0, "SKIP": 0, "AGAIN": 0} for suite in suites}
        self.spans = {}     # of each suite: when its first test began, and when its last one ended

    def ended(self, task, word, seconds, why):
        now = time.monotonic()
        self.counts[task.suite.name][word] += 1
        self.spans[task.suite.name] = (min(now - seconds, self.spans.get(task.suite.name, (now,))[0]), now)
        where = task.name if self.one else task.key
        print("%s %5.2f  %s%s" % (word, seconds, where, why and ": " + why), flush=True)

    @staticmethod
    def closing_line(rows):
        passed, failed, skipped = (sum(row[word] for row in rows) for word in ("PASS", "FAIL", "SKIP"))
        return "%d passed, %d failed%s" % (passed, failed, ", %d skipped" % skipped if skipped else "")

    def close(self):
        """Returns 0 if each suite has a passed test and no failed one."""
        for name, row in () if self.one else self.counts.items():
            begin, end = self.spans.get(name, (0, 0))
            print("%s: %s; %d s" % (name, self.closing_line([row]), end - begin))
        print(self.closing_line(self.counts.values()))
        return 0 if all(row["PASS"] and not row["FAIL"] for row in self.counts.values()) else 1


def main(about, *names):
    options = arguments(about, names)
    suites = [SUITES[name] for name in names if not getattr(options, "suite", None) or name in options.suite]
    build = pathlib.Path(options.server).resolve().parent.parent
    # From the last run; without one, from a saved run.
    newest = build / "test-seconds"
    known = pool.read_figures(HERE / "seconds", newest)
    tasks = [pool.Task(suite, t, known) for suite in suites for t in suite.load()]
    tasks = [task for task in tasks if re.search(options.only, task.name)]
    if options.list:
        print("\n".join(task.name for task in tasks))
        return 0
    suites = [suite for suite in suites if any(task.suite is suite for task in tasks)]
    for suite in suites:
        suite.patience *= 5 if options.slow_server else 1
        suite.shots = getattr(options, "screenshots", None)
        if suite.shots:  # of the console's tests, each in a process of its own
            os.environ["LB_SHOTS"] = str(suite.shots.resolve())
    report = Report(suites, len(names) == 1)
    # A copy that all users may read: the server of root runs as nobody.
    with tempfile.TemporaryDirectory(prefix="icecast-lb-tests-", ignore_cleanup_errors=True) as place:
        pathlib.Path(place).chmod(0o755)
        facts.Settings.build, facts.Settings.binary = build, harness.copy_program(options.server, place)
        tests = pool.Pool(tasks, options.jobs, report.ended)
        try:
            tests.run()
        finally:
            for suite in suites:
                suite.close()
    pool.write_figures(newest, dict(known, **tests.figures))
    return report.close()
