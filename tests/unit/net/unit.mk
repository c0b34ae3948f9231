unit_programs += unit_net
unit_net_SOURCES = tests/unit/main.cc
unit_net_CPPFLAGS = $(UNIT_CPPFLAGS)
unit_net_LDADD = $(NET) $(CPPUTEST_LIBS)
