"""A mount of Ogg moves: at the old home, the new one, the master and an edge each page is whole, and each chain ends
before the next one begins."""
import time

from harness import check, equal, test, wait_for
from moves import PATIENCE, Scene, ear_at

from encoders import parse_ogg


def scene_of(b, kind, **options):
    """ffmpeg gives all its streams the same serial number."""
    return Scene(b, kind=kind, edges=(14,), each=3, **options)


def all_hear_chains(scene, count):
    scene.all_go_on()
    equal(scene.parsed(), [count] * len(scene.ears), "chains that the ears at %s have got" % ", ".join(scene.nodes))
    # Who comes now begins with the present chain, or within the burst before it.
    late = [ear_at(scene.b, server) for server in scene.nodes.values()]
    wait_for(lambda: all(len(ear.raw()) > 8000 for ear in late), "listeners that come now hear it", PATIENCE)
    check(max(parse_ogg(ear.raw()) for ear in late) <= count, "chains of listeners that come now")


def goes_over(b, kind):
    scene = scene_of(b, kind)
    scene.move()
    began = time.monotonic()
    scene.old.close()
    scene.encoder(scene.second, 880)
    scene.arrived()
    all_hear_chains(scene, 2)
    return scene.quiet(began)


def takes_over(b, kind):
    scene = scene_of(b, kind)
    scene.move()
    began = time.monotonic()
    scene.encoder(scene.second, 880)
    scene.arrived()
    wait_for(lambda: scene.old.process.poll() is not None, "the source at the old home is ended", PATIENCE)
    all_hear_chains(scene, 2)
    return scene.quiet(began)


@test
def a_vorbis_encoder_goes_over(b):
    return goes_over(b, "vorbis")


@test
def an_opus_encoder_goes_over(b):
    return goes_over(b, "opus")


@test
def a_second_vorbis_encoder_takes_over_while_the_first_one_sends(b):
    return takes_over(b, "vorbis")


@test
def a_second_opus_encoder_takes_over_while_the_first_one_sends(b):
    return takes_over(b, "opus")


@test
def opus_from_the_master_to_a_node_and_back(b):
    scene = scene_of(b, "opus", at="m11")
    began = time.monotonic()
    encoder, chains = scene.old, 1
    for tone in (880, 660):
        scene.move()
        encoder.close()
        encoder = scene.encoder(scene.second, tone)
        scene.arrived()
        chains += 1
        all_hear_chains(scene, chains)
        scene.first, scene.second, scene.to = scene.second, scene.first, scene.first.name
    return scene.quiet(began)
