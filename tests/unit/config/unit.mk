unit_programs += unit_config unit_options
unit_config_SOURCES = tests/unit/main.cc \
  tests/unit/config/checks_test.cc \
  tests/unit/config/icecast25_test.cc \
  tests/unit/config/import_test.cc \
  tests/unit/config/load_text.h \
  tests/unit/config/drain_rate_test.cc \
  tests/unit/config/loader_test.cc \
  tests/unit/config/printer_test.cc \
  tests/unit/config/reload_test.cc \
  tests/unit/config/schema_test.cc \
  tests/unit/config/value_test.cc \
  tests/unit/config/xml_node_test.cc
unit_config_CPPFLAGS = $(UNIT_CPPFLAGS)
unit_config_LDADD = $(CONFIG) $(CPPUTEST_LIBS)

# The command line answers with what config/ prints, so it is tested beside it.
unit_options_SOURCES = tests/unit/main.cc tests/unit/config/options_test.cc \
  src/app/options.cc src/app/options.h src/app/version.cc
unit_options_CPPFLAGS = $(UNIT_CPPFLAGS)
unit_options_LDADD = $(CONFIG) $(CPPUTEST_LIBS)
