"""Servers with certificates, and clients that speak TLS to them."""
import os
import pathlib
import ssl
import subprocess

from harness import Failed, give_away
from harness import listen_socket

TLS_SOCKETS = listen_socket(0) + listen_socket(0, "<ssl>1</ssl>")


def certificate(directory, name, file="tls.pem", separate_key=None, days=90):
    """A new self-signed certificate for `name`; it replaces an old one in one step."""
    new = pathlib.Path(directory) / "new"
    new.mkdir(exist_ok=True)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-subj", "/CN=" + name, "-addext", "subjectAltName=DNS:" + name, "-days", str(days),
                    "-keyout", new / "key", "-out", new / "cert"], check=True, capture_output=True)
    text = (new / "cert").read_text()
    if not separate_key:
        text += (new / "key").read_text()
    (new / "both").write_text(text)
    give_away(new)
    if separate_key:
        os.rename(new / "key", pathlib.Path(directory) / separate_key)
    os.rename(new / "both", pathlib.Path(directory) / file)


def tls(name="radio.test", protocols=("http/1.1",), version=None):
    """For Wire: TLS that accepts any certificate; the test checks it itself."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(list(protocols))
    if version:
        context.maximum_version = version

    def wrap(connected):
        try:
            return context.wrap_socket(connected, server_hostname=name)
        except (ssl.SSLError, ConnectionError) as e:
            raise Failed("no TLS: %s" % e) from None
    return wrap


def tls_server(t, sockets=TLS_SOCKETS, name="radio.test", paths="<ssl-certificate>%s/tls.pem</ssl-certificate>", **slots):
    server = t.unstarted_server(sockets=sockets)
    certificate(server.dir, name)
    server.write_config(paths=paths.replace("%s", str(server.dir)), **slots)
    return server.start()
