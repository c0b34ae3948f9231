"""<exec>: a program writes the stream of a relay."""
import re
import time

from bench import ADMIN, check, equal, kill, test, wait_for
from harness import alive
from link_bench import node

# Writes numbered lines with its own number, and ends by itself after so many, with that status.
PROGRAM = """#!/bin/sh
echo "begin $$ $3 ........................................"
echo "it begins" >&2
i=0
while [ $1 -eq 0 ] || [ $i -lt $1 ]; do
  i=$((i+1))
  echo "line $i of $$"
  sleep 0.02
done
exit $2
"""


def script(b, name, text):
    path = b.dir / name
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def program(b, lines=0, status=0, word="{port}"):
    return "%s %d %d '%s'" % (script(b, "program.sh", PROGRAM), lines, status, word)


def relay(command, more="", mount="/x.test"):
    return ("<relay><local-mount>%s</local-mount><content-type>audio/x-test</content-type><exec>%s</exec>%s</relay>"
            % (mount, command, more))


def process_of(server):
    return int(server.wait_for_log(r"runs as process (\d+)").group(1))


def took_until_gone(pid):
    began = time.monotonic()
    wait_for(lambda: not alive(pid), "process %d has gone" % pid)
    return time.monotonic() - began


def listen(server, lines, mount="/x.test"):
    """The head and this many lines of the bytes for a new listener."""
    wire = server.wire()
    wire.send("GET %s HTTP/1.0\r\n\r\n" % mount)
    reply = wire.reply_head()
    text = "".join(wire.take_until(b"\n").decode("latin-1") for _ in range(lines))
    wire.close()
    return reply, text


@test
def what_the_program_writes_is_the_stream_and_the_port_is_filled_in(b):
    server = node(b, 12, relay(program(b)))
    server.wait_for_log("streams audio/x-test from program ")
    reply, text = listen(server, 40)
    equal(reply.get("Content-Type"), "audio/x-test", "type")
    check(re.search(r"line \d+ of %d" % process_of(server), text), "its lines are heard: %r" % text[:200])
    server.wait_for_log("says: it begins")
    equal(open("/proc/%d/cmdline" % process_of(server)).read().split("\0")[4], str(server.given_port), "{port}")


@test
def a_server_that_is_killed_takes_its_program_with_it_within_100_ms(b):
    server = b.server(body=relay(program(b)))
    server.wait_for_log("streams audio/x-test")
    pid = process_of(server)
    check(alive(pid), "it runs")
    kill(server)
    took = took_until_gone(pid)
    check(took <= 0.1, "gone after %.0f ms" % (took * 1000))


@test
def a_stop_a_removal_and_another_command_end_it(b):
    server = b.server(body=relay(program(b)))
    server.wait_for_log("streams audio/x-test")
    first = process_of(server)
    server.reload(body=relay(program(b, word="other")))
    wait_for(lambda: not alive(first), "the first program has gone")
    second = int(wait_for(lambda: re.findall(r"runs as process (\d+)", server.log())[1:], "a second one runs")[0])
    wait_for(lambda: len(re.findall("streams audio/x-test", server.log())) == 2, "it streams")
    server.reload(body="")
    wait_for(lambda: not alive(second), "the second program has gone")
    server.wait_until_gone("/x.test")
    check("as it was asked to" in server.log(), server.log()[-400:])
    equal(restarts(server), 0, "restarts")
    server.reload(body=relay(program(b)))
    wait_for(lambda: len(re.findall("streams audio/x-test", server.log())) == 3, "it streams")
    third = int(re.findall(r"runs as process (\d+)", server.log())[-1])
    equal(server.stop(), 0, "exit")
    took = took_until_gone(third)
    check(took <= 0.1, "gone %.0f ms after the server" % (took * 1000))


def restarts(server):
    return int(re.search(r"^lb_exec_restarts_total (\d+)", server.get("/metrics", ADMIN).text, re.M).group(1))


@test
def a_program_that_ends_is_started_again_after_1_s_then_2_s_and_its_listeners_stay(b):
    server = b.server(body=relay(program(b, lines=10, status=3)))
    server.wait_for_log("streams audio/x-test")
    wire = server.wire()
    wire.send("GET /x.test HTTP/1.0\r\n\r\n")
    equal(wire.reply_head().status, 200, "status")
    starts = []
    while len(starts) < 3:
        if wire.take_until(b"\n").startswith(b"begin"):
            starts.append(time.monotonic())
    check(0.9 <= starts[1] - starts[0] <= 3, "the first rest is 1 s: %r" % starts)
    check(1.9 <= starts[2] - starts[1] <= 4, "the second rest is 2 s: %r" % starts)
    server.wait_for_log(r"ended with status 3 after \d+ms")
    server.wait_for_log(r"asked again in 1000ms")
    server.wait_for_log(r"asked again in 2000ms")
    check(restarts(server) >= 2, "restarts are counted: %d" % restarts(server))


@test
def a_program_that_is_not_there_is_named_and_looked_for_again(b):
    server = b.server(body=relay("no-such-program-here -x"))
    server.wait_for_log("program no-such-program-here is nowhere in PATH; asked again in 1000ms")
    equal(server.get("/x.test").status, 404, "there is no mount")


@test
def on_demand_it_runs_while_there_are_listeners_and_is_killed_if_it_does_not_obey(b):
    stubborn = script(b, "stubborn.sh", "#!/bin/sh\ntrap '' TERM PIPE\nwhile :; do echo line; sleep 0.02; done 2>/dev/null\n")
    server = b.server(body=relay(stubborn, "<on-demand>1</on-demand><run-on>0</run-on>"))
    check("runs as process" not in server.log(), "nothing runs before")
    _, text = listen(server, 3)
    check("line\n" in text, text)
    pid = process_of(server)
    took = took_until_gone(pid)
    check(took >= 1.5, "TERM does not end it, so KILL does after 2 s; %.1f s" % took)
    server.wait_for_log("was ended by signal 9 after .* as it was asked to")


@test
def what_is_wrong_with_it_is_named_when_the_configuration_is_read(b):
    for body, words in ((relay("a 'b"), "a ' without its end; nothing is started"),
                        ("<relay><local-mount>/x</local-mount><exec>cat</exec></relay>", "has <exec>, but no <content-type>"),
                        ("<relay><content-type>audio/aac</content-type><exec>cat</exec></relay>", "without <local-mount>")):
        server = b.unstarted_server(body=body)
        server.write_config()
        status, out, err = b.run("--check-config", "-c", server.config)
        check(words in out + err, "%r in %r" % (words, out + err))
