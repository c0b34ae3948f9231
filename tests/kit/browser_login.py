"""A minimal browser for logins: it sends its cookies, and headers of a page's navigation."""
import re
import urllib.parse

from harness import equal
from wire import request

ADMIN_FORM = {"user": "admin", "password": "adm-secret"}
PAGE = ["Accept: text/html,application/xhtml+xml"]
FORM = ["Content-Type: application/x-www-form-urlencoded"]
JSON = ["Content-Type: application/json"]


class Browser:
    def __init__(self, server, address=None):
        self.server, self.address, self.cookie, self.cookie_line, self.prefix = server, address, None, None, ""

    @property
    def cookie_name(self):
        return "%slb_session-%d" % (self.prefix, self.server.port)

    def ask(self, line, headers=(), body=b"", send_cookie=True):
        wire = self.server.wire(source_address=self.address) if self.address else self.server.wire()
        lines = ["Host: 127.0.0.1:%d" % self.server.port, *headers]
        if self.cookie and send_cookie:
            lines.append("Cookie: other=1; lb_session=old; %s=%s" % (self.cookie_name, self.cookie))
        wire.send(request(line + " HTTP/1.1", lines, None, body))
        reply = wire.reply()
        wire.close()
        for line in reply.all("Set-Cookie"):
            self.cookie_line = line
            self.prefix, self.cookie = re.match(r"(|__Host-)lb_session-%d=([^;]*)" % self.server.port, line).groups()
        return reply

    def get(self, path, headers=PAGE):
        return self.ask("GET " + path, headers)

    def post(self, path, fields, headers=()):
        return self.ask("POST " + path, [*FORM, *PAGE, *headers], urllib.parse.urlencode(fields).encode())

    def log_in(self, **more):
        reply = self.post("/admin/login", dict(ADMIN_FORM, **more))
        equal(reply.status, 303, "a login: " + reply.text)
        return reply

    def logged_in(self, **more):
        self.log_in(**more)
        return self

    def csrf(self):
        """The value that a page has for this session's forms."""
        reply = self.get("/admin/stats.xsl")
        equal(reply.status, 200, "a page with a session")
        return re.search(r'<meta name="lb-csrf" content="([^"]+)"', reply.text).group(1)
