"""What differs between two answers, in lines that doc/differences.md can name.

A difference is one line of ASCII, "PLACE: ICECAST -> OURS":

    status: HTTP/1.0 400 Bad Request -> HTTP/1.0 200 OK
    header Content-Type: text/xml -> text/html
    header order: Date, Server -> Server, Date
    xml /icestats/source[/a.mp3]/title: none -> Some Title
    json /icestats/dummy: null -> none
    page: row Mount | /a.mp3 -> none
    body line: a line of text -> none
    log status: 400 -> 200
    end: closed -> open
"""
import difflib
import json
import xml.etree.ElementTree as ET

from normal import LOG_FIELDS, Parsed, log_fields

NONE = "none"


def shown(text):
    """One line of ASCII without characters that would break a Markdown table."""
    out = str(text).encode("ascii", "backslashreplace").decode()
    out = out.replace("\\", "\\\\") if "\\" in str(text) else out
    for mark, word in (("\r", "\\r"), ("\n", "\\n"), ("\0", "\\0"), ("\t", "\\t"), ("|", "/"), ("`", "'")):
        out = out.replace(mark, word)
    return "".join(c if " " <= c <= "~" else "\\x%02x" % ord(c) for c in out)


def differ(place, theirs, ours):
    return [] if theirs == ours else ["%s: %s -> %s" % (place, shown(theirs), shown(ours))]


def header_differences(theirs, ours):
    found = []
    names = []
    for name, _ in theirs.headers + ours.headers:
        if name.lower() not in names:
            names.append(name.lower())

    def values(parsed, name):
        rows = [(n, v) for n, v in parsed.headers if n.lower() == name]
        return " ; ".join(v for _, v in rows) if rows else NONE

    for name in names:
        label = next(n for n, _ in theirs.headers + ours.headers if n.lower() == name)
        found += differ("header " + label, values(theirs, name), values(ours, name))
    both = {n.lower() for n, _ in theirs.headers} & {n.lower() for n, _ in ours.headers}

    def order(parsed):
        seen = []
        for n, _ in parsed.headers:
            if n.lower() in both and n not in seen:
                seen.append(n)
        return ", ".join(seen)
    return found + differ("header order", order(theirs), order(ours))


def text_differences(theirs, ours):
    if theirs.count("\n") < 2 and ours.count("\n") < 2:
        return differ("body", theirs or NONE, ours or NONE)
    found = []
    mine, his = ours.splitlines(), theirs.splitlines()
    for kind, a, b, c, d in difflib.SequenceMatcher(None, his, mine, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        for i in range(max(b - a, d - c)):
            found += differ("body line", his[a + i].strip() if a + i < b else NONE, mine[c + i].strip() if c + i < d else NONE)
    return found or differ("body ends of lines", theirs, ours)


def keys_of(children):
    """A name for each child: its tag, its identity, and a number if that is ambiguous."""
    seen, keys = {}, []
    for child in children:
        tag = child.tag.rsplit("}", 1)[-1] if isinstance(child.tag, str) else "comment"
        key = tag + ("[%s]" % child.get("mount") if child.get("mount") else "")
        seen[key] = seen.get(key, 0) + 1
        keys.append(key if seen[key] == 1 else "%s[%d]" % (key, seen[key]))
    return keys


def xml_differences(theirs, ours, path):
    """The order of children counts: stylesheets and people read them in order."""
    found = differ("xml " + path, (theirs.text or "").strip() or NONE, (ours.text or "").strip() or NONE)
    for name in sorted(set(theirs.attrib) | set(ours.attrib)):
        found += differ("xml %s@%s" % (path, name), theirs.get(name, NONE), ours.get(name, NONE))
    his, mine = keys_of(theirs), keys_of(ours)
    his_by, mine_by = dict(zip(his, theirs)), dict(zip(mine, ours))
    for key in his + [k for k in mine if k not in his_by]:
        if key in his_by and key in mine_by:
            found += xml_differences(his_by[key], mine_by[key], path + "/" + key)
        else:
            found += differ("xml %s/%s" % (path, key), whole(his_by.get(key)), whole(mine_by.get(key)))
    both = set(his) & set(mine)
    return found + differ("xml order in " + path, ", ".join(k for k in his if k in both), ", ".join(k for k in mine if k in both))


def whole(element):
    if element is None:
        return NONE
    return " ".join("".join(element.itertext()).split()) if len(element) else (element.text or "").strip() or "empty"


def json_differences(theirs, ours, path):
    if isinstance(theirs, dict) and isinstance(ours, dict):
        found = []
        for key in list(theirs) + [k for k in ours if k not in theirs]:
            place = path + "/" + key
            if key not in theirs:
                found += differ("json " + place, NONE, json.dumps(ours[key]))
            elif key not in ours:
                found += differ("json " + place, json.dumps(theirs[key]), NONE)
            else:
                found += json_differences(theirs[key], ours[key], place)
        both = set(theirs) & set(ours)
        return found + differ("json order in " + path, ", ".join(k for k in theirs if k in both), ", ".join(k for k in ours if k in both))
    if isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        found = []
        for his, mine in zip(theirs, ours):
            label = his.get("listenurl", "") if isinstance(his, dict) else ""
            found += json_differences(his, mine, "%s[%s]" % (path, label.rsplit("/", 1)[-1]))
        return found
    return differ("json " + path, json.dumps(theirs), json.dumps(ours))


def page_lines(root):
    """A page as lines: its table rows, and of all other elements the texts and attributes."""
    lines = []

    def walk(element):
        tag = element.tag.rsplit("}", 1)[-1] if isinstance(element.tag, str) else "comment"
        attributes = " ".join("%s=%s" % item for item in sorted(element.attrib.items()))
        if tag == "tr":
            links = [str(e.get("href")) for e in element.iter() if e.get("href")]
            lines.append("row " + " | ".join([" ".join("".join(cell.itertext()).split()) for cell in element] + links))
            return
        lines.append(" ".join([tag, attributes, " ".join((element.text or "").split())]).strip())
        for child in element:
            walk(child)
            if (child.tail or "").strip():
                lines.append("text " + " ".join(child.tail.split()))
    walk(root)
    return lines


def page_differences(theirs, ours):
    found = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, theirs, ours, autojunk=False).get_opcodes():
        if kind != "equal":
            found += ["page: %s -> none" % shown(line) for line in theirs[a:b]]
            found += ["page: none -> %s" % shown(line) for line in ours[c:d]]
    return found


def canonical(parsed):
    return ET.canonicalize(parsed.body.encode("latin-1").decode(), strip_text=True)


def brief(parsed):
    return "%s of %d bytes" % (parsed.content_type, len(parsed.body)) if parsed.body else NONE


def body_differences(theirs, ours):
    if theirs.body == ours.body:
        return []
    if "\0" in theirs.body + ours.body:
        return differ("body", brief(theirs), brief(ours))
    if "json" in theirs.content_type and "json" in ours.content_type:
        try:
            his, mine = json.loads(theirs.body), json.loads(ours.body)
        except ValueError:
            return text_differences(theirs.body, ours.body)
        return json_differences(his, mine, "") or differ("json text", theirs.body, ours.body)
    if "xml" in theirs.content_type and "xml" in ours.content_type:
        try:
            his, mine = ET.fromstring(theirs.body.encode("latin-1")), ET.fromstring(ours.body.encode("latin-1"))
        except ET.ParseError:
            return text_differences(theirs.body, ours.body)
        if his.tag != mine.tag:
            return differ("xml", his.tag, mine.tag)
        tag = his.tag.rsplit("}", 1)[-1]
        if tag == "html":
            return page_differences(page_lines(his), page_lines(mine)) or differ("page", canonical(theirs), canonical(ours))
        found = xml_differences(his, mine, "/" + tag)
        # The same tree may be written in two ways, for example with character references.
        return found if found or canonical(theirs) == canonical(ours) else text_differences(theirs.body, ours.body)
    return text_differences(theirs.body, ours.body)


def stream_differences(theirs, ours):
    found = []
    his, mine = theirs or [], ours or []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, his, mine, autojunk=False).get_opcodes():
        for i in range(max(b - a, d - c) if kind != "equal" else 0):
            found += differ("stream", his[a + i] if a + i < b else NONE, mine[c + i] if c + i < d else NONE)
    return found


def log_differences(theirs, ours):
    """Of the access log.  Both are lists of dictionaries."""
    if len(theirs) != len(ours):
        def line(fields):
            return '"%s" %s' % (fields.get("request", fields.get("form")), fields.get("status"))
        return differ("log", " + ".join(map(line, theirs)) or NONE, " + ".join(map(line, ours)) or NONE)
    found = []
    for his, mine in zip(theirs, ours):
        for field in ("form", *LOG_FIELDS):
            found += differ("log " + field, his.get(field, NONE), mine.get(field, NONE))
    return found


def differences(their_answer, our_answer, their_server, our_server):
    theirs, ours = Parsed(their_answer, their_server), Parsed(our_answer, our_server)
    found = differ("status", theirs.line, ours.line)
    found += differ("interim", theirs.interim or NONE, ours.interim or NONE)
    if theirs.line != "nothing" and ours.line != "nothing":
        found += header_differences(theirs, ours)
    found += body_differences(theirs, ours)
    found += differ("end", "closed" if theirs.closed else "open", "closed" if ours.closed else "open")
    found += stream_differences(theirs.stream, ours.stream)
    found += log_differences([log_fields(line, their_answer, their_server) for line in their_answer.log],
                             [log_fields(line, our_answer, our_server) for line in our_answer.log])
    return found
