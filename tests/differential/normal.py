"""Removes from an answer the parts that differ between any two runs: dates, versions, ports, ids, durations."""
import re

# Numbers that depend on the moment, or on how often a state was polled: only their form is compared.
MOMENT = ("Connected ID connected client_connections connections file_connections stats_connections clients "
          "total_bytes_read total_bytes_sent listener_connections outgoing_kbitrate lag bytes_sent").split()

DAY, MONTH = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)", r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
DATES = [
    (re.compile(DAY + r", \d\d " + MONTH + r" (?!1997)\d{4} \d\d:\d\d:\d\d (?:GMT|[+-]\d{4})"), "DATE"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}"), "ISODATE"),
    (re.compile(r"\d\d/" + MONTH + r"/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}"), "LOGDATE"),
]
VERSION = re.compile(r"Icecast 2\.4\.4 \(icecast-lb [^)]*\)")
ADDRESS = re.compile(r"\b127\.1\.\d+\.\d+\b")
XML_MOMENT = re.compile(r"<(%s)>\d+</\1>" % "|".join(MOMENT))
JSON_MOMENT = re.compile(r'"(%s)":\d+' % "|".join(MOMENT))
# A name in one cell of a table and the number in the next, as the stock pages show them.
CELL_MOMENT = re.compile(r"(>(?:%s)</t[dh]>\s*<td[^>]*>)\d+(?=</td>)" % "|".join(MOMENT))
# listclients.xsl: address, seconds connected, user agent, and the link with the id.
CLIENT_ROW = re.compile(r"(<td>(?:CLIENT|127\.0\.0\.1)</td>\s*<td>)\d+(</td>)")
CLIENT_ID = re.compile(r"(killclient(?:\.xsl)?\?mount=[^&\"]*&amp;id=)\d+")
LISTENER_ID = re.compile(r'<listener id="\d+">')
EVENT_MOMENT = re.compile(r"^(EVENT \S+(?: \S+)? (?:%s)) \d+$" % "|".join(MOMENT), re.M)
CLIENT_TEXT = re.compile(r"\bClient \d+ (removed|not found)")


def normal(text, server):
    """`text` holds bytes as Latin-1."""
    text = VERSION.sub("Icecast 2.4.4", text)
    text = text.replace(str(server.dir), "DIR")
    for i, word in enumerate(("PORT", "PORT1", "PORT2")):
        text = re.sub(r"\b%d\b" % (server.port + i), word, text)
    for pattern, word in DATES:
        text = pattern.sub(word, text)
    text = ADDRESS.sub("CLIENT", text)
    text = XML_MOMENT.sub(r"<\1>N</\1>", text)
    text = JSON_MOMENT.sub(r'"\1":"N"', text)
    text = CELL_MOMENT.sub(r"\1N", text)
    text = CLIENT_ROW.sub(r"\1N\2", text)
    text = CLIENT_ID.sub(r"\1N", text)
    text = LISTENER_ID.sub('<listener id="N">', text)
    text = EVENT_MOMENT.sub(r"\1 N", text)
    return CLIENT_TEXT.sub(r"Client N \1", text)


class Parsed:
    """An answer in parts, normalised."""

    def __init__(self, answer, server):
        raw = answer.raw.decode("latin-1")
        self.interim = ""
        if raw.startswith("HTTP/1.1 100"):
            self.interim, _, raw = raw.partition("\r\n\r\n")
        self.complete = "\r\n\r\n" in raw
        head, _, body = raw.partition("\r\n\r\n")
        lines = head.split("\r\n")
        self.line = normal(lines[0], server) if raw else "nothing"
        self.headers = []
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            # A space after the colon has no meaning, except that some players require none for icy-*.
            if not name.lower().startswith("icy-"):
                value = value.strip(" ")
            if name.lower() == "content-length" and value == str(len(body)):
                value = "as long as the body"
            self.headers.append((name + ("" if colon else " (no colon)"), normal(value, server)))
        self.body = normal(body, server)
        if answer.any_order:
            self.body = "\n".join(sorted(set(self.body.split("\n"))))
        if answer.without:
            self.body = re.sub(answer.without, "", self.body)
        self.content_type = dict((n.lower(), v) for n, v in self.headers).get("content-type", "")
        self.closed = answer.closed
        self.stream = answer.stream


LOG_LINE = re.compile(r'^(\S+) - (.*?) \[(.*?)\] "(.*?)" (\d+) (\d+) "(.*?)" "(.*)" (\d+)$')
LOG_FIELDS = ("user", "date", "request", "status", "bytes", "referer", "agent", "seconds")


def log_fields(line, answer, server):
    """A line of the access log as a dictionary, with bytes and seconds as far as they can be compared."""
    found = LOG_LINE.match(line)
    if not found:
        return {"form": normal(line, server)}
    fields = dict(zip(LOG_FIELDS, [normal(text, server) for text in found.groups()[1:]]))
    fields["bytes"] = found[6]  # a number, even where it equals a port
    if answer.stream_mode:
        fields["bytes"] = "some" if int(fields["bytes"]) > 0 else "0"
    elif fields["bytes"] == str(len(answer.raw)):
        fields["bytes"] = "what came"
    fields["seconds"] = "few" if int(fields["seconds"]) < 90 else fields["seconds"]
    return fields
