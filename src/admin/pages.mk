# The pages: installed beside each other as Icecast's are, and built into the program.
page_files = \
  admin/archive.xsl \
  admin/cluster.js \
  admin/cluster.xsl \
  admin/console/archive.js \
  admin/console/audience.js \
  admin/console/audit.js \
  admin/console/certificates.js \
  admin/console/charts.js \
  admin/console/command.js \
  admin/console/console.css \
  admin/console/encoders.js \
  admin/console/feeds.js \
  admin/console/figures.js \
  admin/console/forms.js \
  admin/console/heat.js \
  admin/console/history.js \
  admin/console/kit.js \
  admin/console/live.js \
  admin/console/main.js \
  admin/console/mount.js \
  admin/console/mount_acts.js \
  admin/console/mount_form.js \
  admin/console/mounts.js \
  admin/console/nodes.js \
  admin/console/overview.js \
  admin/console/records.js \
  admin/console/reports.js \
  admin/console/server.js \
  admin/console/shell.html \
  admin/console/stations.js \
  admin/console/texts.js \
  admin/console/texts_de.js \
  admin/console/texts_es.js \
  admin/console/texts_fr.js \
  admin/console/texts_pt.js \
  admin/console/troubles.js \
  admin/console/usage.js \
  admin/listclients.xsl \
  admin/listmounts.xsl \
  admin/login.js \
  admin/manageauth.xsl \
  admin/moveclients.xsl \
  admin/navigation.json \
  admin/player/player.css \
  admin/player/player.js \
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
nodist_src_libadmin_a_SOURCES += src/admin/builtin_data.cc
nobase_dist_pkgdata_DATA = $(page_files)
EXTRA_DIST += src/admin/embed.sh

src/admin/builtin_data.cc: $(page_files) src/admin/embed.sh
	$(AM_V_GEN)$(MKDIR_P) src/admin && \
	  sh $(srcdir)/src/admin/embed.sh $(srcdir) $(page_files) > $@.tmp && mv $@.tmp $@
CLEANFILES += src/admin/builtin_data.cc src/admin/builtin_data.cc.tmp
