"""Facts that tests wait for, with deadlines, and the list of the tests."""
import re
import time

TESTS = []


class Failed(Exception):
    """An expectation of a test was not met."""


class Skip(Exception):
    """This machine cannot run the test; the text has the reason."""


def test(function):
    function.group = function.__module__
    TESTS.append(function)
    return function


class Settings:
    """Settings of the whole run, set by run.py."""
    binary = None
    build = None        # its build directory
    patience = 5.0      # the longest time in seconds until a fact must be true
    started = 0         # counts started servers, so that a run without any test fails


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
    """Calls fact() until its result is true, and returns the result: more seldom as time goes by, as most facts are requests."""
    begin = time.monotonic()
    while True:
        value = fact()
        if value:
            return value
        waited = time.monotonic() - begin
        if waited > (patience or Settings.patience):
            raise Failed("it did not happen that " + what)
        time.sleep(min(max(waited / 20, 0.005), 0.025))
