"""Programs that a test starts: each ends together with all programs that it starts."""
import os
import signal
import subprocess
import time

from facts import Failed


class Program:
    def __init__(self, *command, env=None):
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        start_new_session=True, env=env)

    def close(self):
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(5)
        except ProcessLookupError:
            pass
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def until(fact, what, patience=30.0):
    deadline = time.monotonic() + patience
    while True:
        value = fact()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failed("it did not happen that " + what)
        time.sleep(0.02)
