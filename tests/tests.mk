EXTRA_DIST += tests/lint/layers tests/lint/layers.py tests/lint/headers tests/lint/headers.py \
  tests/lint/format .clang-format tests/lint/docs tests/lint/docs.py tests/lint/names tests/lint/names.py \
  tests/lint/comments tests/lint/comments.py
TESTS += tests/lint/layers tests/lint/format tests/lint/names tests/lint/comments tests/lint/headers tests/lint/docs
AM_TESTS_ENVIRONMENT = CXX='$(CXX)'; LINT_CPPFLAGS='$(EVENT_CFLAGS) $(XML_CFLAGS) $(XSLT_CFLAGS) -DLB_DATADIR=\"\" -DLB_VERSION=\"\"'; \
  export CXX LINT_CPPFLAGS;
# A test is compiled for each of its runs: without optimisation, which takes half the time.
tests/unit/%.o: CXXFLAGS += -O0 -U_FORTIFY_SOURCE
UNIT_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests/unit $(CPPUTEST_CFLAGS)
# CppUTest's own leak detector and the sanitizers' do not go together.
if SANITIZED
UNIT_CPPFLAGS += -DCPPUTEST_MEM_LEAK_DETECTION_DISABLED
endif

include tests/unit/base/unit.mk
include tests/unit/net/unit.mk
include tests/unit/http/unit.mk
include tests/unit/media/unit.mk
include tests/unit/stream/unit.mk
include tests/unit/hls/unit.mk
include tests/unit/auth/unit.mk
include tests/unit/cluster/unit.mk
include tests/unit/archive/unit.mk
include tests/unit/registry/unit.mk
include tests/unit/admin/unit.mk
include tests/unit/config/unit.mk
include tests/unit/api/unit.mk
include tests/unit/app/unit.mk

include tests/oneplace/oneplace.mk

if HAVE_CPPUTEST
check_PROGRAMS += $(unit_programs)
TESTS += $(unit_programs)
endif
