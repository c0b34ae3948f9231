noinst_LIBRARIES += src/libarchive.a
src_libarchive_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
archive_files = \
  src/archive/archive_fill.cc src/archive/archive_fill.h \
  src/archive/archive_file.cc src/archive/archive_file.h \
  src/archive/archive_name.cc src/archive/archive_name.h \
  src/archive/archive_writer.cc src/archive/archive_writer.h \
  src/archive/catalog.cc src/archive/catalog.h \
  src/archive/data_marks.cc src/archive/data_marks.h \
  src/archive/download_places.cc src/archive/download_places.h \
  src/archive/export_body.cc src/archive/export_body.h \
  src/archive/export_cut.cc src/archive/export_cut.h \
  src/archive/export_head.cc src/archive/export_head.h \
  src/archive/file_list.cc src/archive/file_list.h \
  src/archive/fill_plan.cc src/archive/fill_plan.h \
  src/archive/gone_files.cc src/archive/gone_files.h \
  src/archive/holders.cc src/archive/holders.h \
  src/archive/merged_files.cc src/archive/merged_files.h \
  src/archive/passes.cc src/archive/passes.h \
  src/archive/past_owner.cc src/archive/past_owner.h \
  src/archive/open_files.cc src/archive/open_files.h \
  src/archive/open_together.cc src/archive/open_together.h \
  src/archive/range_plan.cc src/archive/range_plan.h \
  src/archive/reader_pool.cc src/archive/reader_pool.h \
  src/archive/record.cc src/archive/record.h \
  src/archive/recover.cc src/archive/recover.h \
  src/archive/remote_archive.cc src/archive/remote_archive_blocks.cc src/archive/remote_archive.h \
  src/archive/remote_parts.cc src/archive/remote_parts.h \
  src/archive/remote_wait.cc src/archive/remote_wait.h \
  src/archive/recording.cc src/archive/recording.h \
  src/archive/retention.cc src/archive/retention.h \
  src/archive/scan.cc src/archive/scan.h \
  src/archive/segment_file.cc src/archive/segment_file.h \
  src/archive/settings.h \
  src/archive/shifted_streams.cc src/archive/shifted_streams.h \
  src/archive/stream_start.cc src/archive/stream_start.h \
  src/archive/time_text.cc src/archive/time_text.h \
  src/archive/warmth.cc src/archive/warmth.h \
  src/archive/where.cc src/archive/where.h
if UNITY
nodist_src_libarchive_a_SOURCES = $(archive_units)
else
src_libarchive_a_SOURCES = $(archive_files)
endif
archive_units = src/archive/unity_1.cc
$(archive_units): src/archive/floor.mk tools/unity
	$(UNITY) $@ $(archive_units) : $(archive_files)
CLEANFILES += $(archive_units)
