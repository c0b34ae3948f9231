// HlsStage's answer to a list without a session: the master playlist.
#include <algorithm>
#include <utility>

#include "app/cluster/cluster_service.h"
#include "app/hls/hls_replies.h"
#include "app/hls/hls_stage.h"
#include "app/request/hls_ask.h"
#include "app/request/redirecting.h"
#include "app/request/request_config.h"
#include "app/request/request_context.h"
#include "app/services/hls_service.h"
#include "app/services/worker.h"
#include "base/cat.h"
#include "cluster/balance/redirect_reply.h"
#include "config/settings/config.h"
#include "hls/media_playlist.h"
#include "hls/path.h"
#include "hls/session_names.h"
#include "net/crypto/digest.h"

namespace lb {
namespace {

constexpr std::size_t kMaxPlaces = 2;
constexpr std::uint64_t kUnknownRate = 16'000;  // bytes a second

// The head of a frame at which decoders could begin.
std::span<const std::byte> some_frame(const StreamView& view) {
  constexpr std::uint64_t kFrameHead = 16;
  const auto& marks = view.sync;
  const auto at = marks.last_where(
      [&view](const SyncMark& mark) { return mark.position + kFrameHead <= view.end; });
  if (at == marks.end() || marks[at].position < view.begin) return {};
  return view.bytes_at(marks[at].position);
}

HlsVariant variant_of(const Mount& mount) {
  const std::uint64_t rate = mount.usual_bytes_per_second();
  HlsVariant variant;
  variant.bandwidth = (rate > 0 ? rate : kUnknownRate) * 8 * 11 / 10;
  const auto facts = mount.facts();
  const auto view = mount.channel().newest();
  const auto frame = some_frame(*view);
  if (!frame.empty() || mount.phase() != MountPhase::kIdle)
    variant.codecs = hls_codecs(frame, facts->content_type);
  return variant;
}

std::string list_path(const std::string& mount, std::string_view list) {
  return cat({mount, "/", list});
}

std::string own_address(const std::string& mount, bool is_first, const std::string& query) {
  if (!is_first) return redirect_location("", list_path(mount, kHlsLiveList), query, "");
  return relative_list(kHlsLiveList, query);
}

}  // namespace

// Relative, so that a proxy may serve it under another path.
std::string relative_list(std::string_view name, const std::string& query) {
  return redirect_location("", cat({"/", name}), query, "").substr(1);
}

void reply_hls_master(Worker& worker, Connection& connection, std::span<const HlsVariant> variants,
                      HlsSessionKind by) {
  worker.services.hls->count(HlsRequest::kMaster);
  ResponseHead head = hls_head(connection, 200, kHlsListType);
  // A playlist that contains a session is for one player only.
  if (by != HlsSessionKind::kToken) head.cache = "max-age=1";
  connection.is_probe = true;
  connection.reply_whole(std::move(head), master_playlist(variants));
}

std::string HlsStage::new_session(const HlsAsk& ask) const {
  return ask.by == HlsSessionKind::kToken ? hls_session_name(random_bytes(kHlsNameRandom))
                                          : std::string(kHlsNoSession);
}

std::vector<std::shared_ptr<const Mount>> HlsStage::mounts_of(const Mount& mount,
                                                              const Config& config) {
  Network& network = worker_.services;
  std::vector<std::shared_ptr<const Mount>> mounts;
  const std::uint32_t cut = hls_cut_of(mount);
  const auto add = [&](const std::string& name) {
    const auto found = network.mounts.find(name);
    if (!found || found->phase() == MountPhase::kEnded || !found->settings()->hls) return;
    if (found->phase() != MountPhase::kIdle && !has_hls_format(*found)) return;
    const std::uint32_t its = hls_cut_of(*found);
    if (cut == 0 || its == 0 || cut == its) {
      mounts.push_back(found);
      return;
    }
    unsigned suppressed = 0;
    if (variants_.pass(worker_.loop.now(), suppressed))
      network.log.warn("hls/variant",
                       cat({"mount ", mount.name(), ": its variant ", name,
                            " is left out: its segments have ", its, " ms, not ", cut}));
  };
  add(mount.name());
  for (const HlsVariantRow& row : mount_section(config, mount.name()).hls_variants)
    if (row.mount != mount.name()) add(row.mount);
  return mounts;
}

Verdict HlsStage::serve_master(Connection& connection, const Mount& mount) {
  Network& network = worker_.services;
  const HlsAsk& ask = *connection.context().hls;
  const std::string query = with_session(connection.request().query, new_session(ask));
  std::vector<HlsVariant> variants;
  std::vector<std::string> mounts;
  for (const auto& one : mounts_of(mount, *config_of(network, connection))) {
    variants.push_back(variant_of(*one));
    variants.back().addresses.push_back(own_address(one->name(), mounts.empty(), query));
    mounts.push_back(one->name());
  }
  if (mounts.empty()) return refuse_hls(connection, 404, "There is no such stream\r\n");
  if (network.cluster->redirects() && connection.request().method == Method::kGet &&
      !connection.context().arrival.redirected())
    return serve_redirecting_master(connection, std::move(mounts), std::move(variants),
                                    std::string(kHlsLiveList), nullptr);
  reply_hls_master(worker_, connection, variants, ask.by);
  return Verdict::kAnswered;
}

// The first place is decided and counted like a redirect; the others are alternatives.
Verdict HlsStage::serve_redirecting_master(Connection& connection, std::vector<std::string> mounts,
                                           std::vector<HlsVariant> variants, std::string list,
                                           std::shared_ptr<const NodeNames> only) {
  Network& network = worker_.services;
  RedirectAsk ask =
      make_redirect_ask(network, connection, mounts.front(), *network.cluster->facts());
  ask.direct = false;  // a player that reads a list follows it
  ask.only = std::move(only);
  const std::string& own = variants.front().addresses.front();
  const std::string query = own.substr(std::min(own.size(), own.find('?') + 1));
  network.loops.control().post([&worker = worker_, id = connection.id(),
                                by = connection.context().hls->by, mounts = std::move(mounts),
                                variants = std::move(variants), ask = std::move(ask),
                                list = std::move(list), query]() mutable {
    ClusterService& cluster = *worker.services.cluster;
    RedirectAsk question = ask;
    cluster.decide(
        std::move(question),
        [&worker, &cluster, id, by, query, list, ask = std::move(ask), mounts = std::move(mounts),
         variants = std::move(variants)](RedirectAnswer answer) mutable {
          const bool full = answer.kind == RedirectAnswer::Kind::kRefuse;
          for (std::size_t i = 0; i < mounts.size() && !full; ++i) {
            std::vector<std::string> places;
            std::string first;
            if (i == 0 && answer.kind == RedirectAnswer::Kind::kRedirect) {
              first = answer.origin;
              places.push_back(redirect_location(answer.origin, list_path(mounts[i], list), query,
                                                 answer.token));
            } else if (i == 0) {
              places.push_back(variants[i].addresses.front());
            }
            ask.mount = mounts[i];
            for (const auto& place : cluster.best_places(ask, kMaxPlaces))
              if (places.size() < kMaxPlaces && place.origin != first)
                places.push_back(redirect_location(place.origin, list_path(mounts[i], list), query,
                                                   place.token));
            const std::string& here = variants[i].addresses.front();
            // This node plays recordings of others too.
            if (ask.only != nullptr && places.size() < kMaxPlaces &&
                std::find(places.begin(), places.end(), here) == places.end())
              places.push_back(here);
            if (!places.empty()) variants[i].addresses = std::move(places);
          }
          worker.answer(id, [&worker, by, full, retry = answer.retry_after,
                             variants = std::move(variants)](Connection& waiting) {
            if (full)
              refuse_hls(waiting, 503, "All servers are full, please try again\r\n",
                         cat({"Retry-After: ", retry.count(), "\r\nX-Reason: cluster-full\r\n"}));
            else
              reply_hls_master(worker, waiting, variants, by);
          });
        });
  });
  return Verdict::kPending;
}

}  // namespace lb
