unit_programs += unit_config
unit_config_SOURCES = tests/unit/main.cc
unit_config_CPPFLAGS = $(UNIT_CPPFLAGS)
unit_config_LDADD = $(CONFIG) $(CPPUTEST_LIBS)
