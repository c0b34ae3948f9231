// AdminTask: one admin request inside a command, with answers that commands share.
// Thread: control loop.
// Ownership: a task moves into the callback that ends it; done() is called once.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "admin/command/command.h"

namespace lb {

struct AdminTask {
  AdminRequest request;
  AdminLookup lookup;
  std::string mount;  // "": none given, or one without a name
  Station* station = nullptr;
  UniqueFunction<void(AdminAnswer)> done;

  std::optional<std::string> param(std::string_view name) const {
    return query_param(request.query, name);
  }
  bool owns(std::string_view name) const;
  bool has_mount() const { return param("mount").has_value(); }
  void fail(std::string_view text) { done(admin_error(400, text)); }
  // An icestats or iceresponse document, raw or rendered with `page`.
  void send(std::string document, std::string_view page);
  // <iceresponse> with message and return, rendered with response.xsl.
  void respond(std::string_view message, int code);
};

// " removed", " not found" or the reason why it was not removed.
std::string result_words(const OrderOutcome& removal);

// Icecast's answer to actions without an XML form.
AdminAnswer admin_success_page(std::string_view text);

// The rows of the table in command.cc.
void run_stats(AdminTask task);
void run_listmounts(AdminTask task);
void run_streamlist_text(AdminTask task);
void run_sourcelist_text(AdminTask task);
void run_kh_streams(AdminTask task);
void run_cluster_page(AdminTask task);
void run_cluster_script(AdminTask task);
void run_cluster(AdminTask task);
void run_cluster_explain(AdminTask task);
void run_cluster_links(AdminTask task);
void run_cluster_ingest(AdminTask task);
void run_cluster_messages(AdminTask task);
void run_cluster_message(AdminTask task);
void run_cluster_command(AdminTask task);
void run_external(AdminTask task);
void run_external_confirm(AdminTask task);
void run_archive(AdminTask task);
void run_listclients(AdminTask task);
void run_killclient(AdminTask task);
void run_manageauth(AdminTask task);
void run_killsource(AdminTask task);
void run_moveclients(AdminTask task);
void run_fallbacks(AdminTask task);
void run_metadata(AdminTask task);
void run_updatemetadata(AdminTask task);
void run_drain(AdminTask task);
void run_undrain(AdminTask task);
void run_buildm3u(AdminTask task);

}  // namespace lb
