unit_programs += unit_api
unit_api_files = tests/unit/main.cc \
  tests/unit/api/api_bench.h \
  tests/unit/api/book_test.cc \
  tests/unit/api/ended_plans_test.cc \
  tests/unit/api/endpoints_test.cc \
  tests/unit/api/live_plans_test.cc \
  tests/unit/api/mount_backup_test.cc \
  tests/unit/api/mount_moves_test.cc \
  tests/unit/api/mount_plans_test.cc \
  tests/unit/api/mount_secrets_test.cc \
  tests/unit/api/placement_test.cc \
  tests/unit/api/record_plans_test.cc
if UNITY
nodist_unit_api_SOURCES = $(unit_api_units)
else
unit_api_SOURCES = $(unit_api_files)
endif
unit_api_units = tests/unit/api/unity_1.cc
$(unit_api_units): $(unit_api_files) tests/unit/api/unit.mk tools/unity
	$(UNITY) $@ $(unit_api_units) : $(unit_api_files)
CLEANFILES += $(unit_api_units)
unit_api_CPPFLAGS = $(UNIT_CPPFLAGS)
unit_api_LDADD = $(API) $(CPPUTEST_LIBS)
