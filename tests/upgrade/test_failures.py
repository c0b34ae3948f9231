"""Ways for a new program to fail before it has taken over: listeners lose nothing, and the next upgrade works."""
from harness import check, equal, test
from media import MP3_FRAME
from replacing import own_program, put_program, refused_upgrade, taken, upgrade

# What stands at the program's path, %s: the whole program; and what is said of it.
WAYS = (
    ("exit 0", "has ended"),
    ("kill -SEGV $$", "has ended"),
    ("exec 3>&-; exec sleep 1", "has ended"),
    ("head -c 100000 /dev/zero >&3; exec sleep 1", "sizes|ended|known"),
    ("printf '\\001\\000\\000\\000' >&3", "sizes|ended|known"),
    ("exec %s -c /nonexistent.xml --take-over=3", "has ended|refuses"),
    ("exec %s \"$@\" --no-such-option", "has ended|refuses"),
    ("exec %s \"$@\" --take-over=9", "has ended|refuses"),
    ("ulimit -n 10; exec %s \"$@\"", "has ended|refuses"),
    ("ulimit -v 60000; exec %s \"$@\"", "has ended|refuses"),
    ("exec /nonexistent", "has ended"),
)


@test
def nothing_is_lost_in_any_of_them(t):
    place = own_program(t)
    server = t.server()
    source = server.source()
    sent = source.play(50)
    listeners = [server.listener() for _ in range(5)]
    program = t.dir / "whole"
    put_program(program, like=place)
    for way, why in WAYS:
        put_program(place, "#!/bin/sh\n%s\n" % (way.replace("%s", str(program))))
        refused_upgrade(server, why)
        sent += source.play(10)
    equal(len(taken(server)), 0, "programs that have taken over")
    put_program(place, like=program)
    upgrade(server)
    sent += source.play(20)
    for listener in listeners:
        got = listener.read(len(sent) - MP3_FRAME)
        check(got == sent[:len(got)], "every byte once")
