"""Facts that a test waits for, with deadlines, and the list of the tests."""
import re
import time

TESTS = []


class Failed(Exception):
    """What a test expected did not come true."""


class Skip(Exception):
    """This machine cannot do what the test needs; the text says what."""


def test(function):
    function.group = function.__module__
    TESTS.append(function)
    return function


class Settings:
    """Of the whole run, set by run.py."""
    binary = None
    build = None        # the build directory that it comes from
    patience = 5.0      # seconds that a fact may take
    started = 0         # servers; so that a run that tests nothing is noticed


def check(fact, text):
    if not fact:
        raise Failed(text)


def equal(got, wanted, what="value"):
    if got != wanted:
        raise Failed("%s is %r, expected %r" % (what, got, wanted))


def matches(pattern, text, what="text"):
    found = re.search(pattern, text, re.S | re.M)
    if not found:
        raise Failed("%s does not match %r: %r" % (what, pattern, text[-800:]))
    return found


def wait_for(fact, what, patience=None):
    """Asks again and again until fact() is true; returns what it returned."""
    deadline = time.monotonic() + (patience or Settings.patience)
    while True:
        value = fact()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failed("it did not happen that " + what)
        time.sleep(0.005)
