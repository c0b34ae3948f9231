"""Attacks that are refused (G24) and pairs of servers that play (G19): counts of tests that pass."""
import re

import harness
from table import goal


def count(modules, names):
    """(passed, all, [what failed]) of the tests of these modules whose names match."""
    for module in modules:
        __import__(module)
    tests = [t for t in harness.TESTS if t.group in modules and re.search(names, t.__name__)]
    passed, failed = 0, []
    for function in tests:
        place = harness.Bench()
        good, why = False, ""
        try:
            function(place)
            good = True
        except harness.Skip:
            raise
        except Exception as e:
            why = str(e)[:200]
        finally:
            try:
                place.close(good)
            except harness.Failed as e:
                good, why = False, str(e)[:200]
        passed += good
        if not good:
            failed.append("%s (%s)" % (function.__name__, why))
    return passed, len(tests), failed


@goal("G24", "attacks in the name of others, or of nobody, that are refused", at_least=12, unit="tests")
def g24(b):
    """The tests of test_link_attacks.py, test_spoof_link.py and test_spoof_posts.py, and those of test_reports.py and
    test_tokens.py about refusals: forged, recorded and played again, cut off, oversized and absurd, by strangers and by a
    known node about another, in every frame of the link and every compatible form.  Most hold many attacks each; one that
    succeeds makes the whole count nothing."""
    passed, failed = 0, []
    for module, names in (("test_link_attacks", ""), ("test_spoof_link", ""), ("test_spoof_posts", ""),
                          ("test_reports", "refused|announces_only|clamps|write_headers|with_a_password"),
                          ("test_tokens", "insist")):
        good, _, bad = count([module], names)
        passed += good
        failed += bad
    return (0 if failed else passed), "; ".join(failed) or "all of them refused"


@goal("G19", "pairs of {icecast2 2.4.4, Icecast-KH, ours} as master and slave that play, no relay redirected", at_least=9,
      unit="pairs")
def g19(b):
    """tests/cluster/test_matrix.py: a source at each master, audio from each slave; with our master also that listeners go
    to the slave and that its access log has no 302 for a server.  A KH slave with a changed server-id has to pass too."""
    passed, _, failed = count(["test_matrix"], "_master_with_.*_slave$")
    renamed, _, more = count(["test_matrix"], "a_kh_slave_with_another_name")
    failed += more
    return passed if renamed == 1 else 0, "; ".join(failed) or "and a KH slave called Foo/1 is not redirected either"
