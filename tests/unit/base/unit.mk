unit_programs += unit_base
unit_base_SOURCES = tests/unit/main.cc tests/unit/base/result_test.cc
unit_base_CPPFLAGS = $(UNIT_CPPFLAGS)
unit_base_LDADD = $(BASE) $(CPPUTEST_LIBS)
