"""The commands and the configurations of a page, and what is done with each."""
import pathlib
import re

from harness import Failed, check

TOP = pathlib.Path(__file__).resolve().parent.parent.parent


def blocks(page, kind):
    """The blocks of a page that are marked with the kind, without the indentation of the list that they are in."""
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
        """not_here: (pattern, reason) of commands that cannot be run."""
        self.name, self.machine, self.not_here = name, machine, dict(not_here)
        self.blocks = blocks(name, "sh")
        self.left, self.needed = set(range(len(self.blocks))), set()

    def block(self, wanted):
        """The number of the only block with these words."""
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
        """Runs the block that has the words, a command after the other; its output.

        endless: patterns of commands that go on until they are ended; they are left running.
        changed: puts what the page leaves open (a value in capitals, a file of one's own) into a command.
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
        """Every command was run, or has a reason."""
        for number in self.left:
            for command in commands(self.blocks[number]):
                check(self.reason(command), "%s: nothing runs, and no reason excuses\n%s" % (self.name, command))
        dead = set(self.not_here) - self.needed
        check(not dead, "%s: no command needs the excuse %r any more" % (self.name, sorted(dead)))
