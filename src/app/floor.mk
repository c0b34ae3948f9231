noinst_LIBRARIES += src/libapp.a
src_libapp_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
app_files = \
  src/app/assembly.cc \
  src/app/services/archive_service.cc src/app/services/archive_service.h \
  src/app/services/remote_recordings.cc src/app/services/remote_recordings.h \
  src/app/services/dead_air_service.cc src/app/services/dead_air_service.h \
  src/app/services/hours_service.cc src/app/services/hours_service.h \
  src/app/services/node_health.cc src/app/services/node_health.h \
  src/app/listen_sockets.cc src/app/listen_sockets.h \
  src/app/routes.cc src/app/routes.h \
  src/app/serve.cc src/app/serve.h \
  src/app/server.cc src/app/server.h \
  src/app/server_configuration.cc \
  src/app/server_fan_out.cc \
  src/app/switch_service.cc src/app/switch_service.h \
  src/app/cluster/cluster_answers.cc \
  src/app/cluster/cluster_audience.cc \
  src/app/cluster/cluster_facts.cc src/app/cluster/cluster_facts.h \
  src/app/cluster/carried_load.cc src/app/cluster/carried_load.h \
  src/app/cluster/cluster_links.cc src/app/cluster/cluster_links.h \
  src/app/cluster/cluster_plans.cc src/app/cluster/cluster_plans.h \
  src/app/cluster/cluster_self.cc \
  src/app/cluster/cluster_service.cc src/app/cluster/cluster_service.h \
  src/app/cluster/conf_source.cc src/app/cluster/conf_source.h \
  src/app/cluster/cluster_weights.cc \
  src/app/cluster/country_watch.cc src/app/cluster/country_watch.h \
  src/app/cluster/direct_calls.cc src/app/cluster/direct_calls.h \
  src/app/cluster/exec_source.cc src/app/cluster/exec_source.h \
  src/app/cluster/archive_links.cc src/app/cluster/archive_links.h \
  src/app/cluster/ingest_service.cc src/app/cluster/ingest_service.h \
  src/app/cluster/link_arrivals.cc src/app/cluster/link_arrivals.h \
  src/app/cluster/link_orders.cc src/app/cluster/link_orders.h \
  src/app/cluster/listener_asks.cc src/app/cluster/listener_asks.h \
  src/app/cluster/listeners_elsewhere.h \
  src/app/cluster/mount_homes.cc src/app/cluster/mount_homes.h \
  src/app/cluster/mount_load.cc src/app/cluster/mount_load.h \
  src/app/cluster/mount_lookup.cc src/app/cluster/mount_lookup.h \
  src/app/cluster/neighbours.h \
  src/app/cluster/node_probes.cc src/app/cluster/node_probes.h \
  src/app/cluster/redirect_answer.h \
  src/app/cluster/master_links.cc src/app/cluster/master_links.h \
  src/app/cluster/master_ways.cc \
  src/app/cluster/node_links.cc src/app/cluster/node_links.h \
  src/app/cluster/own_origins.cc src/app/cluster/own_origins.h \
  src/app/cluster/pull_paths.cc src/app/cluster/pull_paths.h \
  src/app/cluster/relay_choice.cc \
  src/app/cluster/relay_pulls.cc \
  src/app/cluster/relay_hosting.cc src/app/cluster/relay_service.cc src/app/cluster/relay_service.h \
  src/app/cluster/sent_orders.cc src/app/cluster/sent_orders.h \
  src/app/cluster/seat_service.cc src/app/cluster/seat_service.h \
  src/app/cluster/slot_endings.cc src/app/cluster/slot_endings.h \
  src/app/cluster/slot_links.cc src/app/cluster/slot_links.h \
  src/app/cluster/slot_service.cc src/app/cluster/slot_service.h \
  src/app/cluster/stream_offers.cc src/app/cluster/stream_offers.h \
  src/app/drain/drain.cc src/app/drain/drain.h \
  src/app/drain/drain_command.cc src/app/drain/drain_command.h \
  src/app/process/io_thread.h \
  src/app/process/local_url.cc src/app/process/local_url.h \
  src/app/process/mount_hooks.cc src/app/process/mount_hooks.h \
  src/app/process/notify.cc src/app/process/notify.h \
  src/app/process/options.cc src/app/process/options.h \
  src/app/process/process.cc src/app/process/process.h \
  src/app/process/process_usage.cc src/app/process/process_usage.h \
  src/app/process/service_manager.cc src/app/process/service_manager.h \
  src/app/process/version.cc \
  src/app/process/watchdog.cc src/app/process/watchdog.h \
  src/app/services/access_watch.cc src/app/services/access_watch.h \
  src/app/services/event_service.cc src/app/services/event_service.h \
  src/app/services/external_fetch.cc src/app/services/external_fetch.h \
  src/app/services/external_lookups.cc src/app/services/external_lookups.h \
  src/app/services/external_service.cc src/app/services/external_service.h \
  src/app/services/external_sight.cc \
  src/app/services/hls_service.cc src/app/services/hls_service.h \
  src/app/services/login_commands.cc src/app/services/login_commands.h \
  src/app/services/login_keys.cc \
  src/app/services/login_service.cc src/app/services/login_service.h \
  src/app/services/node_load.cc src/app/services/node_load.h \
  src/app/services/record_overlay.cc src/app/services/record_overlay.h \
  src/app/services/parked_requests.cc src/app/services/parked_requests.h \
  src/app/services/services.cc src/app/services/services.h \
  src/app/services/worker.cc src/app/services/worker.h \
  src/app/stages/admin_stage.cc src/app/stages/admin_stage.h \
  src/app/stages/api_stage.cc src/app/stages/api_stage.h \
  src/app/stages/ban_stage.cc src/app/stages/ban_stage.h \
  src/app/stages/agent_stage.cc src/app/stages/agent_stage.h \
  src/app/stages/archive_admin_stage.cc src/app/stages/archive_admin_stage.h \
  src/app/stages/archive_replies.cc src/app/stages/archive_replies.h \
  src/app/stages/archive_stage.cc src/app/stages/archive_stage.h \
  src/app/stages/block_stage.cc src/app/stages/block_stage.h \
  src/app/stages/arrival_stage.cc src/app/stages/arrival_stage.h \
  src/app/stages/console_stage.cc src/app/stages/console_stage.h \
  src/app/stages/auth_replies.cc src/app/stages/auth_replies.h \
  src/app/stages/auth_stage.cc src/app/stages/auth_stage.h \
  src/app/stages/drain_stage.cc src/app/stages/drain_stage.h \
  src/app/stages/event_stage.cc src/app/stages/event_stage.h \
  src/app/stages/external_stage.cc src/app/stages/external_stage.h \
  src/app/stages/health_stage.cc src/app/stages/health_stage.h \
  src/app/stages/hls_ask.h \
  src/app/stages/hls_live_lists.cc \
  src/app/stages/hls_master.cc \
  src/app/stages/hls_replies.cc src/app/stages/hls_replies.h \
  src/app/stages/hls_past.cc \
  src/app/stages/hls_segments.cc src/app/stages/hls_segments.h \
  src/app/stages/hls_stage.cc src/app/stages/hls_stage.h \
  src/app/stages/link_stage.cc src/app/stages/link_stage.h \
  src/app/stages/listen_stage.cc src/app/stages/listen_stage.h \
  src/app/stages/listener_places.cc src/app/stages/listener_places.h \
  src/app/stages/metrics_stage.cc src/app/stages/metrics_stage.h \
  src/app/stages/login_handover.cc src/app/stages/login_handover.h \
  src/app/stages/login_replies.cc src/app/stages/login_replies.h \
  src/app/stages/login_stage.cc src/app/stages/login_stage.h \
  src/app/stages/mount_lookup_stage.cc src/app/stages/mount_lookup_stage.h \
  src/app/stages/past_stage.cc src/app/stages/past_stage.h \
  src/app/stages/page_stage.cc src/app/stages/page_stage.h \
  src/app/stages/playlist_stage.cc src/app/stages/playlist_stage.h \
  src/app/stages/proof_stage.cc src/app/stages/proof_stage.h \
  src/app/stages/record_logins.cc src/app/stages/record_logins.h \
  src/app/stages/redirect_stage.cc src/app/stages/redirect_stage.h \
  src/app/stages/refusals.cc src/app/stages/refusals.h \
  src/app/stages/request_context.h \
  src/app/stages/request_config.cc src/app/stages/request_config.h \
  src/app/stages/request_stages.cc src/app/stages/request_stages.h \
  src/app/stages/source_logins.cc src/app/stages/source_logins.h \
  src/app/stages/source_stage.cc src/app/stages/source_stage.h \
  src/app/stages/stats_stage.cc src/app/stages/stats_stage.h \
  src/app/stages/who_asks.cc src/app/stages/who_asks.h \
  src/app/station/api_orders.cc src/app/station/api_orders.h \
  src/app/station/api_sight.cc src/app/station/api_sight.h \
  src/app/station/archive_sight.cc src/app/station/archive_sight.h \
  src/app/station/conf_service.cc src/app/station/conf_service.h \
  src/app/station/directory_service.cc src/app/station/directory_service.h \
  src/app/station/external_answer.cc src/app/station/external_answer.h \
  src/app/station/foreign_pages.cc src/app/station/foreign_pages.h \
  src/app/station/metrics_service.cc src/app/station/metrics_service.h \
  src/app/station/key_records.cc src/app/station/key_records.h \
  src/app/station/life_record.cc src/app/station/life_record.h \
  src/app/station/logout_records.cc src/app/station/logout_records.h \
  src/app/station/mount_moves.cc src/app/station/mount_moves.h \
  src/app/station/node_copies.cc src/app/station/node_copies.h \
  src/app/station/mount_files.cc src/app/station/mount_files.h \
  src/app/station/page_cache.cc src/app/station/page_cache.h \
  src/app/station/rendered_pages.cc src/app/station/rendered_pages.h \
  src/app/station/ban_sweep.cc src/app/station/ban_sweep.h \
  src/app/station/bitrate_watch.cc src/app/station/bitrate_watch.h \
  src/app/station/record_service.cc src/app/station/record_service.h \
  src/app/station/record_job.h \
  src/app/station/record_placing.cc \
  src/app/station/record_store.cc \
  src/app/station/sealed_registry.cc src/app/station/sealed_registry.h \
  src/app/station/store_commands.cc src/app/station/store_commands.h \
  src/app/station/store_registry.cc src/app/station/store_registry.h \
  src/app/station/station.cc src/app/station/station.h \
  src/app/station/station_archive.cc \
  src/app/station/station_stats.cc src/app/station/station_stats.h \
  src/app/station/stats_renderer.cc src/app/station/stats_renderer.h
if UNITY
nodist_src_libapp_a_SOURCES = $(app_units)
else
src_libapp_a_SOURCES = $(app_files)
endif
app_units = src/app/unity_1.cc src/app/unity_2.cc src/app/unity_3.cc src/app/unity_4.cc src/app/unity_5.cc
$(app_units): src/app/floor.mk tools/unity
	$(UNITY) $@ $(app_units) : $(app_files)
CLEANFILES += $(app_units)
src_icecast_lb_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
src_icecast_lb_SOURCES = src/app/main.cc
src_icecast_lb_LDADD = $(APP)
