#!/usr/bin/env python3
"""Comments keep their form: the labels of a header, and the words of HACKING.md, "The words".

Every header's opening comment has a line that begins with "Thread:".  Thread:, Ownership:, Bounds: and Source: begin
a line wherever they stand in a header, in this spelling.
A comment's subject is a noun: "who", "nobody", "he" and their kin are for people.  The user nobody is no such word.
Present tense in plain English: no "anew", no "shall".
A page that a comment cites is in the repository, and so is the number of a line of doc/decisions.md.
"""
import pathlib
import re
import sys

COMMENT = re.compile(r"^(?P<code>(?:[^\"/]|/(?!/)|\"(?:\\.|[^\"\\])*\")*)//(?P<text>.*)$")
INSIDE = re.compile(r"\S.*\b(Thread|Ownership|Bounds|Source):\s")
SPELLING = re.compile(r"^ (Thread safety|Threads|Owner|Owners|Sources|Limits):")
PEOPLE = re.compile(r"\b(who|whoever|whom|whomever|nobody|somebody|someone|anybody|anyone|everybody|everyone|he|him|his)\b",
                    re.I)
NOT_PLAIN = re.compile(r"\b(anew|shall)\b", re.I)
PAGE = re.compile(r"[\w/-]+\.md\b")
NUMBERS = re.compile(r"doc/decisions\.md ([A-C]\d+(?:, [A-C]\d+)*)")
UNIX_USER = re.compile(r"\bthe user nobody\b")


def faults_of(path, top):
    text = path.read_text()
    whole = re.sub(r"\n *// ?", " ", text)  # a number may begin the next line
    decided = set(re.findall(r"^- \*\*([A-C]\d+)\.", (top / "doc/decisions.md").read_text(), re.M))
    for number in ", ".join(NUMBERS.findall(whole)).split(", "):
        if number and number not in decided:
            yield "%s: doc/decisions.md has no %s" % (path, number)
    is_header = path.suffix == ".h"
    if is_header and not re.search(r"^// Thread: ", text.split("#pragma once")[0], re.M):
        yield "%s:1: the opening comment has no line that begins with \"Thread:\"" % path
    for number, line in enumerate(text.splitlines(), 1):
        found = COMMENT.match(line)
        if not found:
            continue
        comment = found.group("text")
        if is_header and INSIDE.search(comment):
            yield "%s:%d: %s: does not begin its line" % (path, number, INSIDE.search(comment).group(1))
        if is_header and SPELLING.match(comment):
            yield "%s:%d: %s: is spelled Thread:, Ownership:, Source: or Bounds:" % (
                path, number, SPELLING.match(comment).group(1))
        for page in PAGE.findall(comment):
            if not (top / page).is_file():
                yield "%s:%d: %s: there is no such page" % (path, number, page)
        person = PEOPLE.search(UNIX_USER.sub("", comment))
        if person:
            yield "%s:%d: \"%s\" in a comment: name the noun" % (path, number, person.group(1))
        odd = NOT_PLAIN.search(comment)
        if odd:
            yield "%s:%d: \"%s\" in a comment: see HACKING.md, The words" % (path, number, odd.group(1))


def main():
    src = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "src")
    paths = sorted([*src.rglob("*.h"), *src.rglob("*.cc")])
    faults = []
    for path in paths:
        faults += faults_of(path, src.resolve().parent)
    print("\n".join(faults) or "comments: %d files" % len(paths))
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
