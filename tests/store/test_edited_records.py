"""Files of records that are edited by hand: valid changes are taken, a mistake is named and changes nothing
(doc/stores.md)."""
import os
import re
import signal

from api import Api, store_server
from harness import check, equal, test, wait_for


class Edited:
    """A server with two mounts and a user, whose files are edited."""

    def __init__(self, t):
        self.server = store_server(t)
        self.api = Api(self.server)
        self.login = self.api.mount("/rock.mp3", settings={"stream-name": "Rock"})
        self.api.mount("/pop.mp3", settings={"stream-name": "Pop"})
        self.api.want(201, "POST", "/users", {"name": "anna", "role": "admin", "password": "anna-secret"})
        self.rock = self.file("mounts.d/rock.mp3.xml")
        # The files are written after the answers of the API, each for itself.
        self.good = self.written("mounts.d/rock.mp3.xml")
        self.written("mounts.d/pop.mp3.xml")

    def file(self, name):
        return self.server.dir / "records" / name

    def written(self, name):
        path = self.file(name)
        return wait_for(lambda: path.exists() and path.read_text(), "the file %s of a record" % name)

    def put(self, path, text):
        path.write_text(text)
        if os.geteuid() == 0:
            owner = path.parent.stat()
            os.chown(path, owner.st_uid, owner.st_gid)

    def hang_up(self):
        """The server's log lines about its records when it reloads its configuration."""
        before = len(self.server.log())
        self.server.send_signal(signal.SIGHUP)
        wait_for(lambda: "configuration re-read" in self.server.log()[before:], "the configuration is read again")
        return lambda: self.server.log()[before:]

    def name(self, mount="rock.mp3"):
        reply = self.api.ask("GET", "/mounts/" + mount)
        return reply.json()["settings"].get("stream-name") if reply.status == 200 else None


@test
def what_is_valid_is_taken(t):
    e = Edited(t)
    source = e.server.source("/rock.mp3", login=e.login)
    source.play(3)
    e.put(e.rock, e.good.replace("Rock", "By hand"))
    e.put(e.file("mounts.d/new.mp3.xml"), "<mount><mount-name>/new.mp3</mount-name><stream-name>New</stream-name></mount>")
    e.file("mounts.d/pop.mp3.xml").unlink()
    logged = e.hang_up()
    wait_for(lambda: e.name() == "By hand" and e.name("new.mp3") == "New" and e.name("pop.mp3") is None, "the records as they were edited", 10)
    check("3 records were edited by hand" in logged(), logged())
    source.play(3)
    check(e.server.stat("/rock.mp3", "server_type"), "the source stays")


@test
def a_mistake_is_named_and_the_last_good_record_stays(t):
    e = Edited(t)
    mistakes = {
        "no XML": (e.good[:-20], r"mounts\.d/rock\.mp3\.xml: .*XML.*; the last good record stays"),
        "a value": (e.good.replace("<stream-name>", "<burst-size>64x</burst-size><stream-name>"), r"rock\.mp3\.xml: .*burst-size.*64x.*; the last good record stays"),
        "a name": (e.good.replace("stream-name>", "stream-nane>"), r"rock\.mp3\.xml: .*stream-nane.*; the last good record stays"),
        "a program": (e.good.replace("<stream-name>", "<on-connect>/bin/true</on-connect><stream-name>"),
                      r"rock\.mp3\.xml: .*on-connect.*; the last good record stays"),
        "another mount": (e.good.replace("/rock.mp3<", "/other.mp3<"), r"rock\.mp3\.xml: .*/other\.mp3.*; the last good record stays"),
        "elements in a value": (e.good.replace("Rock", "<b>Rock</b>"), r"rock\.mp3\.xml: .*stream-name: is a value, and has the element .b.; .*"
                                r"the last good record stays"),
        "nothing": ("", r"rock\.mp3\.xml: .*; the last good record stays"),
    }
    for what, (text, pattern) in mistakes.items():
        check(text != e.good, what)
        e.put(e.rock, text)
        logged = e.hang_up()
        wait_for(lambda: re.search(pattern, logged()), "%s is named: %s" % (what, logged()))
        equal(e.name(), "Rock", what)
    # Files of other kinds, and of no record.
    anna = e.written("users.d/anna.json")
    e.put(e.file("users.d/anna.json"), anna.replace('"admin"', '"emperor"'))
    e.put(e.file("users.d/eva.json"), "{\"no json")
    e.put(e.rock, e.good.replace("Rock", "<b>Rock</b>"))
    logged = e.hang_up()
    wait_for(lambda: re.search(r"users\.d/anna\.json: .*; the last good record stays", logged()), "the user's file is named: " + logged())
    check(re.search(r"users\.d/eva\.json: .*; there is no record of it", logged()), logged())
    equal(e.api.as_user("anna:anna-secret").ask("GET", "/accounts").status, 200, "anna is an administrator still")
    # In force are the records, not the files, also after a restart, which names the mistakes again.
    for end in (e.server.stop, e.server.kill):
        end()
        before = len(e.server.log())
        e.server.start()
        equal(e.name(), "Rock", "after a restart")
        equal(e.api.as_user("anna:anna-secret").ask("GET", "/accounts").status, 200)
        for name in ("mounts.d/rock.mp3.xml", "users.d/anna.json", "users.d/eva.json"):
            check(name in e.server.log()[before:], "%s is not named: %s" % (name, e.server.log()[before:]))
        e.server.source("/rock.mp3", login=e.login).close()
    # Put right, all of it counts.
    e.put(e.rock, e.good.replace("Rock", "Put right"))
    e.put(e.file("users.d/anna.json"), anna.replace('"admin"', '"viewer"'))
    e.file("users.d/eva.json").unlink()
    e.hang_up()
    wait_for(lambda: e.name() == "Put right", "the record that was put right", 10)
    wait_for(lambda: e.api.as_user("anna:anna-secret").ask("GET", "/accounts").status == 403, "the user's new role", 10)


@test
def what_the_api_writes_over_a_mistake_is_a_record_again(t):
    e = Edited(t)
    e.put(e.rock, e.good.replace("stream-name>", "stream-nane>"))
    logged = e.hang_up()
    wait_for(lambda: "rock.mp3.xml" in logged(), "the mistake is named")
    e.api.want(200, "PATCH", "/mounts/rock.mp3", {"settings": {"genre": "metal"}})
    wait_for(lambda: "metal" in e.rock.read_text() and "stream-nane" not in e.rock.read_text(), "the file is the record")
    equal(e.name(), "Rock")
