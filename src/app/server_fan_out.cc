// Passes changes of a mount, or of the whole node, to all parts: one list for each, in order.
#include <utility>

#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/master_links.h"
#include "app/cluster/relay_service.h"
#include "app/pages/heard_titles.h"
#include "app/pages/now_feeds.h"
#include "app/process/mount_hooks.h"
#include "app/programs/dead_air_service.h"
#include "app/server.h"
#include "app/services/archive_service.h"
#include "app/services/event_service.h"
#include "app/services/hls_service.h"
#include "app/services/hours_service.h"
#include "app/services/playing_mount.h"
#include "app/services/worker.h"
#include "auth/listener/authenticators.h"
#include "base/cat.h"
#include "cluster/nodes/node.h"
#include "config/settings/config.h"
#include "stream/listener/loop_streams.h"
#include "stream/source/dump_writer.h"
#include "stream/source/source_admission.h"
#include "stream/source/source_set.h"

namespace lb {
namespace {

void bring_home(const Services& services, const std::shared_ptr<Mount>& mount) {
  for (const auto& worker : services.workers)
    worker->loop.post([w = worker.get(), mount] { w->streams->bring_home(mount); });
}

EventService::Details source_details(const Mount& mount) {
  const auto facts = mount.facts();
  return {{"type", facts->content_type},
          {"user", facts->login},
          {"address", facts->source_ip},
          {"user-agent", facts->user_agent},
          {"relay", facts->relayed ? "1" : "0"}};
}

EventService::Details ended_details(const Mount& mount, SteadyTime now) {
  auto details = source_details(mount);
  const auto lasted = std::chrono::floor<std::chrono::seconds>(now - mount.facts()->started);
  details.emplace_back("seconds", std::to_string(lasted.count()));
  details.emplace_back("kbps", std::to_string(mount.shown_kbps()));
  return details;
}

std::string auth_section_of(const Services& services, const Mount& mount) {
  return mount_section(*services.config.read(), mount.name()).name;
}

// Icecast's words, then what happens to listeners that would move.
void warn_of_other_format(Services& services, const Mount& mount, bool ended) {
  const std::string fallback = mount.settings()->fallback_mount;
  const auto next =
      fallback.empty() ? nullptr : playing_mount(services, *services.config.read(), fallback, true);
  if (!next) return;
  const Mount& from = ended ? mount : *next;
  const Mount& to = ended ? *next : mount;
  if (may_move(from, to)) return;
  services.log.warn(
      "source/source_move_clients",
      cat({"stream ", from.name(), " and ", to.name(), " are of different types, ignored (",
           from.facts()->content_type, ", ", to.facts()->content_type, "): listeners ",
           ended ? "are disconnected" : "stay"}));
}

}  // namespace

// Other nodes come before this node's backends and programs: while those start, listeners already
// find the mount everywhere.
struct Server::MountReceiver {
  using Told = void (*)(Server& server, const std::shared_ptr<Mount>& mount);
  std::string_view name;
  Told begun;
  Told ended;                   // null: notices it by itself
  bool hears_seams = false;     // begun() is also called when its relay has resumed
  bool hears_handover = false;  // … or when another process fed it before
};

std::span<const Server::MountReceiver> Server::mount_receivers() {
  using At = const std::shared_ptr<Mount>&;
  static constexpr MountReceiver kReceivers[] = {
      {"links", [](Server& s, At mount) { s.services_->links->mount_changed(mount->name()); },
       [](Server& s, At mount) { s.services_->links->mount_changed(mount->name()); }, true, true},
      {"relays", [](Server& s, At mount) { s.services_->relays->mount_begun(*mount); },
       [](Server& s, At mount) { s.services_->relays->mount_ended(*mount); }},
      {"titles", [](Server&, At) {},
       [](Server& s, At mount) {
         s.services_->titles.note_end(mount->name(), s.services_->clock.wall());
       }},
      {"titles of the audience",
       [](Server& s, At mount) { s.services_->heard_titles->begun(*mount); },
       [](Server& s, At mount) { s.services_->heard_titles->ended(*mount); }},
      {"events",
       [](Server& s, At mount) {
         s.services_->events->publish("source-connect", mount->name(), source_details(*mount));
       },
       [](Server& s, At mount) {
         s.services_->events->publish("source-disconnect", mount->name(),
                                      ended_details(*mount, s.services_->clock.steady()));
       }},
      {"authenticators",
       [](Server& s, At mount) {
         s.services_->auth->mount_begun(auth_section_of(*s.services_, *mount), mount->name());
       },
       [](Server& s, At mount) {
         s.services_->auth->mount_ended(auth_section_of(*s.services_, *mount), mount->name());
       }},
      {"programs",
       [](Server& s, At mount) {
         s.run_hook(mount->settings()->on_connect, *mount, "source-connect");
       },
       [](Server& s, At mount) {
         s.run_hook(mount->settings()->on_disconnect, *mount, "source-disconnect");
       }},
      {"dump",
       [](Server& s, At mount) {
         if (const auto settings = mount->settings(); !settings->dump_file.empty())
           s.services_->dumps->begin(mount, settings->dump_file);
       },
       nullptr},
      {"archive", [](Server& s, At mount) { s.services_->archive->mount_begun(mount); }, nullptr,
       false, true},
      {"readers of titles",
       [](Server& s, At mount) { s.services_->now_feeds->begun(mount->name()); },
       [](Server& s, At mount) { s.services_->now_feeds->check(mount->name()); }, true},
      {"dead air", [](Server& s, At mount) { s.services_->dead_air->check(mount->name()); },
       [](Server& s, At mount) { s.services_->dead_air->check(mount->name()); }, false, true},
      {"hours", [](Server& s, At mount) { s.services_->hours->check(mount->name()); },
       [](Server& s, At mount) { s.services_->hours->check(mount->name()); }, false, true},
      {"listeners by HLS",
       [](Server& s, At mount) {
         // Those of its recordings, which began before it.
         if (const auto off_air = s.services_->archive->off_air(mount->name()))
           s.services_->hls->sessions().move_all(off_air, mount);
       },
       [](Server& s, At mount) {
         if (s.services_->admission->rests(*mount))
           s.services_->hls->mount_rests(mount);
         else
           s.services_->hls->mount_ended(*mount);
       }},
      {"listeners on its fallback",
       [](Server& s, At mount) {
         if (!mount->settings()->fallback_override) return;
         warn_of_other_format(*s.services_, *mount, false);
         bring_home(*s.services_, mount);
       },
       [](Server& s, At mount) { warn_of_other_format(*s.services_, *mount, true); }},
  };
  return kReceivers;
}

void Server::mount_begun(const std::shared_ptr<Mount>& mount) {
  for (const MountReceiver& receiver : mount_receivers()) receiver.begun(*this, mount);
}

// The path of the stream may have changed, and nothing else.
void Server::mount_went_on(const std::shared_ptr<Mount>& mount) {
  for (const MountReceiver& receiver : mount_receivers())
    if (receiver.hears_seams) receiver.begun(*this, mount);
}

void Server::mount_taken_over(const std::shared_ptr<Mount>& mount) {
  for (const MountReceiver& receiver : mount_receivers())
    if (receiver.hears_handover) receiver.begun(*this, mount);
  services_->heard_titles->taken_over(*mount);
  // The returns that its fallback's listeners wait for are not handed over.
  if (mount->settings()->fallback_override && mount->is_silent()) bring_home(*services_, mount);
}

void Server::mount_ended(const std::shared_ptr<Mount>& mount) {
  for (const MountReceiver& receiver : mount_receivers())
    if (receiver.ended != nullptr) receiver.ended(*this, mount);
}

// The mount was there all the time, so begun() is not called.
void Server::changed_over(const Mount& mount, const EncoderChange& change) {
  services_->counters.takeovers.fetch_add(1, std::memory_order_relaxed);
  services_->events->publish(
      change.is_return ? "source-return" : "source-takeover", mount.name(),
      {{"from", change.from->source_ip},
       {"to", change.to->source_ip},
       {"from-user", change.from->login},
       {"to-user", change.to->login},
       {"user-agent", change.to->user_agent},
       {"why",
        change.dead_air ? std::string("dead air") : std::string(end_reason_text(change.reason))}});
  services_->dead_air->check(mount.name());
  services_->hours->check(mount.name());
}

void Server::add_standby_callbacks(AdmissionCallbacks& callbacks) {
  Services& services = *services_;
  callbacks.promote = [&services](unsigned home, WriterLease lease,
                                  std::shared_ptr<const SourceFacts> facts, SteadyTime since) {
    Worker& worker = *services.workers[home];
    worker.loop.post([&worker, lease = std::make_shared<WriterLease>(std::move(lease)), facts,
                      since] { worker.sources->promote(std::move(*lease), facts, since); });
  };
  callbacks.step_back = [&services](unsigned home, std::uint64_t lease,
                                    std::chrono::milliseconds silence,
                                    UniqueFunction<void(bool)> then) {
    Worker& worker = *services.workers[home];
    worker.loop.post([&services, &worker, lease, silence, then = std::move(then)]() mutable {
      const bool left = worker.sources->step_back(lease, silence);
      services.loops.control().post([left, then = std::move(then)]() mutable { then(left); });
    });
  };
  callbacks.watch_silence = [&services](unsigned home, std::uint64_t lease,
                                        std::chrono::milliseconds silence) {
    Worker& worker = *services.workers[home];
    worker.loop.post([&worker, lease, silence] { worker.sources->watch_silence(lease, silence); });
  };
  callbacks.kill = [&services](unsigned home, std::uint64_t id, EndReason reason) {
    Worker::end_source(services, home, id, reason);
  };
  callbacks.changed_over = [this](const std::shared_ptr<Mount>& mount,
                                  const EncoderChange& change) { changed_over(*mount, change); };
}

// This node's own table comes first, to end redirects to here; then the masters; then programs.
void Server::drain_changed(const DrainPicture& now) {
  services_->cluster->drain_changed();
  services_->links->masters().drain_changed();
  services_->relays->drain_changed();
  const std::string node = node_name(*services_->config.read());
  if (now.mode == DrainMode::kOff)
    services_->events->publish("undrain", node);
  else
    services_->events->publish(
        now.empty ? "drained" : "drain", node,
        {{"mode", std::string(to_text(now.mode))}, {"exit", now.then_exit ? "1" : "0"}});
}

void Server::run_hook(const std::string& program, const Mount& mount, std::string_view trigger) {
  if (program.empty()) return;
  const auto config = services_->config.read();
  const auto facts = mount.facts();
  HookEvent event{program, mount.name(), "mount " + mount.name(), {}};
  const auto tell = [&event](const char* name, std::string_view value) {
    event.environment.emplace_back(name, std::string(value));
  };
  tell("ICECAST_VERSION", config->server_id);
  tell("ICECAST_HOSTNAME", config->hostname);
  tell("ICECAST_ADMIN", config->admin);
  tell("ICECAST_LOGDIR", config->paths.logdir);
  tell("EVENT_TRIGGER", trigger);
  tell("SOURCE_ACTION", trigger);
  tell("EVENT_URI", mount.name());
  tell("SOURCE_MEDIA_TYPE", facts->content_type);
  tell("CLIENT_IP", facts->source_ip);
  tell("CLIENT_USERAGENT", facts->user_agent);
  services_->hooks->run(std::move(event));
}

}  // namespace lb
