noinst_LIBRARIES += src/libapi.a
src_libapi_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(XML_CFLAGS)
api_files = \
  src/api/account.cc src/api/account.h \
  src/api/account_plans.cc src/api/account_plans.h \
  src/api/audit_plans.cc src/api/audit_plans.h \
  src/api/ban.cc src/api/ban.h \
  src/api/ban_plans.cc src/api/ban_plans.h \
  src/api/ended_plans.cc src/api/ended_plans.h \
  src/api/endpoints.cc src/api/endpoints.h \
  src/api/fields.cc src/api/fields.h \
  src/api/live.h \
  src/api/live_plans.cc src/api/live_plans.h \
  src/api/login_fields.cc src/api/login_fields.h \
  src/api/made_answer.cc src/api/made_answer.h \
  src/api/mount_answer.cc src/api/mount_answer.h \
  src/api/mount_body.cc src/api/mount_body.h \
  src/api/mount_places.cc src/api/mount_places.h \
  src/api/mount_plans.cc src/api/mount_plans.h \
  src/api/node_plans.cc src/api/node_plans.h \
  src/api/node_weight.cc src/api/node_weight.h \
  src/api/openapi.cc src/api/openapi.h \
  src/api/placement.cc src/api/placement.h \
  src/api/plan.cc src/api/plan.h \
  src/api/problem.cc src/api/problem.h \
  src/api/record_book.cc src/api/record_book.h \
  src/api/request.cc src/api/request.h \
  src/api/rights.cc src/api/rights.h \
  src/api/schemas.cc \
  src/api/store_life.cc src/api/store_life.h \
  src/api/secrets.cc src/api/secrets.h \
  src/api/token_plans.cc \
  src/api/user_plans.cc src/api/user_plans.h
if UNITY
nodist_src_libapi_a_SOURCES = $(api_units)
else
src_libapi_a_SOURCES = $(api_files)
endif
api_units = src/api/unity_1.cc
$(api_units): src/api/floor.mk tools/unity
	$(UNITY) $@ $(api_units) : $(api_files)
CLEANFILES += $(api_units)
