#!/usr/bin/env python3
"""Fail when an internal name of one .cc is also an internal name of another .cc of its floor.

Internal is what an anonymous namespace contains, and what is static, a constant, an alias or a macro at
namespace scope.  With --enable-unity the files of a floor are a few texts to the compiler: there such
names are declared twice, or the call in one file finds the function of the other.  Neither is an internal name
that of something in a header, which another file of the text may have included; but to_text() says of
each type what it is.
`using namespace` at namespace scope would hold for every file behind it: only literals may come that way.
"""
import collections
import pathlib
import re
import sys

TOKEN = re.compile(r'R"(?P<mark>[^()\s]*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|//[^\n]*|/\*.*?\*/'
                   r"|(?P<directive>^[ \t]*#(?:\\\n|[^\n])*)|[A-Za-z_]\w*|::|\d(?:'?[\w.])*|\n|[^\s\w]", re.S | re.M)
PAIRS = {"(": ")", "[": "]", "{": "}"}


def tokens_of(text):
    """(token, line) without comments; a literal is "" and a directive is one token."""
    line = 1
    for found in TOKEN.finditer(text):
        word = found.group()
        if word.startswith(("//", "/*")) or word == "\n":
            pass
        elif word[0] in "\"'" or word.startswith('R"'):
            yield '""', line
        else:
            yield word, line
        line += word.count("\n")


def skip_group(tokens, at):
    """The place behind the bracket that closes the one at `at`."""
    close, depth = PAIRS[tokens[at][0]], 0
    opening = tokens[at][0]
    while at < len(tokens):
        depth += (tokens[at][0] == opening) - (tokens[at][0] == close)
        at += 1
        if depth == 0:
            break
    return at


def skip_angles(words, at):
    depth = 0
    while at < len(words):
        depth += (words[at] == "<") - (words[at] == ">")
        at += 1
        if depth == 0:
            break
    return at


def names_in(text, header=False):
    """(name, line) of all that is internal; of `using namespace X` the name is "namespace X", and "enum X" likewise.
    Of a header: of everything."""
    tokens = list(tokens_of(text))
    scopes = []  # of each open namespace: is it anonymous?
    at = 0
    while at < len(tokens):
        word, line = tokens[at]
        if word.lstrip().startswith("#"):
            macro = re.match(r"\s*#\s*define\s+(\w+)", word)
            if macro:
                yield macro.group(1), line
            at += 1
        elif word == "}":
            scopes and scopes.pop()
            at += 1
        elif word == ";":
            at += 1
        elif word == "namespace" or (word == "inline" and tokens[at + 1][0] == "namespace"):
            end = at
            while tokens[end][0] not in "{;":
                end += 1
            if tokens[end][0] == ";":
                yield tokens[at + 1][0], line  # an alias
            else:
                scopes.append(tokens[end - 1][0] == "namespace" or any(scopes))
            at = end + 1
        else:
            words, at = declaration(tokens, at)
            yield from ((name, line) for name in declared(words, header or any(scopes)))


def declaration(tokens, at):
    """The words of one declaration, its groups emptied, and the place behind it."""
    words, body = [], False
    while at < len(tokens) and tokens[at][0] != ";":
        word = tokens[at][0]
        if word == "{" and words[0] == "enum" and "class" not in words[:2]:
            end = skip_group(tokens, at)
            words.append("{")
            words += enumerators(tokens[at + 1:end - 1])
            words.append("}")
            at = end
        elif word in PAIRS:
            is_function = words and ")" in words and "=" not in words
            at = skip_group(tokens, at)
            words += [word, PAIRS[word]]
            body = word == "{" and is_function and (at >= len(tokens) or tokens[at][0] not in ",{")
        else:
            words.append(word)
            at += 1
        if body:
            break
    return words, at + (0 if body else 1)


def enumerators(tokens):
    fresh = True
    for word, _ in tokens:
        if fresh and re.match(r"[A-Za-z_]", word):
            yield word
            fresh = False
        fresh = fresh or word == ","


def declared(words, anonymous):
    internal, constant = anonymous, False
    while words and words[0] in ("template", "static", "constexpr", "const", "inline", "constinit", "thread_local", "["):
        if words[0] == "[":
            words = words[2:]
        elif words[0] == "template":
            words = words[skip_angles(words, 1):]
        else:
            constant = constant or words[0] in ("constexpr", "const")
            internal = internal or words[0] == "static"
            words = words[1:]
    if not words or words[0] in ("static_assert", "extern"):
        return
    if words[0] == "using":
        if words[1] in ("namespace", "enum"):
            yield words[1] + " " + words[-1]
        elif "=" in words or "::" in words:
            yield words[1] if "=" in words else words[-1]
        return
    if constant and "(" not in words[:words.index("=") if "=" in words else None] and "*" not in words:
        internal = True
    if not internal:
        return
    if words[0] in ("struct", "class", "union", "enum"):
        kinds = 2 if words[1] in ("class", "struct") else 1
        if words[kinds] != "{":
            yield words[kinds]
        if words[0] == "enum" and kinds == 1 and "{" in words:
            yield from words[words.index("{") + 1:-1]
        return
    yield from declarators(words)


def declarators(words):
    """The names of `type a(…)`, `type a = …, b{…}`; a qualified one is a member that has its declaration elsewhere."""
    name, at = None, 0
    while at < len(words):
        word = words[at]
        if word == "operator":
            return
        if word == "<" and re.match(r"\w", words[at - 1]):
            at = skip_angles(words, at)
            continue
        if word in ("=", "(", "{", "["):
            break
        if re.match(r"[A-Za-z_]", word):
            name = None if words[at - 1] == "::" and at > 0 else word
        at += 1
    if name:
        yield name
        rest = words[at:]
        if "=" in rest[:1] or "{" in rest[:1]:
            for place, word in enumerate(rest[:-1]):
                if word == "," and rest[place + 1] not in ("<", ">") and rest[place + 2:place + 3] in (["="], ["{"]):
                    yield rest[place + 1]


def main():
    src = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "src")
    homes = collections.defaultdict(dict)
    faults = []
    enums = {}
    for path in src.rglob("*.[ch]*"):
        for name, values in re.findall(r"\benum class (\w+)[^{;]*\{([^}]*)\}", path.read_text()):
            enums[name] = re.findall(r"\bk\w+", re.sub(r"//[^\n]*", "", values))
    shown = {}
    for path in sorted(src.rglob("*.h")):
        for name, _ in names_in(path.read_text(), True):
            shown.setdefault(name, []).append(path)
    below = {}
    for line in (src / "LAYERS").read_text().splitlines():
        floor, _, rest = line.partition(":")
        below[floor] = {floor, *rest.split()}
    for path in sorted(src.rglob("*.cc")):
        for name, line in names_in(path.read_text()):
            floor = path.relative_to(src).parts[0]
            if name.startswith("enum "):
                for enumerator in enums.get(name[5:], ()):
                    homes[floor, enumerator].setdefault(name, "%s:%d" % (path, line))
            elif not name.startswith("namespace "):
                homes[floor, name].setdefault(path, "%s:%d" % (path, line))
                for header in shown.get(name, ()):
                    if header.relative_to(src).parts[0] in below[floor] and name != "to_text":
                        faults.append("%s:%d: %s is a name of %s too" % (path, line, name, header))
            elif not name.endswith("_literals"):
                faults.append("%s:%d: using %s at namespace scope" % (path, line, name))
    for (_, name), files in sorted(homes.items()):
        if len(files) > 1:
            faults.append("%s: %s" % (name, ", ".join(files.values())))
    print("\n".join(faults) or "names: %d internal names, each in one file of its floor" % len(homes))
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
