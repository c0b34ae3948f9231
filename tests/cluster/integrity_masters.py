#!/usr/bin/env python3
"""attack/integrity.py with faults of a cluster: a master dies, and the slave has another one.

usage: integrity_masters.py --shared ../shared/attack --server '…/icecast-lb -c {config}' [--format mp3|ogg] …
       integrity_masters.py --list

Everything but --shared goes to integrity.py, which measures and judges: no listener of the slave is
disconnected, nothing is lost or cut, and none waits longer than 1.5 s.  The publisher feeds both
masters, as in doc/cluster.md (iv).
"""
import pathlib
import sys
import time

sys.dont_write_bytecode = True
sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "kit"))
from ports import free_port  # noqa: E402

NODE = "<cluster><id>%s</id><cluster-port>%d</cluster-port><node id='s1' secret='s-s1'/></cluster>"
MASTER = ("<master><server>127.0.0.1</server><port>%d</port><cluster-port>%d</cluster-port><username>s1</username>"
          "<password>s-s1</password></master>")
RELAY = ("<relay><local-mount>/live</local-mount><mount>/live</mount><on-demand>0</on-demand>"
         "<host><server>127.0.0.1</server><port>%d</port></host><host><server>127.0.0.1</server><port>%d</port></host></relay>")


def two_masters(b, slave):
    """slave: makes the slave's configuration of the two masters: [(port, cluster-port)] -> configuration."""
    links = [free_port(""), free_port("")]
    masters = [b.server("m%d" % i, extra=NODE % ("m%d" % i, link)) for i, link in enumerate(links)]
    for master in masters:
        b.source(master.port)
    b.net.start()
    time.sleep(1)
    s = b.server("s", extra=slave([(m.port, link) for m, link in zip(masters, links)]) + "<relays-max-retry>1</relays-max-retry>")
    b.net.start = lambda: None
    b.play(s.port)
    b.settle()
    return masters


def linked(pairs):
    return "".join(MASTER % pair for pair in pairs) + "<cluster><id>s1</id></cluster>"


def configured(pairs):
    return RELAY % tuple(port for port, _ in pairs)


def master_kill9_for_good(b):
    "the slave has links to both masters; the first is killed with -9 and stays dead"
    first, _ = two_masters(b, linked)
    first.proc.kill()
    first.proc.wait()
    time.sleep(8)


def master_kill9_and_back(b):
    "the same, and it is started again at once"
    first, _ = two_masters(b, linked)
    first.proc.kill()
    first.proc.wait()
    first.start()
    time.sleep(10)


def both_masters_kill9_in_turn(b):
    "the first is killed and comes back, then the second"
    first, second = two_masters(b, linked)
    for one in (first, second):
        one.proc.kill()
        one.proc.wait()
        one.start()
        time.sleep(5)


def relay_host_kill9(b):
    "a <relay> with two <host>s; the first is killed with -9 and stays dead"
    first, _ = two_masters(b, configured)
    first.proc.kill()
    first.proc.wait()
    time.sleep(8)


FAULTS = (master_kill9_for_good, master_kill9_and_back, both_masters_kill9_in_turn, relay_host_kill9)


def main():
    arguments = sys.argv[1:]
    if arguments == ["--list"]:
        print(",".join(fault.__name__ for fault in FAULTS))
        return 0
    at = arguments.index("--shared")
    shared = pathlib.Path(arguments[at + 1])
    sys.path.insert(0, str(shared))
    import integrity
    integrity.FAULTS.clear()
    for one in FAULTS:
        integrity.fault(1500)(one)
    sys.argv[1:] = arguments[:at] + arguments[at + 2:] + ["--flavour", "ours"]
    return integrity.main()


if __name__ == "__main__":
    sys.exit(main())
