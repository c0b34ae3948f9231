unit_programs += unit_archive
unit_archive_files = tests/unit/main.cc \
  tests/unit/archive/archive_fill_test.cc \
  tests/unit/archive/archive_name_test.cc \
  tests/unit/archive/archive_writer_test.cc \
  tests/unit/archive/catalog_test.cc \
  tests/unit/archive/download_places_test.cc \
  tests/unit/archive/export_cut_test.cc \
  tests/unit/archive/fill_plan_test.cc \
  tests/unit/archive/fixture.h \
  tests/unit/archive/gone_files_test.cc \
  tests/unit/archive/holders_test.cc \
  tests/unit/archive/past_owner_test.cc \
  tests/unit/archive/range_plan_test.cc \
  tests/unit/archive/record_test.cc \
  tests/unit/archive/recover_test.cc \
  tests/unit/archive/remote_archive_test.cc \
  tests/unit/archive/retention_test.cc \
  tests/unit/archive/segment_file_test.cc \
  tests/unit/archive/time_text_test.cc \
  tests/unit/base/log_book.h \
  tests/unit/stream/support.h
if UNITY
nodist_unit_archive_SOURCES = $(unit_archive_units)
else
unit_archive_SOURCES = $(unit_archive_files)
endif
unit_archive_units = tests/unit/archive/unity_1.cc
$(unit_archive_units): $(unit_archive_files) tests/unit/archive/unit.mk tools/unity
	$(UNITY) $@ $(unit_archive_units) : $(unit_archive_files)
CLEANFILES += $(unit_archive_units)
unit_archive_CPPFLAGS = $(UNIT_CPPFLAGS)
unit_archive_LDADD = $(ARCHIVE) $(CPPUTEST_LIBS)
