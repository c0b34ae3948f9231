#include "hls/session_record.h"

#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/cat.h"
#include "hls/sessions.h"

namespace lb {
namespace {

// "": the session can be handed over.
std::string why_it_stays(const HlsSession& session, const std::set<const Mount*>& resting) {
  const auto because = [&session](std::string_view why) {
    return cat({"player ", session.id, " of ", session.mount->name(), " by HLS ", why});
  };
  if (NoticeRecord notice; session.notice && !session.notice->save(notice))
    return because("has a notice of its end that cannot be handed over");
  if (session.mount->phase() == MountPhase::kEnded && !is_off_air(*session.mount) &&
      !resting.contains(session.mount.get()))
    return because("is of a mount that ends at this moment");
  return {};
}

HlsSessionRecord save_session(const HlsSession& session, SteadyTime now) {
  const auto since = [now](SteadyTime then) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(now - then);
  };
  HlsSessionRecord saved;
  saved.quiet = since(session.seen);
  saved.listed = since(session.listed);
  saved.player = session;
  saved.mount = session.mount->name();
  saved.counted = static_cast<bool>(session.client);
  saved.total = static_cast<bool>(session.total);
  saved.slot = static_cast<bool>(session.slot);
  if (session.notice) session.notice->save(saved.notice.emplace());
  if (is_off_air(*session.mount)) {
    saved.past_type = session.mount->facts()->content_type;
    saved.past_rate = session.mount->usual_bytes_per_second();
  }
  return saved;
}

}  // namespace

bool is_off_air(const Mount& mount) {
  const auto view = mount.channel().newest();
  return mount.phase() == MountPhase::kEnded && view->store == nullptr && !view->ended;
}

// The bytes of a crowd are saved in equal parts with its sessions, which add up to all of them.
std::vector<HlsSessionRecord> HlsSessions::save(SteadyTime now) const {
  std::vector<HlsSessionRecord> all;
  for (const Shard& shard : shards_) {
    const std::lock_guard<std::mutex> guard(shard.mutex);
    for (const auto& [key, session] : shard.sessions) all.push_back(save_session(*session, now));
  }
  std::unordered_map<std::string_view, std::vector<HlsSessionRecord*>> of_crowds;
  for (HlsSessionRecord& saved : all) of_crowds[saved.player.crowd].push_back(&saved);
  for (const auto& [name, sessions] : of_crowds) {
    const CrowdShard& shard = crowds_[place_of(name)];
    const std::lock_guard<std::mutex> guard(shard.mutex);
    const auto found = shard.crowds.find(std::string(name));
    std::uint64_t left = found == shard.crowds.end() ? 0 : found->second.bytes;
    std::size_t remaining = sessions.size();
    for (HlsSessionRecord* saved : sessions) {
      const std::uint64_t part = left / remaining--;
      saved->player.bytes += part;
      left -= part;
    }
  }
  return all;
}

std::string HlsSessions::cannot_move(const std::set<const Mount*>& resting) const {
  for (const Shard& shard : shards_) {
    const std::lock_guard<std::mutex> guard(shard.mutex);
    for (const auto& [key, session] : shard.sessions)
      if (std::string why = why_it_stays(*session, resting); !why.empty()) return why;
  }
  return {};
}

}  // namespace lb
