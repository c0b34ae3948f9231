"""Runs tests of several suites, each in a process of its own, as many at a time as the processors can bear.

Tests mostly wait.  A test has a load: its share of a processor in the last run.  The longest tests begin first, and
others are added while their loads fit.  A test that fails beside others runs once more, alone, at the end, because on a
busy machine a scheduler may be late; its line then has AGAIN.  With one test at a time (--jobs 1) the first result
counts, so that unstable tests are found.
"""
import collections
import json
import os
import pathlib
import selectors
import sys
import time
import traceback

import facts

# For a test without figures from an earlier run: seconds, and seconds of a processor.
UNKNOWN = (1.0, 0.3)
# The share of the processors to use; with more the machine would be late for all tests.
SHARE = 0.8


class Task:
    def __init__(self, suite, function, known):
        self.suite, self.function = suite, function
        self.name = "%s/%s" % (function.group.removeprefix("test_"), function.__name__)
        self.key = "%s %s" % (suite.name, self.name)
        self.seconds, self.cpu = known.get(self.key, UNKNOWN)
        self.load = max(self.cpu / max(self.seconds, 0.1), suite.least_load)
        self.failed_before = False


def outcome(task, make_place):
    """(word, seconds, why) of the test, in this process"""
    begin, place, word, why = time.monotonic(), None, "PASS", ""
    try:
        place = make_place()
        why = task.function(place) or ""
    except facts.Skip as e:
        word, why = "SKIP", str(e)
    except facts.Failed as e:
        frames = [f for f in traceback.extract_tb(e.__traceback__) if pathlib.Path(f.filename).stem == task.function.group]
        word, why = "FAIL", "line %d: %s" % (frames[-1].lineno if frames else 0, e)
    except Exception:
        word, why = "FAIL", traceback.format_exc(limit=-4)
    try:
        if place:
            place.close(word == "PASS")
    except facts.Failed as e:
        word, why = "FAIL", str(e)
    return word, time.monotonic() - begin, why


class Run:
    """A running test: a child of this process, which writes its outcome into a pipe."""

    def __init__(self, task):
        self.task, self.begin = task, time.monotonic()
        self.make_place = task.suite.take_place()
        sys.stdout.flush()
        self.pipe, writing = os.pipe()
        self.process = os.fork()
        if self.process:
            os.close(writing)
            return
        try:
            facts.Settings.patience = task.suite.patience
            result = outcome(task, self.make_place)
            sys.stdout.flush()
            with os.fdopen(writing, "w") as pipe:
                json.dump(result, pipe)
        finally:
            os._exit(0)

    def end(self):
        """(word, seconds, why, seconds of a processor)"""
        with os.fdopen(self.pipe) as pipe:
            text = pipe.read()
        _, status, usage = os.wait4(self.process, 0)
        self.task.suite.give_place_back(self.make_place)
        word, seconds, why = json.loads(text) if text else (
            "FAIL", time.monotonic() - self.begin, "its process ended with %d" % os.waitstatus_to_exitcode(status))
        return word, seconds, why, usage.ru_utime + usage.ru_stime


class Pool:
    def __init__(self, tasks, jobs, report):
        """report(task, word, seconds, why) is called after each test."""
        self.waiting = sorted(tasks, key=lambda task: -task.seconds)
        self.jobs, self.report, self.again = jobs, report, []
        self.room = SHARE * (os.cpu_count() or 1)
        self.running = selectors.DefaultSelector()
        self.figures = {}   # key -> (seconds, seconds of a processor)

    def run(self):
        try:
            self.run_waiting(self.jobs)
            self.waiting, self.again = self.again, []
            self.run_waiting(1)
        finally:
            self.running.close()

    def run_waiting(self, jobs):
        while self.waiting or self.running.get_map():
            while self.begin_one(jobs):
                pass
            for key, _ in self.running.select():
                self.running.unregister(key.fd)
                self.ended(key.data)

    def begin_one(self, jobs):
        runs = [key.data for key in self.running.get_map().values()]
        if len(runs) >= jobs:
            return False
        load = sum(run.task.load for run in runs)
        at_suites = collections.Counter(run.task.suite for run in runs)
        for task in self.waiting:
            if at_suites[task.suite] < task.suite.at_once and (not runs or load + task.load <= self.room):
                self.waiting.remove(task)
                run = Run(task)
                self.running.register(run.pipe, selectors.EVENT_READ, run)
                return True
        return False

    def ended(self, run):
        task = run.task
        word, seconds, why, cpu = run.end()
        if word == "FAIL" and self.jobs > 1 and not task.failed_before:
            task.failed_before = True
            self.again.append(task)
            word = "AGAIN"
        elif word == "PASS" and not task.failed_before:
            self.figures[task.key] = (seconds, cpu)
        self.report(task, word, seconds, why)


def read_figures(*files):
    known = {}
    for file in files:
        for line in file.read_text().splitlines() if file.exists() else []:
            seconds, cpu, key = line.split(" ", 2)
            known[key] = (float(seconds), float(cpu))
    return known


def write_figures(file, figures):
    rows = sorted(figures.items(), key=lambda row: -row[1][0])
    new = file.with_suffix(".new")
    new.write_text("".join("%.1f %.2f %s\n" % (*row[1], row[0]) for row in rows))
    new.replace(file)
