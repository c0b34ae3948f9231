"""Threads beside a test."""
import concurrent.futures
import threading


class Threaded:
    """The base of what plays, listens or writes beside a test: run(), in a thread of its own, while `going` is true."""
    going = True

    def start(self, bench=None):
        """bench: closes it at the end of the test."""
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        if bench:
            bench.owned(self)

    def close(self):
        self.going = False
        self.thread.join(10)


def all_at_once(task, each):
    """What task(one) returns for each one; each is called in a thread of its own."""
    with concurrent.futures.ThreadPoolExecutor(len(each)) as pool:
        return list(pool.map(task, each))
