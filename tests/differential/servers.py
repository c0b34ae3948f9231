"""The two servers: Icecast 2.4.4 and the server under test, with one configuration and one set of files."""
import hashlib
import pathlib
import shutil
import signal
import socket
import subprocess
import time

from harness import Failed, as_nobody, give_away

TEMPLATES = pathlib.Path("/usr/share/icecast2")
LOWEST_PORT = 22000
READY_SECONDS = 15.0

# The configuration for all requests of requests.json. {port} is the first of three adjacent ports.
CONFIG = """<icecast>
  <hostname>127.0.0.1</hostname>
  <location>Differland</location>
  <admin>admin@example.org</admin>
  <limits>
    <clients>200</clients><sources>40</sources><burst-size>65536</burst-size>
    <source-timeout>600</source-timeout><header-timeout>4</header-timeout>
  </limits>
  <authentication>
    <source-password>src-secret</source-password>
    <relay-password>rel-secret</relay-password>
    <admin-user>admin</admin-user><admin-password>adm-secret</admin-password>
  </authentication>
  <listen-socket><port>{port}</port><bind-address>127.0.0.1</bind-address><shoutcast-mount>/sc.mp3</shoutcast-mount></listen-socket>
  <listen-socket><port>{port2}</port><bind-address>127.0.0.1</bind-address></listen-socket>
  <http-headers>
    <header name="Access-Control-Allow-Origin" value="*"/>
    <header name="X-Not-Found" value="yes" status="404"/>
  </http-headers>
  <relay>
    <server>127.0.0.1</server><port>1</port><mount>/far.mp3</mount><local-mount>/on-demand.mp3</local-mount><on-demand>1</on-demand>
  </relay>
  <mount><mount-name>/dead.mp3</mount-name><fallback-mount>/live.mp3</fallback-mount></mount>
  <mount><mount-name>/dead2.mp3</mount-name><fallback-mount>/dead3.mp3</fallback-mount></mount>
  <mount><mount-name>/dead3.mp3</mount-name><fallback-mount>/dead2.mp3</fallback-mount></mount>
  <mount><mount-name>/hidden.mp3</mount-name><hidden>1</hidden></mount>
  <mount><mount-name>/private.mp3</mount-name>
    <authentication type="htpasswd"><option name="filename" value="{dir}/users"/></authentication></mount>
  <mount><mount-name>/closed.mp3</mount-name><no-mount>1</no-mount></mount>
  <mount><mount-name>/shut/*</mount-name><no-mount>1</no-mount></mount>
  <mount><mount-name>/full.mp3</mount-name><max-listeners>1</max-listeners></mount>
  <mount><mount-name>/own.mp3</mount-name><username>dj</username><password>dj-secret</password>
    <stream-name>Named here</stream-name><stream-description>Described here</stream-description>
    <stream-url>http://here.example/</stream-url><genre>Here</genre><bitrate>96</bitrate><type>audio/x-here</type>
    <subtype>sub</subtype><public>0</public>
    <http-headers><header name="X-Own" value="mount"/></http-headers></mount>
  <mount><mount-name>/utf8.mp3</mount-name><charset>UTF-8</charset><mp3-metadata-interval>4096</mp3-metadata-interval></mount>
  <mount><mount-name>/latin.mp3</mount-name></mount>
  <mount><mount-name>/plain.mp3</mount-name><mp3-metadata-interval>0</mp3-metadata-interval></mount>
  <mount><mount-name>/small-burst.mp3</mount-name><burst-size>8192</burst-size></mount>
  <paths>
    <logdir>{dir}/log</logdir><webroot>{dir}/web</webroot><adminroot>{dir}/admin</adminroot>
    <alias source="/" destination="/status.xsl"/>
    <alias source="/aliased.txt" destination="/hello.txt"/>
    <alias source="/aliased.mp3" destination="/live.mp3"/>
    <alias source="/elsewhere.txt" destination="/hello.txt" port="1"/>
  </paths>
  <logging>
    <errorlog>error.log</errorlog><accesslog>access.log</accesslog><playlistlog>playlist.log</playlistlog><loglevel>4</loglevel>
  </logging>
</icecast>
"""

OWN_TEMPLATE = """<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0">
<xsl:output method="text" encoding="UTF-8" {media}/>
<xsl:template match="/icestats"><xsl:for-each select="source"><xsl:value-of select="@mount"/>
<xsl:text> </xsl:text><xsl:value-of select="server_name"/><xsl:text>
</xsl:text></xsl:for-each></xsl:template></xsl:stylesheet>
"""


def free_ports():
    """The first of six adjacent free ports of five digits, three for each server."""
    for port in range(LOWEST_PORT + 50, 32000, 10):
        taken = []
        try:
            for i in range(6):
                taken.append(socket.socket())
                taken[-1].bind(("127.0.0.1", port + i))
            return port
        except OSError:
            continue
        finally:
            for s in taken:
                s.close()
    raise Failed("no six neighbouring ports are free")


def fill(directory):
    """The files of both servers."""
    shutil.copytree(TEMPLATES / "admin", directory / "admin")
    web = directory / "web"
    shutil.copytree(TEMPLATES / "web", web)
    (directory / "log").mkdir()
    (web / "hello.txt").write_text("abcdefghijklmnopqrstuvwxyz")
    (web / "empty.txt").write_text("")
    (web / "with space.txt").write_text("a space")
    (web / "caf\u00e9.txt").write_text("an accent")
    (web / "blob.zzqq").write_text("no type is known")
    (web / "noextension").write_text("no extension")
    (web / "page.html").write_text("<html><body>page</body></html>\n")
    (web / "song.mp3").write_bytes(bytes(range(256)) * 40)
    (web / "real.m3u").write_text("http://elsewhere.example/\r\n")
    (web / "sub").mkdir()
    (web / "sub" / "file.txt").write_text("in a directory")
    (web / "own.xsl").write_text(OWN_TEMPLATE.format(media=""))
    (web / "typed.xsl").write_text(OWN_TEMPLATE.format(media='media-type="text/csv"'))
    (web / "broken.xsl").write_text("<xsl:stylesheet")
    users = [("alice", "wonder"), ("bob", "builder")]
    (directory / "users").write_text("".join("%s:%s\n" % (u, hashlib.md5(p.encode()).hexdigest()) for u, p in users))


class Server:
    def __init__(self, name, binary, directory, port):
        self.name, self.binary, self.dir, self.port = name, binary, directory, port
        fill(directory)
        self.config = directory / "server.xml"
        self.config.write_text(CONFIG.format(port=port, port2=port + 2, dir=directory))
        give_away(directory)
        self.out = directory / "out"
        with open(self.out, "wb") as out:
            self.process = subprocess.Popen(as_nobody([binary, "-c", str(self.config)]), stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=out, cwd=directory)

    def wait_until_open(self):
        deadline = time.monotonic() + READY_SECONDS
        while True:
            if self.process.poll() is not None:
                raise Failed("%s ended with %d at its start: %s" % (self.name, self.process.returncode, self.out.read_text()))
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise Failed("%s does not listen: %s" % (self.name, self.out.read_text())) from None
                time.sleep(0.02)

    def lines(self, log):
        path = self.dir / "log" / log
        return path.read_text("latin-1").splitlines() if path.exists() else []

    def stop(self):
        """Returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Failed("%s does not end" % self.name) from None
