#!/usr/bin/env python3
"""README, HACKING, doc/ and the manual page agree with the tree.

- the configuration in README.md is conf/minimal.xml; README is README.md
- links, their anchors and names of files in the pages lead somewhere
- every page of doc/ is packed; doc/index.md names it, and a guide has at most 1,500 words
- HACKING.md names every floor of src/LAYERS
- the options in doc/icecast-lb.1 are those of the usage text in src/program/options.cc, and those that it gives to icelb
  are those of is_command_of_icelb()
- a metric, an element, a path of the API, an option of icecast-lb and an event that a page names exists; each event that
  src/ publishes is in doc/orchestration.md
- a block that begins with a command is marked as sh
- a class that doc/architecture.md names is in src/, and so is a header that any page names
(doc/config.md and doc/icecast-lb.xml.5 are compared with the schema by tests/config/check.)
"""
import pathlib
import re
import sys

top = pathlib.Path(sys.argv[1]).resolve()
faults = []


def fault(text):
    faults.append(text)


readme = (top / "README.md").read_text()
minimal = (top / "conf/minimal.xml").read_text().strip()
if minimal not in re.findall(r"^```xml\n(.*?)\n```$", readme, re.M | re.S):
    fault("README.md: the configuration in it is not conf/minimal.xml")
if (top / "README").read_text() != readme:
    fault("README is not README.md")
for command in ("./run.sh", "./test.sh"):
    if command not in readme[:readme.index("\n## ")]:
        fault("README.md does not begin with " + command)

pages = [top / name for name in ("README.md", "HACKING.md", "CHANGELOG.md")] + sorted((top / "doc").glob("*.md"))
known = r"(?:src|tests|doc|conf|tools|demo|fuzz|bench|admin|web|packaging|debian|deploy)/[\w./-]*\w|\.ci/run"
built = set(re.findall(r"[\w./-]+", "".join(path.read_text() for path in top.glob("*/*.mk"))))


def anchors(page):
    """Of the headings, as GitHub makes them."""
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in re.findall(r"^#+ (.*)$", page.read_text(), re.M)}


for page in pages:
    text = page.read_text()
    for link, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", text):
        to = page.parent / link if link else page
        if to.exists() and anchor not in anchors(to):
            fault("%s: %s has no heading #%s" % (page.name, to.name, anchor))
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        if "://" not in link and not (page.parent / link).exists():
            fault("%s: the link to %s leads nowhere" % (page.name, link))
    for name in re.findall(r"`(%s)`" % known, text):
        if not (top / name).exists() and name not in built and "NAME" not in name:
            fault("%s: there is no %s" % (page.name, name))

# A promise names the function that shows it.
for page in pages:
    for name, function in re.findall(r"`(tests/[\w/-]+\.py): (\w+)`", page.read_text()):
        file = top / name
        if not file.exists() or not re.search(r"(?m)^(?:def|class) %s\b" % function, file.read_text()):
            fault("%s: %s has no %s" % (page.name, name, function))

packed = "".join(path.read_text() for path in top.glob("*/*.mk"))
for page in sorted((top / "doc").glob("*.md")):
    if not re.search(r"\bdoc/%s\b" % re.escape(page.name), packed):
        fault("doc/%s is in no list of a .mk file, so not in the tarball" % page.name)

# What is looked up and not read: made by the program, the wire, the code, or a list.
REFERENCE = {"api", "config", "metrics", "link", "protocol", "architecture", "differences"}
indexed = set(re.findall(r"\]\(([\w-]+)\.md", (top / "doc/index.md").read_text()))
for page in sorted((top / "doc").glob("*.md")):
    if page.stem != "index" and page.stem not in indexed:
        fault("doc/index.md does not name %s" % page.name)
    words = len(page.read_text().split())
    if page.stem not in REFERENCE and words > 1500:
        fault("doc/%s has %d words; a guide has at most 1,500" % (page.name, words))

hacking = (top / "HACKING.md").read_text()
for floor in re.findall(r"^(\w+):", (top / "src/LAYERS").read_text(), re.M):
    if not re.search(r"^(?:.*│ +)?%s\b" % floor, hacking, re.M):
        fault("HACKING.md does not name the floor " + floor)

usage = re.search(r'R"\((usage:.*?)\)"', (top / "src/program/options.cc").read_text(), re.S).group(1)
manual = (top / "doc/icecast-lb.1").read_text().replace("\\-", "-")


def options(text):
    return set(re.findall(r"(?<![\w-])(--[a-z][a-z-]+|-[a-z])(?![\w-])", text))


in_manual = options(re.search(r"^\.SH OPTIONS\n(.*?)^\.SH", manual, re.M | re.S).group(1))
for option in sorted(options(usage) ^ in_manual):
    fault("doc/icecast-lb.1: %s is %s" % (option, "missing" if option not in in_manual else "no option of the program"))

if broken := re.search(r"(?m)^\.[BI][RIB]? .* \. [A-Z].*$", manual):
    fault("doc/icecast-lb.1: a sentence goes on in the line of a macro, without blanks: " + broken.group(0))
program = (top / "src/program/options.cc").read_text()
given = re.search(r"bool is_command_of_icelb\(.*?\n}\n", program, re.S).group(0)
of_icelb = {re.sub(r"(?<=.)([A-Z])", r"-\1", name).lower() for name in re.findall(r"Action::k(\w+)", given)}
in_files = set(re.findall(r"--([a-z-]+)", re.search(r"^\.SH FILES\n(.*?):$", manual, re.M | re.S).group(1)))
for option in sorted(of_icelb ^ in_files):
    fault("doc/icecast-lb.1, FILES: --%s is %s" % (option, "missing" if option in of_icelb else "no command of icelb"))

# What pages name, and where all of it is.  Of other programs, of HTML, and of our answers and records:
NO_ELEMENTS = {"clinets", "iostream", "missing", "position", "record", "ul"}
NO_METRICS = {"icecast_exporter"}
reference = {name: (top / "doc" / (name + ".md")).read_text() for name in ("api", "config", "metrics", "orchestration")}
metrics = set(re.findall(r"^- `(\w+)`", reference["metrics"], re.M))
elements = set(re.findall(r"`(?:[\w-]+/)*([\w-]+)=?`", reference["config"]))
elements |= {part for block in re.findall(r"^## `<(.*)>`$", reference["config"], re.M) for part in block.split("/")}
paths = [re.sub(r"\{\w+\}", "[^/]+", path) for path in re.findall(r"^- `(/[^`]*)`:", reference["api"], re.M)]
paths.append(r"/now(/[^/]+(/(events|place|art))?)?")  # the pages' own: doc/titles.md
known_options = set(re.findall(r'\{"(--[a-z-]+)"', program))
for page in pages:
    text = page.read_text()
    for name, more in set(re.findall(r"\b((?:icecast|lb|process)_[a-z_]+)([…*]?)", text)) - {(name, "") for name in NO_METRICS}:
        if not (any(metric.startswith(name) for metric in metrics) if more else name in metrics):
            fault("%s: there is no metric %s" % (page.name, name))
    for name in set(re.findall(r"`[^`\n]*?</?([a-z][\w-]*)[ />]", re.sub(r"```.*?```", "", text, flags=re.S))) - elements - NO_ELEMENTS:
        fault("%s: there is no element <%s>" % (page.name, name))
    for path in set(re.findall(r"/api/v1(/[\w/{}%.-]*[\w}])", text)):
        if not any(re.fullmatch(one, path) or one.startswith(path + "/") for one in paths):
            fault("%s: /api/v1 has no %s" % (page.name, path))
    for command in re.findall(r"(?<![\w/.-])icecast-lb( [^\n`|;&]*)", text):
        for option in set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", command)) - known_options:
            fault("%s: icecast-lb has no option %s" % (page.name, option))
# tests/docs runs what is marked.
for page in pages:
    for command in re.findall(r"^ *```\n *((?:curl|ffmpeg|icecast-lb|make|sudo|systemctl) .*)", page.read_text(), re.M):
        fault("%s: the block of \"%s\" is not marked as sh" % (page.name, command[:40]))
# Of the code: classes and functions that architecture.md names, and headers without the "src/" before them.
code = "".join(path.read_text() for path in sorted((top / "src").rglob("*.[ch]*")))
for name in re.findall(r"`([A-Z]\w*[a-z]\w*(?:::\w+)?)`", (top / "doc/architecture.md").read_text()):
    for part in name.split("::"):
        if not re.search(r"\b%s\b" % part, code):
            fault("architecture.md: src/ has no " + name)
for page in pages:
    for name in re.findall(r"`((?:[a-z]+/)+\w+\.(?:h|cc))`", page.read_text()):
        if not (top / name).exists() and not (top / "src" / name).exists() and "NAME" not in name:
            fault("%s: there is no %s" % (page.name, name))
listed = reference["orchestration"].split("\n## Events\n")[1].split("`<webhook>` (repeatable)")[0]
events = {name for item in re.findall(r"^- ((?:`[a-z-]+`(?:, )?)+)", listed, re.M) for name in re.findall(r"`([a-z-]+)`", item)}
published = set(re.findall(r'events->publish\(\s*"([a-z-]+)"', code))
for event in sorted(published - events):
    fault("doc/orchestration.md: the event %s is missing" % event)
for event in sorted(events):
    if '"%s"' % event not in code:
        fault("doc/orchestration.md: nothing publishes the event " + event)

sys.path.insert(0, str(top / "tests/differential"))
import ledger  # noqa: E402  (below the path that leads to it)

for text in ledger.read(top / "doc/differences.md", top / "tests/differential/patterns.md")[1]:
    fault("doc/differences.md: " + text)

print("\n".join(faults) or "docs: %d pages agree with the tree" % len(pages))
sys.exit(bool(faults))
