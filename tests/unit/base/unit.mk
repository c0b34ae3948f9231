unit_programs += unit_base
unit_base_SOURCES = tests/unit/main.cc \
  tests/unit/base/encoding_test.cc \
  tests/unit/base/json_test.cc \
  tests/unit/base/log_test.cc \
  tests/unit/base/result_test.cc \
  tests/unit/base/strings_test.cc
unit_base_CPPFLAGS = $(UNIT_CPPFLAGS)
unit_base_LDADD = $(BASE) $(CPPUTEST_LIBS)
