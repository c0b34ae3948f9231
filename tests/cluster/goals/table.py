"""The goals of a cluster (G1 … G24): each is a function that measures one, and says what it should reach.

    @goal("G2", "a slave that posts is found", at_most=5.1, unit="s")
    def g2(bench):
        ...
        return 4.7                      # or (4.7, "p99 of 20 restarts; p50 4.1")

bench is that of the cluster tests (../bench.py, ../link_bench.py).
"""
import dataclasses
import typing

GOALS = []


@dataclasses.dataclass
class Goal:
    number: str
    what: str
    measure: typing.Callable
    at_most: float = None
    at_least: float = None
    unit: str = ""

    @property
    def bar(self):
        if self.at_least is not None:
            return "≥ %g %s" % (self.at_least, self.unit)
        return "≤ %g %s" % (self.at_most, self.unit)

    def reached(self, value):
        return (self.at_most is None or value <= self.at_most) and (self.at_least is None or value >= self.at_least)


def goal(number, what, at_most=None, at_least=None, unit=""):
    def mark(function):
        GOALS.append(Goal(number, what, function, at_most, at_least, unit))
        return function
    return mark


def quantile(values, part):
    """The value that `part` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]
