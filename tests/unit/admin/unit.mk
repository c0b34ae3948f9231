unit_programs += unit_admin
unit_admin_files = tests/unit/main.cc \
  tests/unit/admin/access_test.cc \
  tests/unit/admin/builtin_test.cc \
  tests/unit/admin/command_test.cc \
  tests/unit/admin/commands_archive_test.cc \
  tests/unit/admin/commands_client_test.cc \
  tests/unit/admin/commands_cluster_test.cc \
  tests/unit/admin/commands_mount_test.cc \
  tests/unit/admin/commands_node_test.cc \
  tests/unit/admin/commands_stats_test.cc \
  tests/unit/admin/console_files_test.cc \
  tests/unit/admin/event_stream_test.cc \
  tests/unit/admin/fake_station.h \
  tests/unit/admin/health_text_test.cc \
  tests/unit/admin/metrics_test.cc \
  tests/unit/admin/pages_test.cc \
  tests/unit/admin/render_test.cc \
  tests/unit/admin/sample_stats.h \
  tests/unit/admin/security_test.cc \
  tests/unit/admin/stats_feed_test.cc \
  tests/unit/admin/stats_tree_test.cc \
  tests/unit/admin/status_json_test.cc \
  tests/unit/admin/text_test.cc \
  tests/unit/admin/yp_test.cc
if UNITY
nodist_unit_admin_SOURCES = $(unit_admin_units)
else
unit_admin_SOURCES = $(unit_admin_files)
endif
unit_admin_units = tests/unit/admin/unity_1.cc
$(unit_admin_units): $(unit_admin_files) tests/unit/admin/unit.mk tools/unity
	$(UNITY) $@ $(unit_admin_units) : $(unit_admin_files)
CLEANFILES += $(unit_admin_units)
unit_admin_CPPFLAGS = $(UNIT_CPPFLAGS) $(JSON_CFLAGS) $(XML_CFLAGS) -DLB_TEST_SRCDIR='"$(srcdir)"'
unit_admin_LDADD = $(ADMIN) $(CPPUTEST_LIBS)
