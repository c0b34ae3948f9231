"""doc/differences.md: which differences are meant, and why.

Every row of a table that begins with a number is an entry:

    | 7 | what differs | `request names` | `differences` | why |

Names and differences are patterns: `*` stands for anything, everything else for itself.  A cell may
hold several of them, each in backticks.  An entry explains a difference if one of its names and one
of its differences fit.
"""
import re


class Entry:
    def __init__(self, number, what, names, lines, why):
        self.number, self.what, self.why = number, what, why
        self.names = {pattern: 0 for pattern in names}      # pattern -> how many differences it explained
        self.lines = {pattern: 0 for pattern in lines}

    def explains(self, name, line):
        names = [p for p in self.names if fits(p, name)]
        lines = [p for p in self.lines if fits(p, line)]
        if not names or not lines:
            return False
        for pattern in names:
            self.names[pattern] += 1
        for pattern in lines:
            self.lines[pattern] += 1
        return True

    def unused(self):
        return [p for p, uses in [*self.names.items(), *self.lines.items()] if uses == 0]


def fits(pattern, text):
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text, re.S) is not None


def read(path):
    """The entries; a list of faults in the file itself."""
    entries, faults = [], []
    for row in path.read_text().splitlines():
        if not re.match(r"\| *\d+ *\|", row):
            continue
        cells = [cell.strip() for cell in row.strip().strip("|").split("|")]
        if len(cells) != 5 or not cells[1] or not cells[4]:
            faults.append("a row does not have its five cells: " + row)
            continue
        names, lines = re.findall(r"`([^`]+)`", cells[2]), re.findall(r"`([^`]+)`", cells[3])
        if not names or not lines:
            faults.append("entry %s names no request or no difference" % cells[0])
            continue
        if any(e.number == int(cells[0]) for e in entries):
            faults.append("there are two entries %s" % cells[0])
        entries.append(Entry(int(cells[0]), cells[1], names, lines, cells[4]))
    return entries, faults
