"""doc/differences.md: the intended differences with their reasons; patterns.md: the differences that each explains.

An entry of the page is an item that begins with its number:

    - **7.** What differs.  Why.

A row of the table has the same number, patterns of names of requests, and patterns of differences, each in backticks:

    | 7 | `request names` | `differences` |

`*` stands for anything, everything else for itself.  An entry explains a difference if one of its names and one of its
differences fit.
"""
import re


class Entry:
    def __init__(self, number, text, names, lines):
        self.number, self.text = number, text
        self.names = {pattern: 0 for pattern in names}      # pattern -> the number of differences it explained
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


def texts(page):
    """The items of the page by their number; a list of faults."""
    found, faults = {}, []
    for number, text in re.findall(r"^- \*\*(\d+)\.\*\*(.*(?:\n  .*)*)", page.read_text(), re.M):
        text = " ".join(text.split())
        if not re.fullmatch(r"\S.*[.?)] \S.*", text):
            faults.append("entry %s does not say what differs and why" % number)
        if int(number) in found:
            faults.append("there are two entries %s" % number)
        found[int(number)] = text
    return found, faults


def read(page, patterns):
    """The entries; a list of faults in the files themselves."""
    said, faults = texts(page)
    entries = []
    for row in patterns.read_text().splitlines():
        if not re.match(r"\| *\d+ *\|", row):
            continue
        cells = [cell.strip() for cell in row.strip().strip("|").split("|")]
        if len(cells) != 3:
            faults.append("a row of patterns does not have its three cells: " + row)
            continue
        number = int(cells[0])
        names, lines = re.findall(r"`([^`]+)`", cells[1]), re.findall(r"`([^`]+)`", cells[2])
        if not names or not lines:
            faults.append("entry %d names no request or no difference" % number)
        if any(e.number == number for e in entries):
            faults.append("there are two rows of patterns for entry %d" % number)
        if number not in said:
            faults.append("patterns explain entry %d, which the page does not have" % number)
        entries.append(Entry(number, said.get(number, ""), names, lines))
    for number in sorted(set(said) - {e.number for e in entries}):
        faults.append("entry %d has no patterns" % number)
    return entries, faults
