# The configuration files, their documentation, and the check that keeps both true.
check_PROGRAMS += tests/config/config_tool
tests_config_config_tool_CPPFLAGS = $(AM_CPPFLAGS)
tests_config_config_tool_SOURCES = tests/config/config_tool.cc
tests_config_config_tool_LDADD = $(COMMANDS)

dist_doc_DATA = conf/icecast-lb.xml conf/minimal.xml doc/config.md doc/metrics.md doc/api.md
dist_man_MANS = doc/icecast-lb.xml.5

TESTS += tests/config/check
EXTRA_DIST += tests/config/check tests/config/check.py

# A wildcard, so that a new configuration in the corpus is not forgotten in the tarball.
dist-hook: dist-config-corpus
.PHONY: dist-config-corpus update-docs
dist-config-corpus:
	$(MKDIR_P) $(distdir)/tests/config $(distdir)/fuzz/corpus/config
	cp -p $(srcdir)/tests/config/*.xml $(srcdir)/tests/config/*.expected \
	  $(srcdir)/tests/config/*.dump $(srcdir)/tests/config/*.import $(distdir)/tests/config/
	cp -p $(srcdir)/fuzz/corpus/config/* $(distdir)/fuzz/corpus/config/

update-docs: tests/config/config_tool
	tests/config/config_tool --dump-reference md >$(srcdir)/doc/config.md
	tests/config/config_tool --dump-reference man >$(srcdir)/doc/icecast-lb.xml.5
	tests/config/config_tool --dump-reference metrics >$(srcdir)/doc/metrics.md
	tests/config/config_tool --dump-reference api >$(srcdir)/doc/api.md
