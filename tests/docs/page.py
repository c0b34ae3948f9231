"""The commands and configurations of a page, and the actions for each."""
import pathlib
import re

from harness import Failed, check

TOP = pathlib.Path(__file__).resolve().parent.parent.parent


def blocks(page, kind):
    """The page's blocks of this kind, without the indentation of a surrounding list."""
    found = []
    text = (TOP / page).read_text()
    for indent, block in re.findall(r"^([ ]*)```%s\n(.*?)^[ ]*```$" % kind, text, re.M | re.S):
        found.append("\n".join(line.removeprefix(indent) for line in block.rstrip("\n").split("\n")))
    return found


def commands(block):
    """Logical lines: continued ones joined, here-documents whole, comments left out."""
    lines, found = iter(block.split("\n")), []
    for line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        while line.endswith("\\"):
            line += "\n" + next(lines)
        here = re.search(r"<<-?\s*'?(\w+)'?", line)
        while here and line.split("\n")[-1] != here.group(1):
            line += "\n" + next(lines)
        found.append(line)
    return found


class Page:
    """Plays the blocks of one page on a machine."""

    def __init__(self, name, machine, not_here=()):
        """not_here: (pattern, reason) of commands that cannot run here."""
        self.name, self.machine, self.not_here = name, machine, dict(not_here)
        self.blocks = blocks(name, "sh")
        self.left, self.needed = set(range(len(self.blocks))), set()

    def block(self, wanted):
        """The number of the only block that contains these words."""
        found = [number for number, block in enumerate(self.blocks) if wanted in block]
        if len(found) != 1:
            raise Failed("%s: %d blocks of commands have %r" % (self.name, len(found), wanted))
        return found[0]

    def reason(self, command):
        for pattern, reason in self.not_here.items():
            if re.search(pattern, command):
                self.needed.add(pattern)
                return reason
        return None

    def run(self, wanted, endless=(), cwd="/usr/src/icecast-lb", patience=60, changed=lambda command: command):
        """Runs the commands of the block with these words, one after the other; returns their output.

        endless: patterns of commands that run until they are ended; they keep running.
        changed: replaces values that the page leaves open (in capitals, or a file of the reader's).
        """
        number = self.block(wanted)
        self.left.discard(number)
        script = ["set -eo pipefail"]
        for command in commands(self.blocks[number]):
            if self.reason(command):
                continue
            command = changed(command)
            if any(re.search(pattern, command) for pattern in endless):
                script.append("{ %s\n} >>/tmp/endless 2>&1 </dev/null &" % command)
            else:
                script.append(command)
        return self.machine.shell("\n".join(script), cwd=cwd, patience=patience)

    def end(self):
        """Checks that every command was run, or has a reason."""
        for number in self.left:
            for command in commands(self.blocks[number]):
                check(self.reason(command), "%s: nothing runs, and no reason excuses\n%s" % (self.name, command))
        dead = set(self.not_here) - self.needed
        check(not dead, "%s: no command needs the excuse %r any more" % (self.name, sorted(dead)))
