#include "admin/directory/yp.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kFirstAdd = 60s;
constexpr auto kFirstTouch = 5s;
constexpr auto kLeastTouch = 30s;
constexpr auto kMaxTouch = 86400s;
constexpr auto kUnreachable = 1200s;
constexpr auto kRefused = 7200s;
constexpr std::size_t kMaxSid = 256;  // bytes; each touch repeats it

// Icecast sends the sid unescaped, so only characters that would break the form are escaped.
std::string same_sid(std::string_view sid) { return percent_escape(sid, "-._~", HexCase::kLower); }

std::string_view header_of(const FetchAnswer& answer, std::string_view name) {
  for (const std::string& line : answer.headers) {
    const std::size_t colon = line.find(':');
    if (colon != std::string::npos && iequals(std::string_view(line).substr(0, colon), name))
      return trim(std::string_view(line).substr(colon + 1));
  }
  return {};
}

}  // namespace

std::string yp_escape(std::string_view text) { return percent_escape(text, {}, HexCase::kLower); }

std::string yp_add_form(const YpStream& stream) {
  std::string form =
      cat({"action=add&sn=", yp_escape(stream.name), "&genre=", yp_escape(stream.genre),
           "&cpswd=", yp_escape(stream.cluster_password), "&desc=", yp_escape(stream.description),
           "&url=", yp_escape(stream.url), "&listenurl=", yp_escape(stream.listenurl),
           "&type=", yp_escape(stream.type), "&stype=", yp_escape(stream.subtype),
           "&b=", yp_escape(stream.bitrate), "&"});
  // As in Icecast, the audio info is one name without a value: an encoder cannot add fields of its
  // own.
  return cat({form, yp_escape(stream.audio_info), "\r\n"});
}

std::string yp_touch_form(std::string_view sid, const YpStream& stream) {
  return cat({"action=touch&sid=", same_sid(sid), "&st=", yp_escape(stream.song),
              "&listeners=", stream.listeners, "&max_listeners=", stream.max_listeners,
              "&stype=", yp_escape(stream.subtype), "\r\n"});
}

std::string yp_remove_form(std::string_view sid) {
  // Like Icecast, without a line end: a directory would take it for a part of the sid.
  return cat({"action=remove&sid=", same_sid(sid)});
}

YpAnnouncer::YpAnnouncer(const Clock& clock, Log& log, Describe describe, Post post)
    : clock_(clock), log_(log), describe_(std::move(describe)), post_(std::move(post)) {}

const YpDirectory* YpAnnouncer::directory_of(const std::string& url) const {
  const auto at =
      std::find_if(directories_.begin(), directories_.end(),
                   [&url](const YpDirectory& directory) { return directory.url == url; });
  return at == directories_.end() ? nullptr : &*at;
}

void YpAnnouncer::set_directories(std::vector<YpDirectory> directories) {
  directories_ = std::move(directories);
  std::set<std::string> gone;
  for (const auto& [key, entry] : entries_)
    if (directory_of(key.url) == nullptr) gone.insert(key.url);
  for (const std::string& url : gone) drop_gone({url}, {});
}

bool YpAnnouncer::adds() const noexcept {
  return std::ranges::any_of(
      entries_, [](const auto& row) { return row.second.asked && row.second.sid.empty(); });
}

// The answer to a pending request does not come here.  A stream whose addition is pending is added
// again later, when a directory that has accepted it will not list it twice.
ListingsRecord YpAnnouncer::save() const {
  ListingsRecord saved;
  for (const auto& [key, entry] : entries_) {
    const bool may_be_listed = entry.asked && entry.sid.empty();
    saved.listings.push_back({key.url, key.mount, entry.sid,
                              may_be_listed ? clock_.steady() + kFirstAdd : entry.due,
                              entry.interval});
  }
  return saved;
}

void YpAnnouncer::restore(ListingsRecord saved) {
  for (ListingRecord& one : saved.listings) {
    Entry entry;
    entry.sid = std::move(one.sid);
    entry.due = one.due;
    entry.interval = std::clamp<std::chrono::seconds>(one.interval, kLeastTouch, kMaxTouch);
    entries_.insert_or_assign(Key{std::move(one.url), std::move(one.mount)}, std::move(entry));
  }
}

void YpAnnouncer::drop_gone(const YpDirectory& directory, std::span<const std::string> mounts) {
  for (auto at = entries_.begin(); at != entries_.end();) {
    const auto& [key, entry] = *at;
    if (key.url != directory.url || std::ranges::binary_search(mounts, key.mount)) {
      ++at;
      continue;
    }
    if (entry.asked) {  // the answer to the pending request may bring a sid that must be removed
      at->second.gone = true;
      ++at;
      continue;
    }
    if (!entry.sid.empty()) remove(directory, key.mount, entry.sid);
    at = entries_.erase(at);
  }
}

void YpAnnouncer::tick(std::span<const std::string> mounts) {
  const SteadyTime now = clock_.steady();
  for (const YpDirectory& directory : directories_) {
    drop_gone(directory, mounts);
    for (const std::string& mount : mounts) {
      const auto [at, is_new] = entries_.try_emplace(Key{directory.url, mount});
      Entry& entry = at->second;
      entry.gone = false;
      if (is_new) {
        entry.due = now + kFirstAdd;
        entry.interval = std::max<std::chrono::seconds>(directory.touch_interval, kLeastTouch);
      }
      if (entry.asked || now < entry.due) continue;
      const auto stream = describe_(mount);
      if (!stream) continue;
      entry.asked = true;
      if (entry.sid.empty())
        add(directory, *stream, entry);
      else
        touch(directory, *stream, entry);
    }
  }
}

void YpAnnouncer::add(const YpDirectory& directory, const YpStream& stream, Entry&) {
  post_(directory, yp_add_form(stream),
        [this, key = Key{directory.url, stream.mount}](Result<FetchAnswer> answer) {
          answered(key, true, std::move(answer));
        });
}

void YpAnnouncer::touch(const YpDirectory& directory, const YpStream& stream, Entry& entry) {
  post_(directory, yp_touch_form(entry.sid, stream),
        [this, key = Key{directory.url, stream.mount}](Result<FetchAnswer> answer) {
          answered(key, false, std::move(answer));
        });
}

void YpAnnouncer::remove(const YpDirectory& directory, const std::string& mount,
                         const std::string& sid) {
  log_.info("yp/yp", cat({"mount ", mount, ": removed from ", shown_url(directory.url)}));
  ++removing_;
  post_(directory, yp_remove_form(sid), [this](const Result<FetchAnswer>&) {
    if (--removing_ == 0 && withdrawn_) std::exchange(withdrawn_, nullptr)();
  });
}

void YpAnnouncer::answered(const Key& key, bool was_add, Result<FetchAnswer> answer) {
  const auto at = entries_.find(key);
  if (at == entries_.end()) return;
  Entry& entry = at->second;
  entry.asked = false;
  const SteadyTime now = clock_.steady();
  const std::string what =
      cat({"mount ", key.mount, ": ", was_add ? "adding to " : "touching ", shown_url(key.url)});
  const auto failed = [&](std::string_view why, std::chrono::seconds wait) {
    log_.error("yp/yp", cat({what, " failed (", why, "); next attempt in ", wait.count(), "s"}));
    entry.due = now + wait;
  };
  if (!answer) {
    // A directory that was away still lists the stream, until it is removed.
    failed(answer.error().what, kUnreachable);
    entry.missed = !was_add;
  } else {
    if (const auto freq = parse_u64(header_of(*answer, "TouchFreq")))
      entry.interval = std::clamp<std::chrono::seconds>(
          std::chrono::seconds(
              std::min<std::uint64_t>(*freq, static_cast<std::uint64_t>(kMaxTouch.count()))),
          kLeastTouch, kMaxTouch);
    const auto sid = header_of(*answer, "SID");
    const bool taken = header_of(*answer, "YPResponse") == "1" &&
                       (!was_add || (!sid.empty() && sid.size() <= kMaxSid));
    const bool missed = std::exchange(entry.missed, false);
    if (!taken) {
      const auto message = header_of(*answer, "YPMessage");
      failed(message.empty() ? "no answer of a directory" : message,
             was_add  ? std::chrono::seconds(kRefused)
             : missed ? std::chrono::seconds(kFirstAdd)  // it has forgotten it meanwhile
                      : std::max<std::chrono::seconds>(entry.interval, kUnreachable));
      entry.sid.clear();
    } else if (was_add) {
      entry.sid = sid;
      entry.due = now + kFirstTouch;
      log_.info("yp/yp", cat({"mount ", key.mount, ": listed by ", shown_url(key.url)}));
    } else {
      entry.due = now + entry.interval;
    }
  }
  if (!entry.gone) return;
  if (!entry.sid.empty()) remove(YpDirectory{key.url, 6s, 600s}, key.mount, entry.sid);
  entries_.erase(at);
}

void YpAnnouncer::withdraw(UniqueFunction<void()> done) {
  for (const auto& [key, entry] : entries_) {
    const YpDirectory* directory = directory_of(key.url);
    if (directory != nullptr && !entry.sid.empty()) remove(*directory, key.mount, entry.sid);
  }
  entries_.clear();
  directories_.clear();
  if (removing_ == 0)
    done();
  else
    withdrawn_ = std::move(done);
}

}  // namespace lb
