"""A mount moves to another home: no listener is disconnected, and no decoder loses its sync."""
import time

from api import refused
from harness import check, equal, test, wait_for
from moves import MOUNT, PATIENCE, Scene


@test
def an_encoder_goes_over(b):
    scene = Scene(b)
    scene.move()
    began = time.monotonic()
    scene.old.close()
    scene.encoder(scene.second, 880)
    scene.arrived()
    scene.all_go_on()
    # The old home has the stream from the new one, and takes no source any more.
    wait_for(lambda: "the source was let in" not in refused(scene.first, MOUNT, scene.login), "the old home refuses it", 5)
    return scene.quiet(began)


@test
def a_second_encoder_takes_over_while_the_first_one_sends(b):
    scene = Scene(b)
    scene.move()
    began = time.monotonic()
    new = scene.encoder(scene.second, 880)
    scene.arrived()
    wait_for(lambda: scene.old.process.poll() is not None, "the source at the old home is ended", PATIENCE)
    scene.all_go_on()
    equal(new.process.poll(), None)
    return scene.quiet(began)


@test
def force_after_ends_the_source_at_the_old_home(b):
    scene = Scene(b)
    began = time.monotonic()
    scene.move(**{"force-after": 1})
    wait_for(lambda: scene.old.process.poll() is not None, "its source is ended", PATIENCE)
    shown = scene.show()
    equal((shown["state"], shown["home"]), ("moving", "edge13"))
    text = refused(scene.first, MOUNT, scene.login)
    check("401" in text or "403" in text, text)
    scene.encoder(scene.second, 880)
    scene.arrived()
    scene.all_go_on()
    return scene.quiet(began)


@test
def from_the_master_to_a_node_and_back(b):
    scene = Scene(b, to="edge13", at="m11")
    scene.move()
    began = time.monotonic()
    scene.old.close()
    new = scene.encoder(scene.second, 880)
    scene.arrived()
    scene.all_go_on()
    check("403" in refused(scene.master, MOUNT, scene.login), "the master refuses a source whose home is a node")
    scene.first, scene.second, scene.to = scene.second, scene.first, "m11"
    scene.move()
    new.close()
    scene.encoder(scene.second, 660)
    scene.arrived()
    scene.all_go_on()
    return scene.quiet(began)


@test
def a_move_that_is_called_off_changes_nothing(b):
    scene = Scene(b)
    scene.move()
    equal(scene.api.want(200, "POST", "/mounts%s/move" % MOUNT, {"to": "edge12"}).json()["state"], "active")
    scene.all_go_on()
    equal(scene.old.process.poll(), None)
    text = refused(scene.second, MOUNT, scene.login)
    check("401" in text or "403" in text, text)


@test
def the_master_dies_in_the_middle_of_a_move(b):
    scene = Scene(b)
    scene.move()
    scene.master.kill()
    scene.old.close()
    scene.encoder(scene.second, 880)
    scene.master.start()
    scene.arrived()
    # Listeners of the two nodes stay; what the dead master had is gone.
    scene.ears = [ear for ear in scene.ears if not ear.ended]
    scene.all_go_on()
