unit_programs += unit_config
unit_config_files = tests/unit/main.cc \
  tests/unit/config/checks_test.cc \
  tests/unit/config/icecast25_test.cc \
  tests/unit/config/external_test.cc \
  tests/unit/config/import_test.cc \
  tests/unit/config/load_text.h \
  tests/unit/config/drain_rate_test.cc \
  tests/unit/config/loader_test.cc \
  tests/unit/config/login_index_test.cc \
  tests/unit/config/mount_index_test.cc \
  tests/unit/config/mount_record_test.cc tests/unit/config/mount_rules_test.cc \
  tests/unit/config/overlay_test.cc \
  tests/unit/config/printer_test.cc \
  tests/unit/config/record_relay_test.cc \
  tests/unit/config/record_secrets_test.cc \
  tests/unit/config/reload_test.cc \
  tests/unit/config/schema_test.cc \
  tests/unit/config/value_test.cc \
  tests/unit/config/xml_node_test.cc
if UNITY
nodist_unit_config_SOURCES = $(unit_config_units)
else
unit_config_SOURCES = $(unit_config_files)
endif
unit_config_units = tests/unit/config/unity_1.cc
$(unit_config_units): $(unit_config_files) tests/unit/config/unit.mk tools/unity
	$(UNITY) $@ $(unit_config_units) : $(unit_config_files)
CLEANFILES += $(unit_config_units)
unit_config_CPPFLAGS = $(UNIT_CPPFLAGS)
unit_config_LDADD = $(CONFIG) $(CPPUTEST_LIBS)
