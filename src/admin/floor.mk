noinst_LIBRARIES += src/libadmin.a
src_libadmin_a_CPPFLAGS = $(AM_CPPFLAGS) $(XML_CFLAGS) $(XSLT_CFLAGS)
admin_files = \
  src/admin/access.cc src/admin/access.h \
  src/admin/builtin.cc src/admin/builtin.h \
  src/admin/cluster_json.cc src/admin/cluster_json.h \
  src/admin/command.cc src/admin/command.h \
  src/admin/command_task.h \
  src/admin/commands_archive.cc \
  src/admin/commands_client.cc \
  src/admin/commands_cluster.cc src/admin/commands_links.cc \
  src/admin/commands_mount.cc \
  src/admin/commands_node.cc \
  src/admin/commands_stats.cc \
  src/admin/console_files.cc src/admin/console_files.h \
  src/admin/event_stream.cc src/admin/event_stream.h \
  src/admin/followers.cc src/admin/followers.h \
  src/admin/health_text.cc src/admin/health_text.h \
  src/admin/identity.cc src/admin/identity.h \
  src/admin/login_page.cc src/admin/login_page.h \
  src/admin/metric_writer.h \
  src/admin/metrics.cc src/admin/metrics.h \
  src/admin/mount_list.cc src/admin/mount_list.h \
  src/admin/render.cc src/admin/render.h \
  src/admin/security.cc src/admin/security.h \
  src/admin/session_marks.cc src/admin/session_marks.h \
  src/admin/shoutcast_pages.cc src/admin/shoutcast_pages.h \
  src/admin/station.h \
  src/admin/stats_feed.cc src/admin/stats_feed.h \
  src/admin/stats_tree.cc src/admin/stats_tree.h \
  src/admin/status_json.cc src/admin/status_json.h \
  src/admin/template_file.cc src/admin/template_file.h \
  src/admin/template_scan.cc src/admin/template_scan.h \
  src/admin/text.cc src/admin/text.h \
  src/admin/xml_fence.cc src/admin/xml_fence.h \
  src/admin/yp.cc src/admin/yp.h
if UNITY
nodist_src_libadmin_a_SOURCES = $(admin_units) src/admin/builtin_data.cc
else
src_libadmin_a_SOURCES = $(admin_files)
nodist_src_libadmin_a_SOURCES = src/admin/builtin_data.cc
endif
admin_units = src/admin/unity_1.cc
$(admin_units): src/admin/floor.mk tools/unity
	$(UNITY) $@ $(admin_units) : $(admin_files)
CLEANFILES += $(admin_units)

# The pages: installed beside each other as Icecast's are, and built into the program.
page_files = \
  admin/archive.xsl \
  admin/cluster.js \
  admin/cluster.xsl \
  admin/console/audit.js \
  admin/console/console.css \
  admin/console/encoders.js \
  admin/console/forms.js \
  admin/console/kit.js \
  admin/console/main.js \
  admin/console/mount.js \
  admin/console/mounts.js \
  admin/console/overview.js \
  admin/console/records.js \
  admin/console/shell.html \
  admin/listclients.xsl \
  admin/listmounts.xsl \
  admin/manageauth.xsl \
  admin/moveclients.xsl \
  admin/response.xsl \
  admin/stats.xsl \
  admin/updatemetadata.xsl \
  admin/vclt.xsl \
  admin/xspf.xsl \
  web/auth.xsl \
  web/compat/7.xsl \
  web/favicon.ico \
  web/icecast.png \
  web/played.xsl \
  web/server_version.xsl \
  web/status.xsl \
  web/style.css
nobase_dist_pkgdata_DATA = $(page_files)
EXTRA_DIST += src/admin/embed.sh

src/admin/builtin_data.cc: $(page_files) src/admin/embed.sh
	$(AM_V_GEN)$(MKDIR_P) src/admin && \
	  sh $(srcdir)/src/admin/embed.sh $(srcdir) $(page_files) > $@.tmp && mv $@.tmp $@
CLEANFILES += src/admin/builtin_data.cc src/admin/builtin_data.cc.tmp
