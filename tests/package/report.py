"""The test's checks: a line for each, and the number of successful ones."""
import subprocess
import time

PATIENCE = 20.0

counts = {True: 0, False: 0}
begun = time.monotonic()


def say(text):
    print("--- %5.0f s  %s" % (time.monotonic() - begun, text), flush=True)


def check(fact, what, detail=""):
    counts[bool(fact)] += 1
    print("%s %5.0f s  %s%s" % ("PASS" if fact else "FAIL", time.monotonic() - begun, what,
                                "" if fact or not detail else ": %s" % (detail,)), flush=True)
    return fact


class Broken(Exception):
    """A step failed on which all later ones depend."""


def run(command, what, timeout=600, **options):
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=timeout, **options)
    text = done.stdout.decode(errors="replace")
    if done.returncode != 0:
        raise Broken("%s ended with %d:\n%s" % (what, done.returncode, text[-4000:]))
    return text


def wait_for(fact, patience=PATIENCE):
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if fact():
            return True
        time.sleep(0.05)
    return False
