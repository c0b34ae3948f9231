#!/usr/bin/env python3
"""Identifiers of headers have the words of HACKING.md, "The words", and comments cite files that exist.

HACKING.md's "Not used any more" names words that have given way to others.  No identifier of a header has one as a part
(tell_nodes, kMostBytes), except those of tests/lint/words-left, which were there before.  That list only shrinks: an
entry that no header has any more is a fault.
A file that a comment of src/ or tests/unit/ names (src/…, tests/…, doc/…, tools/… or a header "floor/name.h") exists.
"""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from names import tokens_of  # noqa: E402

# The forms of each word; of a word with two, what it is called now is in HACKING.md.
FORMS = {
    "door": ("door", "doors"), "ground": ("ground",), "desk": ("desk",), "trail": ("trail",), "people": ("people",),
    "look": ("look", "looks", "looked"), "say": ("say", "says", "said"), "tell": ("tell", "tells", "told", "telling", "tellings", "teller"),
    "learn": ("learn", "learns", "learned"), "bounce": ("bounce", "bounces", "bounced"), "letter": ("letter", "letters"),
    "voice": ("voice", "voices"),
}
NOT_USED = re.compile(r"^Not used any more: (.*?)\.$", re.M | re.S)
# TELL is a frame of the link, and a lookup has a verb.
ALLOWED = re.compile(r"Tell(Frame|Fields)|kTellFields|tell_frame|look_?(ed_)?up(_\w+)?|mount_looked_up|lookups?", re.I)
PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
CITED = re.compile(r"\b((?:src|tests|doc|tools|packaging|deploy|fuzz|bench|conf|debian)/[\w./-]*\w\.(?:md|py|cc|h|mk|js|xsl|sh)"
                   r"|[a-z]+/(?:[a-z_0-9]+/)?[a-z_0-9]+\.(?:h|cc))\b")


def words_of(hacking):
    """Those that HACKING.md bans; each has its forms here."""
    found = NOT_USED.search(hacking)
    text = re.sub(r"\([^)]*\)", "", found.group(1)) if found else ""
    return {word for word in re.findall(r"[a-zA-Z]+…?", text) if word not in ("and",)}


def main():
    top = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    faults = []
    banned = words_of((top / "HACKING.md").read_text())
    prefixes = {word[:-1] for word in banned if word.endswith("…")}
    forms = {form: word for word in banned for form in FORMS.get(word, (word,))}
    list_path = top / "tests/lint/words-left"
    left = {line for line in list_path.read_text().split("\n") if line and line[0] != "#"}
    there = {}
    for path in sorted((top / "src").rglob("*.h")):
        for token, line in tokens_of(path.read_text()):
            if not re.fullmatch(r"[A-Za-z_]\w*", token) or ALLOWED.fullmatch(token.strip("_")):
                continue
            parts = [part.lower() for part in PART.findall(token)]
            if any(part in forms for part in parts) or any(re.match(prefix + "([A-Z]|$)", token) for prefix in prefixes):
                there.setdefault(token, "%s:%d" % (path, line))
    for token in sorted(set(there) - left):
        faults.append("%s: %s has a word that HACKING.md does not use any more" % (there[token], token))
    for token in sorted(left - set(there)):
        faults.append("tests/lint/words-left: no header has %s any more: remove its line" % token)
    count = 0
    for folder in ("src", "tests/unit"):
        for path in sorted((top / folder).rglob("*.[ch]*")):
            for number, line in enumerate(path.read_text().splitlines(), 1):
                comment = re.match(r'(?:[^"/]|/(?!/)|"(?:\\.|[^"\\])*")*//(.*)$', line)
                for cited in CITED.findall(comment.group(1)) if comment else ():
                    count += 1
                    if not any((top / place / cited).is_file() for place in ("", "src", "tests/unit", "tests")):
                        faults.append("%s:%d: %s: there is no such file" % (path, number, cited))
    print("\n".join(faults) or "words: %d names of headers are left to be renamed; %d cited files exist" % (len(left), count))
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
