#include "app/pages/directory_service.h"

#include <utility>

#include "app/cluster/cluster_service.h"
#include "app/services/services.h"
#include "base/cat.h"
#include "config/settings/config.h"
#include "net/loop/loop.h"
#include "stream/mount/mount.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kDirectoryTick = 1s;
constexpr auto kLongestFarewell = 2s;
// Eight to one directory: spreads the requests of many streams that begin together.
constexpr Fetcher::Limits kRequests{.in_flight = 32};
// Beside them, so that none waits behind a silent directory.
constexpr Fetcher::Limits kFarewells{.in_flight = 256};

// A configured <public> counts for a hidden mount too, as in Icecast.  An encoder's claim does not,
// as many encoders claim it by default.
bool is_public(const MountSettings& settings, const SourceFacts& facts) {
  if (settings.is_public >= 0) return settings.is_public > 0;
  if (settings.hidden) return false;
  const auto said = facts.stats.find("public");
  return said != facts.stats.end() && said->second == "1";
}

}  // namespace

DirectoryService::DirectoryService(Network& network)
    : network_(network),
      fetcher_(network.loops.control(), kRequests),
      farewells_(network.loops.control(), kFarewells),
      announcer_(
          network.clock, network.log, [this](const std::string& mount) { return describe(mount); },
          [this](const YpDirectory& directory, std::string form, YpAnnouncer::Answer answer) {
            post(directory, std::move(form), std::move(answer));
          }),
      timer_(network.loops.control(), [this] { stopping_ ? finish() : tick(); }) {}

void DirectoryService::configure(const Config& config) {
  std::vector<YpDirectory> directories;
  for (const DirectorySettings& settings : config.directories)
    directories.push_back({settings.url, settings.timeout, settings.touch_interval});
  const bool any = !directories.empty();
  announcer_.set_directories(std::move(directories));
  if (!any)
    timer_.cancel();
  else if (!timer_.armed())
    timer_.after(kDirectoryTick);
}

void DirectoryService::tick() {
  announcer_.tick(public_mounts());
  timer_.after(coalesced(network_.loops.control(), kDirectoryTick));
}

std::vector<std::string> DirectoryService::public_mounts() const {
  std::vector<std::string> names;
  for (const auto all = network_.mounts.all(); const auto& [name, mount] : *all)
    if (is_public(*mount->settings(), *mount->facts())) names.push_back(name);
  return names;
}

std::optional<YpStream> DirectoryService::describe(const std::string& mount) const {
  const auto found = network_.mounts.find(mount);
  if (!found) return std::nullopt;
  const auto config = network_.config.read();
  const auto settings = found->settings();
  const auto facts = found->facts();
  const auto codec = found->codec();
  const auto stat = [&facts](const std::string& key) {
    const auto at = facts->stats.find(key);
    return at == facts->stats.end() ? std::string() : at->second;
  };
  YpStream stream;
  stream.mount = mount;
  stream.name = settings->stream_name.value_or(stat("server_name"));
  stream.genre = settings->genre.value_or(stat("genre"));
  stream.cluster_password = settings->cluster_password;
  stream.description = settings->stream_description.value_or(stat("server_description"));
  stream.url = settings->stream_url.value_or(stat("server_url"));
  stream.listenurl = settings->listenurl.empty()
                         ? cat({"http://", Services::authority(*config), mount})
                         : settings->listenurl;
  stream.type = settings->type.value_or(stat("server_type"));
  stream.subtype = settings->subtype.value_or(codec->subtype);
  stream.bitrate = settings->bitrate.value_or(stat("bitrate"));
  if (stream.bitrate.empty()) stream.bitrate = stat("ice-bitrate");
  if (stream.bitrate.empty() && codec->audio_bitrate_bps > 0)
    stream.bitrate = std::to_string(codec->audio_bitrate_bps / 1000);
  stream.audio_info = stat("audio_info");
  stream.song = found->metadata()->song();
  stream.listeners = static_cast<std::uint64_t>(found->audience());
  const ListenersElsewhere elsewhere = network_.cluster->listeners_elsewhere(mount);
  if (elsewhere.counted) stream.listeners += elsewhere.of(mount);
  stream.max_listeners = settings->max_listeners >= 0
                             ? static_cast<std::uint64_t>(settings->max_listeners)
                             : config->limits.clients;
  return stream;
}

void DirectoryService::post(const YpDirectory& directory, std::string form,
                            YpAnnouncer::Answer answer) {
  FetchRequest request;
  request.url = directory.url;
  request.form = std::move(form);
  request.user_agent = network_.config.read()->server_id;
  request.timeout = directory.timeout;
  request.redirects = 3;
  request.is_foreign = true;
  (stopping_ ? farewells_ : fetcher_).start(std::move(request), std::move(answer));
}

void DirectoryService::stop(UniqueFunction<void()> done) {
  stopping_ = true;
  done_ = std::move(done);
  timer_.after(kLongestFarewell);
  announcer_.withdraw([this] { finish(); });
}

void DirectoryService::finish() {
  timer_.cancel();
  if (done_) std::exchange(done_, nullptr)();
}

}  // namespace lb
