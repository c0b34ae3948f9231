# Services and stages by their contracts, and what talks to a service manager.
unit_programs += unit_app
unit_app_files = tests/unit/main.cc \
  tests/unit/app/admin_stage_test.cc \
  tests/unit/app/agent_stage_test.cc \
  tests/unit/app/auth_stage_test.cc \
  tests/unit/app/cluster_plans_test.cc \
  tests/unit/app/cluster_service_test.cc \
  tests/unit/app/country_watch_test.cc \
  tests/unit/app/directory_service_test.cc \
  tests/unit/app/drain_command_test.cc \
  tests/unit/app/drain_test.cc \
  tests/unit/app/event_stage_test.cc \
  tests/unit/app/external_lookups_test.cc \
  tests/unit/app/records_test.cc \
  tests/unit/app/health_stage_test.cc \
  tests/unit/app/hls_stage_test.cc \
  tests/unit/app/listen_stage_test.cc \
  tests/unit/app/login_stage_test.cc \
  tests/unit/app/lookups_test.cc \
  tests/unit/app/manager_socket.h \
  tests/unit/app/metrics_stage_test.cc \
  tests/unit/app/mount_files_test.cc \
  tests/unit/app/mount_homes_test.cc \
  tests/unit/app/mount_hooks_test.cc \
  tests/unit/app/mount_load_test.cc \
  tests/unit/app/mount_lookup_test.cc \
  tests/unit/app/node_copies_test.cc \
  tests/unit/app/notify_test.cc \
  tests/unit/app/options_test.cc \
  tests/unit/app/page_stage_test.cc \
  tests/unit/app/parked_requests_test.cc \
  tests/unit/app/playlist_stage_test.cc \
  tests/unit/app/process_test.cc \
  tests/unit/app/process_usage_test.cc \
  tests/unit/app/redirect_stage_test.cc \
  tests/unit/app/rendered_pages_test.cc \
  tests/unit/app/request_config_test.cc \
  tests/unit/app/request_stages_test.cc \
  tests/unit/app/server_test.cc \
  tests/unit/app/service_manager_test.cc \
  tests/unit/app/source_logins_test.cc \
  tests/unit/app/source_stage_test.cc \
  tests/unit/app/station_stats_test.cc \
  tests/unit/app/station_test.cc \
  tests/unit/app/stats_stage_test.cc \
  tests/unit/app/test_server.h \
  tests/unit/app/watchdog_test.cc
if UNITY
nodist_unit_app_SOURCES = $(unit_app_units)
else
unit_app_SOURCES = $(unit_app_files)
endif
unit_app_units = tests/unit/app/unity_1.cc tests/unit/app/unity_2.cc tests/unit/app/unity_3.cc
$(unit_app_units): $(unit_app_files) tests/unit/app/unit.mk tools/unity
	$(UNITY) $@ $(unit_app_units) : $(unit_app_files)
CLEANFILES += $(unit_app_units)
unit_app_CPPFLAGS = $(UNIT_CPPFLAGS) $(EVENT_CFLAGS)
unit_app_LDADD = $(APP) $(CPPUTEST_LIBS)
