noinst_PROGRAMS += tests/oneplace/registry_tool
tests_oneplace_registry_tool_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
tests_oneplace_registry_tool_SOURCES = tests/oneplace/registry_tool.cc
tests_oneplace_registry_tool_LDADD = $(REGISTRY)
# The folder is packed as a whole, from the tree of the build too.
dist-hook:
	rm -rf $(distdir)/tests/oneplace/.deps $(distdir)/tests/oneplace/.dirstamp $(distdir)/tests/oneplace/registry_tool $(distdir)/tests/oneplace/*.o
