"""Hashes with excessive costs: too costly ones are refused, and none of them blocks another request (doc/stores.md)."""
import signal
import threading

from api import refused, store_server, with_api
from harness import check, equal, test, wait_for

SALT = "abcdefghijklmnopqrstuu"
COSTLY = ("$2b$31$" + SALT, "$6$rounds=999999999$" + SALT, "$5$rounds=999999999$" + SALT, "$sha1$4000000000$" + SALT, "$y$jFT$" + SALT,
          "$md5,rounds=4000000000$" + SALT)


@test
def a_costly_hash_is_refused_by_the_api_and_in_a_file(t):
    server, api = with_api(store_server(t))
    login = api.mount("/rock.mp3")
    for hash in COSTLY:
        reply = api.ask("PATCH", "/mounts/rock.mp3", {"sources": [{"user": "tom", "hash": hash}]})
        equal(reply.status, 422, hash)
        check("/sources/0/hash" in reply.text and "takes too long to judge" in reply.text, reply.text)
    file = server.dir / "records/mounts.d/rock.mp3.xml"
    good = wait_for(lambda: file.exists() and file.read_text(), "the file of the record")
    written = good.replace("</record>", '<source user="tom" hash="%s"/></record>' % COSTLY[0])
    check(written != good, good)
    file.write_text(written)
    server.send_signal(signal.SIGHUP)
    wait_for(lambda: "takes too long to judge" in server.log(), "the log names the hash")
    # The last good record stays.
    source = server.source("/rock.mp3", login=login)
    source.play(1)


@test
def wrong_logins_at_a_dear_hash_keep_no_other_login_waiting(t):
    server, api = with_api(store_server(t))
    login = api.mount("/rock.mp3")
    api.want(201, "POST", "/mounts", {"mount": "/dear.mp3"})
    # 1.1 s each, one after the other.
    api.want(200, "PATCH", "/mounts/dear.mp3", {"sources": [{"user": "tom%d" % i, "hash": "$md5,rounds=1000000$abcdefg%d$" % i} for i in range(8)]})
    judged = []

    def guess_at(number):
        try:
            answer = refused(server, "/dear.mp3", "tom%d:x" % number)
        except OSError:
            return  # the server has ended
        # On a busy machine a hash takes longer than this client waits: then nothing has been judged.
        if "nothing more came" not in answer:
            judged.append(answer)

    guesses = [threading.Thread(target=guess_at, args=(i,)) for i in range(8)]
    for guess in guesses:
        guess.start()
    wait_for(lambda: judged or not any(guess.is_alive() for guess in guesses), "a wrong password is answered, or all have waited", 30)
    source = server.source("/rock.mp3", login=login)
    check(len(judged) < 8, "the login of another mount waited for all dear hashes")
    api.want(200, "PATCH", "/mounts/rock.mp3", {"settings": {"stream-name": "Rock"}})
    check("icecast" in server.get("/metrics").text, "metrics")
    check(len(judged) < 8, "a change, or the metrics, waited for all dear hashes: %r" % judged)
    source.play(1)
    server.stop()
    for guess in guesses:
        guess.join()
