"""The program accepts each configuration of the pages, whole or a part of one, without a complaint."""
import re

from harness import check, test
from page import TOP, blocks

PAGES = ["README.md", *("doc/" + path.name for path in sorted((TOP / "doc").glob("*.md")))]
# What a fragment is put into, by its first element; what is not there stands at the top of the file.
AROUND = {"authentication": "<mount><mount-name>/live.mp3</mount-name>%s</mount>"}
BASE = """<icecast><hostname>this.example.org</hostname>
<authentication><source-password>SOURCE-PASSWORD</source-password><admin-user>admin</admin-user>
<admin-password>ADMIN-PASSWORD</admin-password></authentication><limits><clients>6000</clients></limits>
%s
</icecast>"""
STATE = "<paths><state-dir>/var/lib/icecast-lb</state-dir></paths>\n"
# Of other programs.
FOREIGN = {"ezstream"}
# Said because files and certificates of the page are not on this machine.
ABSENT = r"(?i)cannot be read|does not exist|no such file|not there"


@test
def every_configuration_of_the_pages_is_valid(machine):
    machine.start()
    tried = 0
    for page in PAGES:
        for number, block in enumerate(blocks(page, "xml")):
            first = re.match(r"(?:<!--.*?-->\s*)?<([\w-]+)", block, re.S).group(1)
            if first in FOREIGN:
                continue
            text = block if first == "icecast" else BASE % (("" if "<state-dir>" in block else STATE) + AROUND.get(first, "%s") % block)
            text = text.replace("change-me-", "secret-").replace('"SECRET"', '"secret-of-edge1"')
            machine.write("/tmp/page.xml", text)
            said = machine.shell("icecast-lb --check-config /tmp/page.xml --elsewhere", None)
            against = [line for line in said.splitlines() if re.search(": (warning|error): ", line) and not re.search(ABSENT, line)]
            check(": valid" in said.splitlines()[-1] and not against, "%s, configuration %d: %s" % (page, number + 1, said))
            tried += 1
    check(tried >= 20, "only %d configurations were found" % tried)
