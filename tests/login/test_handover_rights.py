"""The logins that another master sends: they are accepted as far as this server's own file allows."""
import signal

from handover_bench import Pair, Person
from harness import check, equal, test, wait_for


def changed(pair, before, after):
    """Changes the file of C, and reloads it."""
    text = pair.c.config.read_text()
    check(before in text, text)
    pair.c.config.write_text(text.replace(before, after))
    pair.c.send_signal(signal.SIGHUP)


def goes_over(pair, user="anna", password=None):
    person = Person(pair.a)
    if password:
        person.log_in(user, password)
    else:
        person = pair.at_a(user)
    there = Person(pair.c)
    status = there.bring(person.token("c"), pair.origin()).status
    return status, there


@test
def a_master_that_may_not_tell_logins_makes_nobody_an_administrator(b):
    """Neither a user nor the administrator of its file, whatever keys, users and tokens it signs."""
    pair = Pair(b, by_conf=True)
    here = pair.at_c()
    equal(here.session().status, 200, "until then")
    changed(pair, "</master>", "<sessions>0</sessions></master>")
    wait_for(lambda: here.session().status == 401, "a session that began by its word is over")
    equal(goes_over(pair)[0], 401)
    equal(goes_over(pair, "admin", "adm-secret")[0], 401, "the administrator of its file")
    changed(pair, "<sessions>0</sessions>", "<sessions>1</sessions>")
    wait_for(lambda: goes_over(pair)[0] == 200, "and again with the right", 20)


@test
def a_node_that_takes_in_nodes_believes_no_login_of_its_master_unasked(b):
    pair = Pair(b, by_conf=True)
    changed(pair, "<cluster>", "<cluster><node id=\"n\" secret=\"n-long-secret-of-a-node\"/>")
    wait_for(lambda: goes_over(pair)[0] == 401, "a peer is not believed", 20)


@test
def the_receiver_says_how_much_a_session_is_that_comes_over(b):
    pair = Pair(b, by_conf=True)
    changed(pair, "<console/>", "<console handed-over=\"viewer\"/>")
    wait_for(lambda: goes_over(pair)[1].session().json().get("role") == "viewer", "an operator is a viewer here", 20)
    status, there = goes_over(pair, "admin", "adm-secret")
    equal((status, there.session().json()["role"]), (200, "viewer"), "the administrator of the master's file")
    pair.c.source("/live.mp3").play(4)
    equal(there.post("/admin/killsource.xsl", {"mount": "/live.mp3", "csrf": there.csrf()}).status, 401)
    equal(pair.at_a().session().json()["role"], "operator", "at its master as before")
