noinst_PROGRAMS += tests/store/registry_tool
tests_store_registry_tool_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
tests_store_registry_tool_SOURCES = tests/store/registry_tool.cc
tests_store_registry_tool_LDADD = $(REGISTRY)
# The folder is packed as a whole, from the tree of the build too.
dist-hook:
	rm -rf $(distdir)/tests/store/.deps $(distdir)/tests/store/.dirstamp $(distdir)/tests/store/registry_tool $(distdir)/tests/store/*.o
