"""An encoder that sends single bytes, also of its head, continues through an upgrade at any byte: each byte is heard
once."""
import time

from harness import SOURCE, equal, request, test, wait_for
from replacing import upgrade


@test
def an_encoder_that_drips_keeps_its_head_and_each_byte(t):
    server = t.server()
    wire = server.wire()
    for number, one in enumerate(request("SOURCE /drip HTTP/1.0", ["Content-Type: audio/x-test"], SOURCE, b"")):
        wire.send(bytes([one]) if isinstance(one, int) else one)
        if number % 12 == 5:
            upgrade(server)
    equal(wire.reply_head().status, 200)
    sent = b"%09d" % 0
    wire.send(sent)
    wait_for(lambda: b"/drip" in server.get("/status-json.xsl").body, "it is on the air")
    listener = server.listener("/drip")
    for number in range(1, 60):
        byte = b"%d" % (number % 10)
        wire.send(byte)
        sent += byte
        if number % 5 == 0:
            upgrade(server)
        time.sleep(0.02)
    equal(listener.read(len(sent)), sent)
