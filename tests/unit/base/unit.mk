unit_programs += unit_base
unit_base_files = tests/unit/main.cc \
  tests/unit/base/command_words_test.cc \
  tests/unit/base/encoding_test.cc \
  tests/unit/base/json_test.cc \
  tests/unit/base/log_test.cc \
  tests/unit/base/persistent_map_test.cc \
  tests/unit/base/result_test.cc \
  tests/unit/base/persistent_map_changes_test.cc \
  tests/unit/base/strings_test.cc \
  tests/unit/base/time_zone_test.cc
if UNITY
nodist_unit_base_SOURCES = $(unit_base_units)
else
unit_base_SOURCES = $(unit_base_files)
endif
unit_base_units = tests/unit/base/unity_1.cc
$(unit_base_units): $(unit_base_files) tests/unit/base/unit.mk tools/unity
	$(UNITY) $@ $(unit_base_units) : $(unit_base_files)
CLEANFILES += $(unit_base_units)
unit_base_CPPFLAGS = $(UNIT_CPPFLAGS)
unit_base_LDADD = $(BASE) $(CPPUTEST_LIBS)
