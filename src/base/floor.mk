noinst_LIBRARIES += src/libbase.a
src_libbase_a_CPPFLAGS = $(AM_CPPFLAGS) $(JSON_CFLAGS)
base_files = \
  src/base/clock.cc src/base/clock.h \
  src/base/command_words.cc src/base/command_words.h \
  src/base/encoding.cc src/base/encoding.h \
  src/base/intrusive_list.h \
  src/base/json.cc src/base/json.h \
  src/base/log.cc src/base/log.h \
  src/base/log_file.cc src/base/log_file.h \
  src/base/persistent_map.h \
  src/base/private_file.cc src/base/private_file.h \
  src/base/random.cc src/base/random.h \
  src/base/result.h \
  src/base/shared_list.h \
  src/base/snapshot.h \
  src/base/strings.cc src/base/strings.h \
  src/base/time_zone.cc src/base/time_zone.h \
  src/base/unique_fd.h \
  src/base/unique_function.h \
  src/base/write_all.cc src/base/write_all.h
if UNITY
nodist_src_libbase_a_SOURCES = $(base_units)
else
src_libbase_a_SOURCES = $(base_files)
endif
base_units = src/base/unity_1.cc
$(base_units): src/base/floor.mk tools/unity
	$(UNITY) $@ $(base_units) : $(base_files)
CLEANFILES += $(base_units)
