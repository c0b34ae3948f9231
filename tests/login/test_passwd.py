"""icecast-lb --passwd: hashes a password from the terminal or standard input, or sets it for a user of the store."""
import crypt
import os
import pty
import re
import select
import subprocess
import time

from api import Api, store_server
from harness import Settings, as_nobody, check, equal, free_port, give_away, test


def passwd(*arguments, given=b""):
    done = subprocess.run(as_nobody([Settings.binary, "--passwd", *map(str, arguments)]), input=given, capture_output=True,
                          timeout=Settings.patience * 2)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def typed(arguments, *lines):
    """Runs it at a terminal: (status, all its output); each line is typed when it is asked for."""
    master, slave = pty.openpty()
    try:
        process = subprocess.Popen(as_nobody([Settings.binary, "--passwd", *arguments]), stdin=slave, stdout=slave, stderr=slave,
                                   start_new_session=True)
        os.close(slave)
        slave = None
        shown, left, until = "", list(lines), time.monotonic() + Settings.patience
        while time.monotonic() < until:
            ready, _, _ = select.select([master], [], [], 0.1)
            if ready:
                try:
                    piece = os.read(master, 4096).decode()
                except OSError:
                    break  # the other side is closed
                if not piece:
                    break
                shown += piece
            # A question without an answer yet is the last thing on the screen.
            if left and re.search(r"(Password|Once more): $", shown):
                os.write(master, left.pop(0).encode() + b"\n")
                shown += "<typed>"
        return process.wait(Settings.patience), shown
    finally:
        os.close(master)
        if slave is not None:
            os.close(slave)


@test
def a_terminal_does_not_show_it_and_asks_twice(t):
    status, shown = typed(["anna"], "geheim", "geheim")
    equal(status, 0, shown)
    hashed = re.search(r"anna:(\$y\$\S+)", shown)
    check(hashed and crypt.crypt("geheim", hashed[1]) == hashed[1], shown)
    check("geheim" not in shown, "the password is on the screen: " + shown)
    equal(shown.count("<typed>"), 2)
    status, shown = typed([], "geheim", "gehiem")
    check(status == 1 and "not the same one twice" in shown and "$y$" not in shown, shown)
    # Of a user whose name it is not given, the hash alone.
    status, out, errors = passwd(given=b"geheim\n")
    check(status == 0 and out.startswith("$y$") and out.count("\n") == 1, out + errors)


@test
def with_a_file_the_user_of_the_store_has_it(t):
    server = store_server(t)
    give_away(server.dir)
    api = Api(server)
    api.want(201, "POST", "/users", {"name": "anna", "role": "admin", "password": "old-secret"})
    api.as_user("anna:old-secret").want(200, "GET", "/accounts")
    secret = "n\u00e9w \"secret\" \\ 1"
    status, out, errors = passwd("anna", "-c", server.config, given=secret.encode() + b"\r\n")
    equal((status, errors), (0, ""), out)
    check("anna" in out and "secret" not in out, out)
    equal(api.as_user("anna:old-secret").ask("GET", "/accounts").status, 401, "the old password")
    equal(api.as_user("anna:" + secret).ask("GET", "/accounts").status, 200, "the new one")
    check('"do":"password"' in server.log("audit") and "secret" not in server.log("audit"), server.log("audit"))
    # -c in front means the same.
    done = subprocess.run(as_nobody([Settings.binary, "-c", str(server.config), "--passwd", "anna"]), input=b"third-secret\n",
                          capture_output=True, timeout=Settings.patience * 2)
    equal(done.returncode, 0, done.stderr.decode())
    equal(api.as_user("anna:third-secret").ask("GET", "/accounts").status, 200)
    server.stop()
    server.start()
    equal(api.as_user("anna:third-secret").ask("GET", "/accounts").status, 200, "after a restart")


@test
def what_cannot_be_says_why(t):
    server = store_server(t)
    give_away(server.dir)
    api = Api(server)
    api.want(201, "POST", "/users", {"name": "anna", "role": "admin", "password": "old-secret"})
    for what, (arguments, given, words) in {
            "no such user": (["eva", "-c", server.config], b"long-enough\n", r"404: there is no user eva"),
            "too short": (["anna", "-c", server.config], b"short\n", r"422: .*"),
            "no name": (["-c", server.config], b"long-enough\n", "needs the name of a user"),
            "no UTF-8": (["anna", "-c", server.config], b"\xff\xfe long-enough\n", "UTF-8"),
            "no password": (["anna", "-c", server.config], b"", "no password was given"),
            "no file": (["anna", "-c", server.dir / "nothing.xml"], b"long-enough\n", r"nothing\.xml")}.items():
        status, out, errors = passwd(*arguments, given=given)
        check(status == 1 and re.search(words, out + errors), "%s: %d %s%s" % (what, status, out, errors))
        equal(api.as_user("anna:old-secret").ask("GET", "/accounts").status, 200, what)
    server.stop()
    status, out, errors = passwd("anna", "-c", server.config, given=b"long-enough\n")
    check(status == 1 and "it does not answer" in errors, errors)
    sockets = "<listen-socket><port>%d</port><bind-address>127.0.0.1</bind-address></listen-socket>" % free_port()
    without = t.server(body="<console/>", sockets=sockets)
    give_away(without.dir)
    status, out, errors = passwd("anna", "-c", without.config, given=b"long-enough\n")
    check(status == 1 and "store" in errors, errors)
