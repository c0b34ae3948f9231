# systemd, Debian, containers; and the test that the package can be installed, used and removed.
EXTRA_DIST += packaging/icecast-lb.service packaging/icecast-lb.socket packaging/make-template \
  packaging/Containerfile packaging/container-start packaging/apparmor \
  debian/tests/control debian/tests/smoke \
  debian/changelog debian/control debian/copyright debian/examples debian/install debian/logrotate \
  debian/postinst debian/postrm debian/README.Debian debian/rules debian/source/format \
  tests/lint/packaging tests/lint/packaging.py tests/package/run.py tests/package/report.py tests/package/system.py tests/package/booted.py tests/package/take_over.py
TESTS += tests/lint/packaging
