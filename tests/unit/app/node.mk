# How a node empties itself, without the server.
unit_programs += unit_node
unit_node_SOURCES = tests/unit/main.cc \
  tests/unit/app/drain_test.cc \
  src/app/drain.cc src/app/drain.h
unit_node_CPPFLAGS = $(UNIT_CPPFLAGS) $(EVENT_CFLAGS)
unit_node_LDADD = $(CONFIG) $(CPPUTEST_LIBS)
