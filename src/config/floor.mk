noinst_LIBRARIES += src/libconfig.a
src_libconfig_a_CPPFLAGS = $(AM_CPPFLAGS) $(XML_CFLAGS) -DLB_DATADIR='"$(pkgdatadir)"'
config_files = \
  src/config/as_user.cc src/config/as_user.h \
  src/config/check_report.cc src/config/check_report.h \
  src/config/checks_cluster.cc \
  src/config/checks.cc src/config/checks.h \
  src/config/checks_files.cc src/config/checks_files.h \
  src/config/checks_mounts.cc \
  src/config/checks_relays.cc \
  src/config/cluster_config.h \
  src/config/config.cc src/config/config.h \
  src/config/config_xml.cc src/config/config_xml.h \
  src/config/diagnostic.cc src/config/diagnostic.h \
  src/config/drain_rate.cc src/config/drain_rate.h \
  src/config/external_book.cc src/config/external_book.h \
  src/config/external_list.cc src/config/external_list.h \
  src/config/external_settings.h \
  src/config/filler.cc src/config/filler.h \
  src/config/dump.cc src/config/printer.h \
  src/config/icecast25.cc src/config/icecast25.h \
  src/config/icecast25_role.cc src/config/icecast25_role.h \
  src/config/import.cc src/config/import.h \
  src/config/loader.cc src/config/loader.h \
  src/config/login_index.cc src/config/login_index.h \
  src/config/mount_index.cc src/config/mount_index.h \
  src/config/mount_rules.cc src/config/mount_rules.h \
  src/config/mount_record.cc src/config/mount_record.h \
  src/config/overlay.cc src/config/overlay.h \
  src/config/record_reader.cc src/config/record_reader.h \
  src/config/record_relay.cc src/config/record_relay.h \
  src/config/record_schema.cc \
  src/config/record_secrets.cc src/config/record_secrets.h \
  src/config/record_writer.cc src/config/record_writer.h \
  src/config/reference.cc src/config/reference.h \
  src/config/reference_man.cc \
  src/config/reference_md.cc \
  src/config/reference_xml.cc \
  src/config/relay_hosts.h \
  src/config/reload.cc src/config/reload.h \
  src/config/schema_authenticator.cc \
  src/config/schema.cc src/config/schema.h src/config/schema_rows.h \
  src/config/schema_cluster.cc \
  src/config/schema_cluster_limit.cc \
  src/config/schema_console.cc \
  src/config/schema_hls.cc \
  src/config/schema_encoder.cc \
  src/config/schema_external.cc \
  src/config/schema_fallback.cc \
  src/config/schema_limits.cc \
  src/config/schema_logging.cc \
  src/config/schema_archive.cc \
  src/config/schema_metrics.cc \
  src/config/schema_mount.cc src/config/schema_mount_foreign.h src/config/schema_mount_words.h \
  src/config/schema_paths.cc \
  src/config/schema_record.cc \
  src/config/schema_relay.cc \
  src/config/schema_root.cc \
  src/config/schema_socket.cc \
  src/config/schema_store.cc \
  src/config/store_settings.h \
  src/config/value.cc src/config/value.h \
  src/config/xml_node.cc src/config/xml_node.h
if UNITY
nodist_src_libconfig_a_SOURCES = $(config_units)
else
src_libconfig_a_SOURCES = $(config_files)
endif
config_units = src/config/unity_1.cc
$(config_units): src/config/floor.mk tools/unity
	$(UNITY) $@ $(config_units) : $(config_files)
CLEANFILES += $(config_units)
