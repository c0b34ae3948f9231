EXTRA_DIST += tests/lint/layers tests/lint/layers.py tests/lint/headers tests/lint/headers.py \
  tests/lint/format .clang-format tests/lint/docs tests/lint/docs.py tests/lint/names tests/lint/names.py \
  tests/lint/comments tests/lint/comments.py tests/lint/lists tests/lint/words tests/lint/words.py tests/lint/words-left tests/lint/lifetimes tests/tsan.h
AM_TESTS_ENVIRONMENT = CXX='$(CXX)'; LINT_CPPFLAGS='$(EVENT_CFLAGS) $(XML_CFLAGS) $(XSLT_CFLAGS) -DLB_DATADIR=\"\" -DLB_VERSION=\"\"'; \
  export CXX LINT_CPPFLAGS;
if UNITY
AM_TESTS_ENVIRONMENT += UNITY=yes; export UNITY;
endif
# A test is compiled for each of its runs: without optimisation, which takes half the time.
tests/unit/%.o: CXXFLAGS += -O0 -U_FORTIFY_SOURCE
# But for whole clusters over hours of virtual time: unit_cluster and unit_slots run for 8 s of processor time, not 57.
tests/unit/cluster/%.o: CXXFLAGS += -O1
if SANITIZED
# Likewise, where these ask for no optimisation.
src/audience/%.o src/base/%.o src/cluster/%.o src/media/%.o src/registry/%.o src/stream/%.o: CXXFLAGS += -O1
endif
UNIT_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests/unit $(CPPUTEST_CFLAGS) $(JSON_CFLAGS) -DLB_TEST_SRCDIR='"$(srcdir)"'
# CppUTest's own leak detector and the sanitizers' do not go together.
if SANITIZED
UNIT_CPPFLAGS += -DCPPUTEST_MEM_LEAK_DETECTION_DISABLED -DLB_SANITIZED
endif

include tests/store/store.mk
include tests/simulation/simulation.mk

if HAVE_CPPUTEST
check_PROGRAMS += $(unit_programs)
# Before the lints, which are shorter: the longest of all does not run alone at the end.
TESTS += $(unit_programs)
endif
TESTS += tests/lint/layers tests/lint/lists tests/lint/format tests/lint/names tests/lint/comments tests/lint/words tests/lint/lifetimes tests/lint/headers tests/lint/docs
