src_icecast_lb_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
src_icecast_lb_SOURCES = \
  src/app/access_stage.cc src/app/access_stage.h \
  src/app/admin_stage.cc src/app/admin_stage.h \
  src/app/auth_replies.cc src/app/auth_replies.h \
  src/app/auth_stage.cc src/app/auth_stage.h \
  src/app/cluster_links.cc src/app/cluster_links.h \
  src/app/cluster_plans.cc src/app/cluster_plans.h \
  src/app/cluster_service.cc src/app/cluster_service.h \
  src/app/country_watch.cc src/app/country_watch.h \
  src/app/direct_calls.cc src/app/direct_calls.h \
  src/app/directory_service.cc src/app/directory_service.h \
  src/app/drain.cc src/app/drain.h \
  src/app/drain_command.cc src/app/drain_command.h \
  src/app/event_service.cc src/app/event_service.h \
  src/app/event_stage.cc src/app/event_stage.h \
  src/app/health_stage.cc src/app/health_stage.h \
  src/app/io_thread.h \
  src/app/link_orders.cc src/app/link_orders.h \
  src/app/link_stage.cc src/app/link_stage.h \
  src/app/listen_sockets.cc src/app/listen_sockets.h \
  src/app/listen_stage.cc src/app/listen_stage.h \
  src/app/main.cc \
  src/app/metrics_service.cc src/app/metrics_service.h \
  src/app/metrics_stage.cc src/app/metrics_stage.h \
  src/app/mount_files.cc src/app/mount_files.h \
  src/app/mount_hooks.cc src/app/mount_hooks.h \
  src/app/mount_load.cc src/app/mount_load.h \
  src/app/notify.cc src/app/notify.h \
  src/app/node_load.cc src/app/node_load.h \
  src/app/options.cc src/app/options.h \
  src/app/page_cache.cc src/app/page_cache.h \
  src/app/page_stage.cc src/app/page_stage.h \
  src/app/playlist_stage.cc src/app/playlist_stage.h \
  src/app/process.cc src/app/process.h \
  src/app/process_usage.cc src/app/process_usage.h \
  src/app/proof_stage.cc src/app/proof_stage.h \
  src/app/redirect_stage.cc src/app/redirect_stage.h \
  src/app/relay_service.cc src/app/relay_service.h \
  src/app/request_stages.cc src/app/request_stages.h \
  src/app/routes.cc src/app/routes.h \
  src/app/serve.cc src/app/serve.h \
  src/app/server.cc src/app/server.h \
  src/app/service_manager.cc src/app/service_manager.h \
  src/app/services.cc src/app/services.h \
  src/app/source_stage.cc src/app/source_stage.h \
  src/app/station.cc src/app/station.h \
  src/app/station_stats.cc src/app/station_stats.h \
  src/app/stats_stage.cc src/app/stats_stage.h \
  src/app/stream_offers.cc src/app/stream_offers.h \
  src/app/switch_service.cc src/app/switch_service.h \
  src/app/version.cc \
  src/app/who_stage.cc src/app/who_stage.h \
  src/app/watchdog.cc src/app/watchdog.h \
  src/app/worker.cc src/app/worker.h
src_icecast_lb_LDADD = $(CONFIG)
