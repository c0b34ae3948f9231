"""The parts of the console that had their own pages before: the archive, the server's file and logs, all listeners of a
mount; problems on top; sorted tables; languages; the size of the files."""
import gzip
import pathlib
import re

from api import Api, with_api
from browser_login import Browser
from desk import Desk
from harness import ADMIN, check, equal, mount, test, wait_for
from test_console_pages import LIMITS, console_server, mount_url

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CONSOLE_BYTES, FIRST_BYTES, CHART_BYTES = 100_000, 50_000, 6 * 1024   # as they travel
# Each form of the old pages, by what it asks, and what does the same in the console: its file and its words.
COUNTERPARTS = {
    "killsource": ("mount.js", "/kick-source"),
    "killclient": ("mount.js", "'DELETE', at"),
    "moveclients": ("mount_acts.js", "command('moveclients'"),
    "metadata": ("mount.js", "/title"),
    "manageauth add": ("mount_acts.js", "action: 'add'"),
    "manageauth delete": ("mount_acts.js", "action: 'delete'"),
    "archive delete": ("archive.js", "command('archive/delete'"),
    "explain": ("nodes.js", "cluster/explain?"),
}


def forms_of(text):
    for form in re.findall(r"<form[^>]*>.*?</form>", text, re.S):
        action = re.search(r'action="(\w+)\.xsl"', form)
        does = re.search(r'name="action" value="(\w+)"', form)
        yield " ".join(([action.group(1)] if action else [re.search(r'id="(\w+)"', form).group(1)]) + ([does.group(1)] if does else []))


@test
def each_form_of_an_old_page_has_its_counterpart(t):
    found = set()
    for page in sorted((ROOT / "admin").glob("*.xsl")):
        found |= set(forms_of(page.read_text()))
    equal(found, set(COUNTERPARTS), "forms of the old pages")
    for form, (file, words) in COUNTERPARTS.items():
        check(words in (ROOT / "admin/console" / file).read_text(), form)


@test
def the_console_is_small(t):
    server = console_server(t)
    person = Browser(server).logged_in()

    def packed(name):
        """The size of the file as a browser gets it; its unpacked content equals the source."""
        reply = person.get("/admin/console/" + name, ["Accept-Encoding: gzip, deflate, br"])
        equal((reply.status, reply.get("Content-Encoding"), reply.get("Vary")), (200, "gzip", "Accept-Encoding"), name)
        written = (ROOT / ("web" if name == "style.css" else "admin/console") / name).read_bytes()
        equal(gzip.decompress(reply.body), written, name)
        plain = person.get("/admin/console/" + name)
        equal((plain.body, plain.get("Content-Encoding")), (written, None), name)
        return len(reply.body)
    first = {name: packed(name) for name in
             ("main.js", "kit.js", "texts.js", "overview.js", "forms.js", "mounts.js", "history.js", "charts.js", "troubles.js", "live.js", "console.css", "style.css")}
    check(sum(first.values()) < FIRST_BYTES, str(first))
    sizes = {path.name: packed(path.name) for path in (ROOT / "admin/console").iterdir() if path.name != "shell.html"}
    sizes["shell.html"] = len(person.get("/admin/console").body)
    check(all(size > 200 for size in sizes.values()), str(sizes))
    languages = [size for name, size in sizes.items() if name.startswith("texts_")]
    everything = sum(sizes.values()) - sum(languages) + max(languages) + first["style.css"]
    print("one viewer that opens every page loads %d bytes, the first page %d" % (everything, sum(first.values())))
    check(everything <= CONSOLE_BYTES, "one viewer that opens every page loads %d bytes" % everything)
    check(sizes["charts.js"] <= CHART_BYTES, "charts")


@test
def listeners_are_moved_and_the_fallback_is_set(t):
    server, api = with_api(console_server(t))
    for name in ("/a.mp3", "/b.mp3"):
        server.source(name, login=api.mount(name)).play(5)
    server.listener("/a.mp3")
    desk = Desk(t, server).log_in()
    desk.page(mount_url("/a.mp3"))
    desk.press("Move its listeners")
    desk.press("Move here", near="/b.mp3")
    desk.press("Move them")
    wait_for(lambda: api.want(200, "GET", "/mounts/b.mp3").json()["listeners"] == 1, "the listener is at the other mount")
    desk.press("Set the fallback", selector="summary")
    desk.write("Fallback mount", "/b.mp3")
    desk.press("Set", selector="form button")
    wait_for(lambda: "/b.mp3" in server.get("/admin/listmounts", ADMIN).text, "the fallback")
    desk.looks_well("mount-acts", dark_too=False)
    desk.quiet()


@test
def the_server_shows_its_file_and_its_logs(t):
    server = console_server(t)
    desk = Desk(t, server).log_in()
    desk.page("/server")
    desk.see("server started")
    desk.press("Check the file")
    desk.see("The file can be used")
    good = server.slots["body"]
    server.write_config(body=good + "<location>A &lt;b&gt; place</location>")
    desk.press("Read it again", selector="summary")
    desk.press("Read it again", selector="button")
    desk.see("The file is read")
    server.wait_for_log("configuration re-read")
    desk.press("Check the file")
    desk.see("The file can be used")
    server.write_config(body=good + "<nothing")
    desk.press("Read it again", selector="summary")
    desk.press("Read it again", selector="button")
    desk.gone("The file can be used")
    desk.press("Check the file")
    desk.see("The file cannot be used")
    desk.looks_well("server")
    # The log does not run away from a reader, and goes on from its end.
    seen = "return document.querySelector('pre.log').textContent.includes(arguments[0])"
    desk.browser.script("const log = document.querySelector('pre.log'); log.style.maxHeight = '6rem'; log.scrollTop = 0")
    source = server.source("/later.mp3")
    desk.see("It goes on when its end is shown")
    equal(desk.browser.script(seen, "/later.mp3"), False)
    desk.browser.script("const log = document.querySelector('pre.log'); log.scrollTop = log.scrollHeight")
    desk.wait(lambda: desk.browser.script(seen, "/later.mp3"), "the log goes on")
    desk.browser.script("getSelection().selectAllChildren(document.querySelector('pre.log'))")
    source.leave()
    desk.see("It goes on when its end is shown")
    equal(desk.browser.script("return getSelection().isCollapsed"), False)
    api = Api(server)
    api.want(409, "POST", "/configuration/reload", {})
    server.write_config(body=good)
    api.want(204, "POST", "/configuration/reload", {})
    for query, field in (("of=x", "of"), ("most=0", "most"), ("most=1001", "most"), ("find=" + "x" * 201, "find")):
        wrong = server.get("/api/v1/log?" + query, ADMIN)
        equal((wrong.status, wrong.json()["parameter"]), (400, field), query)
    api.want(200, "GET", "/log?of=access&find=console")
    api.want(201, "POST", "/users", {"name": "otto", "role": "operator", "mounts": ["/a.mp3"], "password": "otto-secret-1"})
    for path in ("/log", "/configuration/check"):
        equal(server.get("/api/v1" + path, b"otto:otto-secret-1").status, 403, path)


def shown_day(desk):
    return desk.browser.script("return document.getElementById('day').value")


@test
def the_archive_is_a_day_to_click_on(t):
    server = t.unstarted_server(limits=LIMITS)
    server.write_config(body="<console/><archive><dir>%s</dir></archive>%s" % (server.dir / "archive", mount("/*", "<archive><enabled>1</enabled></archive>")))
    server.start()
    source = server.source("/talk.mp3")
    source.play(200)
    source.leave()
    wait_for(lambda: server.get("/admin/archive.json?mount=/talk.mp3", ADMIN).json()["mounts"], "a recording", 30)
    desk = Desk(t, server).log_in()
    desk.page("/archive")
    desk.press("/talk.mp3")
    desk.see("Recorded parts", "Times are those of")
    desk.wait(lambda: desk.browser.script("return document.querySelectorAll('svg.day .held').length") > 0, "a recorded part")
    desk.browser.script("""
        const bar = document.querySelector('svg.day'), held = bar.querySelector('.held').getBoundingClientRect();
        bar.dispatchEvent(new MouseEvent('click', {clientX: held.left, clientY: held.top + 2, bubbles: true}))""")
    desk.wait(lambda: "from=" in desk.browser.script("return document.querySelector('audio').src"), "it plays from there")
    desk.looks_well("archive")
    # An answer that comes late does not stand below another day, nor the day of one that does not come above the last one.
    today = desk.browser.find("#day")
    shown = lambda: (desk.browser.call(today.at + "/property/value"), desk.count("h2 + section td"))
    before = shown()
    desk.browser.script("""
        const real = fetch;
        let first = true;
        window.fetch = async (...of) => {
          if (!String(of[0]).includes('archive.json') || !first) return real(...of);
          first = false;
          await new Promise(go => { window.go = go; });
          setTimeout(() => { window.came = true; }, 500);
          return real(...of);
        };""")
    desk.press("The day before")
    desk.press("The day after")
    desk.browser.script("window.go()")
    desk.wait(lambda: desk.browser.script("return window.came"), "the late one")
    equal(shown(), before)
    desk.browser.script("window.fetch = () => Promise.reject(new TypeError('away'))")
    desk.press("The day before")
    desk.see("The server does not answer")
    equal(shown(), before)
    desk.browser.script("location.reload()")
    desk.ready()
    # A field for a day can be emptied; the day before is that of the shown one.
    desk.browser.script("const day = document.getElementById('day'); day.value = ''; day.dispatchEvent(new Event('change'))")
    desk.press("The day before")
    desk.see("Nothing is recorded of this day.")
    desk.press("The day after")
    desk.wait(lambda: shown_day(desk) == before[0], "the day of before")
    desk.browser.script("location.reload()")
    desk.ready()
    desk.press("Delete", selector="summary")
    desk.press("Delete", selector="button")
    desk.quiet(but=("404",))


@test
def problems_stand_on_top_and_tables_sort(t):
    server, api = with_api(console_server(t))
    login = api.mount("/full.mp3", limits={"listeners": 1})
    api.mount("/b.mp3")
    server.source("/full.mp3", login=login).play(5)
    server.listener("/full.mp3")
    desk = Desk(t, server).log_in()
    desk.see("/full.mp3 is full: 1 of 1 listeners.")
    desk.page("/mounts")
    order = "return [...document.querySelectorAll('td[data-label=Mount]')].map(e => e.textContent)"
    desk.press("Mount", selector="th button")
    desk.wait(lambda: desk.browser.script(order) == ["/b.mp3", "/full.mp3"], "by name")
    desk.press("Mount", selector="th button")
    desk.wait(lambda: desk.browser.script(order) == ["/full.mp3", "/b.mp3"], "the other way")
    desk.press("Listeners", selector="th button")
    desk.wait(lambda: desk.browser.script(order)[0] == "/full.mp3", "the largest first")
    equal(desk.browser.script("return document.querySelectorAll('th[aria-sort=descending]').length"), 1)
    desk.quiet()


@test
def each_language_has_the_same_words(t):
    words = {path.name: re.findall(r"(?:'((?:[^'\\\\]|\\\\.)+)'|(\w+)): '", path.read_text()) for path in sorted((ROOT / "admin/console").glob("texts_*.js"))}
    equal(len(words), 4)
    for name, found in words.items():
        equal(found, words["texts_de.js"], name)
    check(len(words["texts_de.js"]) > 150, len(words["texts_de.js"]))


# What stays English: names of formats, programs and files.
SAME = {"Console", "Liquidsoap", "Mixxx", "butt", "ffmpeg", "libshout and others", "PLAYLIST", "SoundExchange", "Session file: NPR", "Session file: Triton", "kbit/s"}


@test
def each_label_is_said_in_all_languages(t):
    said = set(key or word for key, word in re.findall(r"(?:'((?:[^'\\\\]|\\\\.)+)'|(\w+)): '", (ROOT / "admin/console/texts_de.js").read_text()))
    for path in sorted((ROOT / "admin/console").glob("*.js")):
        if path.name.startswith("texts"):
            continue
        text = path.read_text()
        labels = set(re.findall(r"(?:label|button|summary|title): '([^']+)'", text)) | set(re.findall(r"(?:question|opening|press|head|search)\(\[?'([^']+)'", text))
        labels |= set(re.findall(r"\['\w*', '([^']+)'\]", text)) if path.name in ("records.js", "reports.js", "server.js") else set()
        for columns in re.findall(r"(?:table\(|columns: \[)([^)\]]*)", text):
            labels |= set(re.findall(r"'([^']+)'", columns))
        # What goes on with a name is no label of its own.
        equal({one for one in labels if not one.endswith((" ", "."))} - said - SAME, set(), path.name)
        sentences = set(re.findall(r"hint: '([^']+)'", text))
        for pair in re.findall(r"\b(?:t|woven|quiet)\((?:[^'(){}]*\? )?'([^']+)'(?:\s*: '([^']+)')?", text):
            sentences |= set(pair) - {""}
        equal(sentences - said, set(), path.name)


@test
def settings_are_described_in_all_languages(t):
    server = console_server(t)
    Api(server).mount("/a.mp3")
    desk = Desk(t, server).log_in(page=mount_url("/a.mp3"))
    hints = "return [...document.querySelectorAll('details.more .hint')].map(e => e.textContent)"
    english = set()
    for language, word in (("en", "Edit"), ("de", "Bearbeiten")):
        desk.browser.script("localStorage.setItem('lb-language', arguments[0])", language)
        desk.page(mount_url("/a.mp3"))
        desk.press(word)
        found = set(desk.wait(lambda: desk.browser.script(hints), "descriptions"))
        equal(found & english, set(), "English descriptions in " + language)
        english |= found
    check(len(english) > 50, "%d descriptions" % len(english))
    desk.quiet()


@test
def it_speaks_other_languages(t):
    server = console_server(t)
    server.source("/a.mp3").play(5)
    desk = Desk(t, server).log_in()
    for language, words in (("de", ("Übersicht", "Hörer nach Mount", "Abmelden")), ("fr", ("Vue d’ensemble", "Se déconnecter")), ("es", ("Resumen", "Oyentes por montaje")), ("pt", ("Visão geral", "Ouvintes por montagem"))):
        desk.browser.script("localStorage.setItem('lb-language', arguments[0])", language)
        desk.page("")
        desk.see(*words)
        equal(desk.browser.script("return document.documentElement.lang"), language)
        desk.looks_well("overview-" + language, dark_too=False)
    desk.browser.script("localStorage.setItem('lb-language', 'de')")
    # "Server" is a word of both languages.
    desk.page("/mounts")
    for place in ("Server", "Dieser Server", "Server"):
        desk.press(place, selector="#menu a")
        desk.wait(lambda: desk.browser.script("return [document.querySelector('main h2').textContent, document.title.split(' - ')[0]]") == [place, place], "the page " + place)
        equal(desk.count("#menu a", place), 1)
    desk.see("Über https gefragt")
    desk.page("/mounts")
    desk.press("Mount anlegen")
    desk.see("Name des Streams", "Hörer zugleich")
    equal(desk.browser.script("return [...document.querySelectorAll('select[name=\"limits/over\"] option')].map(one => one.textContent)"), ["bleiben", "gehen, die neuesten zuerst"])
    desk.looks_well("mount-form-de", dark_too=False)
    desk.quiet()


@test
def questions_hints_and_problems_are_in_the_language_of_the_viewer(t):
    server, api = with_api(console_server(t))
    server.source("/rock.mp3", login=api.mount("/rock.mp3", limits={"listeners": 1})).play(5)
    server.listener("/rock.mp3")
    api.want(201, "POST", "/accounts", {"id": "acme"})
    desk = Desk(t, server).log_in()
    desk.browser.script("localStorage.setItem('lb-language', 'de')")
    desk.page("")
    desk.see("/rock.mp3 ist voll: 1 von 1 Hörern.")
    equal(desk.browser.script("return document.querySelector('.troubles a').textContent"), "/rock.mp3")
    desk.page(mount_url("/rock.mp3"))
    desk.press("Quelle beenden")
    desk.see("Die Quelle von /rock.mp3 endet; 1 Hörer verliert sie. Sie darf wiederkommen.")
    desk.press("Trennen", near="127.0.0.1", selector="summary")
    desk.see("Diesen Hörer trennen: 127.0.0.1?")
    desk.press("Bearbeiten", selector=".openings summary")
    desk.see("Auf allen Servern zusammen. Leer: keine Grenze.")
    desk.page("/accounts")
    desk.press("Aussetzen", near="acme", selector="summary")
    desk.see("Die Mounts von acme (0) nehmen keine Quelle, und die auf Sendung enden.")
    for language, words in (("fr", "Le fichier est utilisable"), ("es", "El archivo sirve"), ("pt", "O ficheiro serve")):
        desk.browser.script("localStorage.setItem('lb-language', arguments[0])", language)
        desk.page("/server")
        desk.browser.find(".buttons button").click()
        desk.see(words)
        desk.looks_well("server-" + language, dark_too=False)
    desk.quiet()


@test
def a_form_does_not_overwrite_what_was_changed_while_it_was_open(t):
    """The list below the form is read again meanwhile, but the form keeps the values that it has shown."""
    server, api = with_api(console_server(t))
    api.mount("/rock.mp3", settings={"stream-name": "First"})
    api.want(201, "POST", "/accounts", {"id": "acme", "name": "First"})
    desk = Desk(t, server).log_in()
    for page, path, other, seen, read in (
            ("/accounts", "/accounts/acme", {"name": "Theirs"}, "Theirs", lambda record: record["name"]),
            (mount_url("/rock.mp3"), "/mounts/rock.mp3", {"settings": {"stream-name": "Theirs", "genre": "Jazz"}}, "Jazz", lambda record: record["settings"]["stream-name"])):
        desk.page(page)
        desk.press("Edit", selector="summary")
        desk.write("Name", "Mine")
        api.want(200, "PATCH", path, other)
        desk.see(seen)
        desk.press("Save", selector="form button")
        desk.see("It was changed meanwhile")
        equal(read(api.want(200, "GET", path).json()), "Theirs", "the name behind " + page)
        desk.press("Save", selector="form button")
        wait_for(lambda: read(api.want(200, "GET", path).json()) == "Mine", "what was typed is saved behind the warning")
    desk.quiet(but=("412",))
