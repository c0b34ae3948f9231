"""Mounts with authenticators."""
from backend import ACCEPT, Backend

SECRET = "5ebe2294ecd0e0f08eab7690d2a6ee69"     # MD5 of "secret"

# "secret" by bcrypt, cost 10
SLOW = "$2y$10$abcdefghijklmnopqrstuuz3mJ3xW5OQ2d5F6NDfG8f3dWFpM1s9C"


def url_mount(name, **options):
    """A <mount> with URL authentication."""
    rows = "".join('<option name="%s" value="%s"/>' % (key, value) for key, value in options.items())
    return '<mount><mount-name>%s</mount-name><authentication type="url">%s</authentication></mount>' % (name, rows)


def file_mount(name, path, **options):
    rows = "".join('<option name="%s" value="%s"/>' % (key, value) for key, value in options.items())
    return ('<mount><mount-name>%s</mount-name><authentication type="htpasswd"><option name="filename" value="%s"/>'
            '%s</authentication></mount>' % (name, path, rows))


def backend_of(t, answer=lambda form: ACCEPT):
    return t.owned(Backend(answer))
