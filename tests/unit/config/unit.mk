unit_programs += unit_config
unit_config_SOURCES = tests/unit/main.cc \
  tests/unit/config/loader_test.cc
unit_config_CPPFLAGS = $(UNIT_CPPFLAGS) $(XML_CFLAGS)
unit_config_LDADD = $(CONFIG) $(CPPUTEST_LIBS)
