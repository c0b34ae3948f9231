# systemd, Debian, containers; and the test that the package can be installed, used and removed.
EXTRA_DIST += packaging/icecast-lb.service packaging/icecast-lb.socket packaging/make-template \
  packaging/apparmor tools/package tools/apt-repository tools/release \
  debian/tests/control debian/tests/smoke \
  debian/changelog debian/control debian/copyright debian/examples debian/icecast-lb.lintian-overrides debian/install debian/logrotate \
  debian/postinst debian/postrm debian/README.Debian debian/rules debian/source/format \
  tests/lint/packaging tests/lint/packaging.py tests/package/run.py tests/package/report.py tests/package/system.py tests/package/booted.py tests/package/take_over.py tests/package/upgrade.py tests/package/crowd_inside.py \
  tests/package/repository.py tests/package/foreign.py tests/package/image.py
TESTS += tests/lint/packaging

# For both architectures, each compiled in a clean Debian: needs root and mmdebstrap. The packages are in packages/.
.PHONY: package
package: dist
	for arch in amd64 arm64; do \
	  $(srcdir)/tools/package --arch $$arch --source $(abs_builddir)/$(distdir).tar.xz --out $(abs_builddir)/packages || exit 1; \
	done
