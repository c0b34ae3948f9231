#include "hls/sessions.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "net/address/address.h"

namespace lb {
namespace {

// By network, because a host has its whole /64 of IPv6.
std::string newcomer_key(std::string_view ip, std::string_view mount) {
  const auto address = Address::parse(ip, 0);
  std::string key = address ? address->network() : std::string(ip);
  return key.append(1, '\0').append(mount);
}

}  // namespace

// NUL separates the names, as no mount contains one.
std::string HlsSessions::key_of(std::string_view name, std::string_view mount) {
  std::string key;
  key.reserve(name.size() + 1 + mount.size());
  key.append(name).append(1, '\0').append(mount);
  return key;
}

std::size_t HlsSessions::place_of(std::string_view key) noexcept {
  return std::hash<std::string_view>()(key) % std::tuple_size_v<decltype(shards_)>;
}

bool HlsSessions::touch(std::string_view name, std::string_view mount, SteadyTime now,
                        std::uint64_t bytes) {
  const std::string key = key_of(name, mount);
  Shard& shard = shards_[place_of(name)];
  const std::lock_guard<std::mutex> guard(shard.mutex);
  const auto found = shard.sessions.find(key);
  if (found == shard.sessions.end()) return false;
  found->second->seen = std::max(found->second->seen, now);
  found->second->bytes += bytes;
  return true;
}

bool HlsSessions::knows(std::string_view name, std::string_view mount) const {
  const std::string key = key_of(name, mount);
  const Shard& shard = shards_[place_of(name)];
  const std::lock_guard<std::mutex> guard(shard.mutex);
  return shard.sessions.count(key) > 0;
}

bool HlsSessions::has_room(std::string_view ip, std::string_view mount) const {
  const std::string key = newcomer_key(ip, mount);
  const NewcomerShard& shard = newcomers_[place_of(key)];
  const std::lock_guard<std::mutex> guard(shard.mutex);
  const auto found = shard.names.find(key);
  return found == shard.names.end() || found->second.size() < kMaxNewcomers;
}

void HlsSessions::earn(std::string_view name, std::string_view mount) {
  std::string ip;
  {
    const std::string key = key_of(name, mount);
    Shard& shard = shards_[place_of(name)];
    const std::lock_guard<std::mutex> guard(shard.mutex);
    const auto found = shard.sessions.find(key);
    if (found == shard.sessions.end() || found->second->earned) return;
    found->second->earned = true;
    ip = found->second->ip;
  }
  leave_newcomers(ip, mount, std::string(name));
}

void HlsSessions::wait_on(std::string_view name, std::string_view mount, SteadyTime now) {
  const std::string key = key_of(name, mount);
  Shard& shard = shards_[place_of(name)];
  const std::lock_guard<std::mutex> guard(shard.mutex);
  if (const auto found = shard.sessions.find(key); found != shard.sessions.end())
    found->second->listed = now;
}

void HlsSessions::leave_newcomers(const std::string& ip, std::string_view mount,
                                  const std::string& name) {
  const std::string key = newcomer_key(ip, mount);
  NewcomerShard& shard = newcomers_[place_of(key)];
  const std::lock_guard<std::mutex> guard(shard.mutex);
  const auto found = shard.names.find(key);
  if (found == shard.names.end()) return;
  // Two sessions of one name may be here for a moment, as one of both is given back.
  const auto one = std::find(found->second.begin(), found->second.end(), name);
  if (one != found->second.end()) found->second.erase(one);
  if (found->second.empty()) shard.names.erase(found);
}

HlsSessionPtr HlsSessions::add(HlsSessionPtr session, SteadyTime now) {
  if (session->seen == SteadyTime()) session->seen = session->listed = now;
  const std::string key = key_of(session->name, session->mount->name());
  // Once it is in its shard, another thread may take it, with its rows of the tables.
  enter_tables(*session);
  {
    Shard& shard = shards_[place_of(session->name)];
    const std::lock_guard<std::mutex> guard(shard.mutex);
    if (const auto [at, added] = shard.sessions.try_emplace(key); added) {
      session->key = &at->first;
      shard.by_id[session->id] = session.get();
      shard.by_mount[session->mount.get()].insert(session.get());
      at->second = std::move(session);
      return nullptr;
    }
  }
  leave_tables(*session, false);
  return session;
}

void HlsSessions::enter_tables(const HlsSession& session) {
  {
    CrowdShard& shard = crowds_[place_of(session.crowd)];
    const std::lock_guard<std::mutex> guard(shard.mutex);
    ++shard.crowds[session.crowd].sessions;
  }
  if (session.earned) return;
  const std::string newcomer = newcomer_key(session.ip, session.mount->name());
  NewcomerShard& shard = newcomers_[place_of(newcomer)];
  const std::lock_guard<std::mutex> guard(shard.mutex);
  shard.names[newcomer].push_back(session.name);
}

void HlsSessions::count_segment(std::string_view crowd, std::uint64_t bytes, std::string_view ip,
                                std::string_view mount, bool is_heard) {
  {
    CrowdShard& shard = crowds_[place_of(crowd)];
    const std::lock_guard<std::mutex> guard(shard.mutex);
    const auto found = shard.crowds.find(std::string(crowd));
    if (found != shard.crowds.end()) found->second.bytes += bytes;
  }
  if (!is_heard) return;
  std::string name;
  {
    const std::string key = newcomer_key(ip, mount);
    NewcomerShard& shard = newcomers_[place_of(key)];
    const std::lock_guard<std::mutex> guard(shard.mutex);
    const auto found = shard.names.find(key);
    if (found == shard.names.end()) return;
    name = found->second.front();
  }
  earn(name, mount);
}

void HlsSessions::leave_tables(HlsSession& session, bool takes_part) {
  leave_crowd(session, takes_part);
  if (!session.earned) leave_newcomers(session.ip, session.mount->name(), session.name);
}

// Moves the session's part of the crowd's bytes to it; all parts add up to the whole.
void HlsSessions::leave_crowd(HlsSession& session, bool takes_part) {
  CrowdShard& shard = crowds_[place_of(session.crowd)];
  const std::lock_guard<std::mutex> guard(shard.mutex);
  const auto found = shard.crowds.find(session.crowd);
  if (found == shard.crowds.end()) return;
  Crowd& crowd = found->second;
  const std::uint64_t part = takes_part ? crowd.part() : 0;
  crowd.bytes -= part;
  session.bytes += part;
  if (--crowd.sessions == 0) shard.crowds.erase(found);
}

template <class Goes>
std::vector<HlsSessionPtr> HlsSessions::take_where(Goes goes) {
  std::vector<HlsSessionPtr> taken;
  for (Shard& shard : shards_) {
    const std::lock_guard<std::mutex> guard(shard.mutex);
    for (auto at = shard.sessions.begin(); at != shard.sessions.end();) {
      HlsSession& session = *(at++)->second;
      if (goes(session)) taken.push_back(shard.take(session));
    }
  }
  for (const HlsSessionPtr& session : taken) leave_tables(*session, true);
  return taken;
}

std::vector<HlsSessionPtr> HlsSessions::take_silent(SteadyTime now, SteadyTime woke) {
  return take_where([now, woke](const HlsSession& session) {
    return now - std::max(session.seen, woke) >= session.patience || now >= session.until ||
           (!session.earned &&
            now - std::max(session.listed, woke) >= kNewcomerPatience + session.segment);
  });
}

std::vector<HlsSessionPtr> HlsSessions::take_all_of(const Mount& mount) {
  std::vector<HlsSessionPtr> taken;
  for (Shard& shard : shards_) {
    const std::lock_guard<std::mutex> guard(shard.mutex);
    const auto found = shard.by_mount.find(&mount);
    if (found == shard.by_mount.end()) continue;
    const std::vector<HlsSession*> all(found->second.begin(), found->second.end());
    for (HlsSession* const session : all) taken.push_back(shard.take(*session));
  }
  for (const HlsSessionPtr& session : taken) leave_tables(*session, true);
  return taken;
}

void HlsSessions::move_all(const std::shared_ptr<Mount>& from, const std::shared_ptr<Mount>& to) {
  for (Shard& shard : shards_) {
    const std::lock_guard<std::mutex> guard(shard.mutex);
    auto moved = shard.by_mount.extract(from.get());
    if (moved.empty()) continue;
    for (HlsSession* const session : moved.mapped()) {
      session->place = GatePass::enter(to->gate());
      session->mount = to;  // the caller holds the former mount
    }
    shard.by_mount[to.get()].merge(moved.mapped());
  }
}

std::vector<HlsSessionPtr> HlsSessions::take_oldest(std::size_t most) {
  std::vector<std::pair<SteadyTime, std::uint64_t>> all;
  for (const Shard& shard : shards_) {
    const std::lock_guard<std::mutex> guard(shard.mutex);
    for (const auto& [key, session] : shard.sessions) all.emplace_back(session->began, session->id);
  }
  most = std::min(most, all.size());
  if (most == 0) return {};
  std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(most) - 1, all.end());
  const auto last = all[most - 1];
  return take_where(
      [last](const HlsSession& session) { return std::pair(session.began, session.id) <= last; });
}

HlsSessionPtr HlsSessions::take(const Mount* mount, std::uint64_t id) {
  HlsSessionPtr taken;
  for (Shard& shard : shards_) {
    const std::lock_guard<std::mutex> guard(shard.mutex);
    const auto found = shard.by_id.find(id);
    if (found == shard.by_id.end()) continue;
    if (mount != nullptr && found->second->mount.get() != mount) return nullptr;
    taken = shard.take(*found->second);
    break;
  }
  if (taken) leave_tables(*taken, true);
  return taken;
}

std::vector<HlsSessionPtr> HlsSessions::take_others(std::string_view name, std::string_view mount,
                                                    SteadyTime before) {
  std::vector<HlsSessionPtr> taken;
  {
    const std::string first = key_of(name, {});
    Shard& shard = shards_[place_of(name)];
    const std::lock_guard<std::mutex> guard(shard.mutex);
    auto at = shard.sessions.lower_bound(first);
    while (at != shard.sessions.end() && at->first.starts_with(first)) {
      HlsSession& session = *(at++)->second;
      if (session.mount->name() != mount && session.began < before)
        taken.push_back(shard.take(session));
    }
  }
  for (const HlsSessionPtr& session : taken) leave_tables(*session, true);
  return taken;
}

std::vector<SlotHolder> HlsSessions::slot_holders(const SlotGate& gate) const {
  std::vector<SlotHolder> all;
  for (const Shard& shard : shards_) {
    const std::lock_guard<std::mutex> guard(shard.mutex);
    for (const auto& [key, session] : shard.sessions)
      if (session->slot.is_of(gate)) all.push_back({session->began, session->id});
  }
  return all;
}

std::vector<HlsSessionPtr> HlsSessions::take_holders(const SlotGate& gate,
                                                     const std::vector<std::uint64_t>& ids) {
  return take_where([&](const HlsSession& session) {
    return session.slot.is_of(gate) && std::find(ids.begin(), ids.end(), session.id) != ids.end();
  });
}

std::vector<ListenerRow> HlsSessions::list(const Mount& mount, SteadyTime now) const {
  return rows_of(mount, now, 0, std::numeric_limits<std::uint64_t>::max());
}

std::vector<ListenerRow> HlsSessions::page(const Mount& mount, SteadyTime now, std::uint64_t after,
                                           std::size_t most) const {
  std::vector<std::uint64_t> ids;
  for (const Shard& shard : shards_) {
    const std::lock_guard<std::mutex> guard(shard.mutex);
    const auto found = shard.by_mount.find(&mount);
    if (found == shard.by_mount.end()) continue;
    for (const HlsSession* const session : found->second)
      if (session->id > after) ids.push_back(session->id);
  }
  if (ids.empty() || most == 0) return {};
  const auto last = ids.begin() + static_cast<std::ptrdiff_t>(std::min(most, ids.size()) - 1);
  std::nth_element(ids.begin(), last, ids.end());
  return rows_of(mount, now, after, *last);
}

std::vector<ListenerRow> HlsSessions::rows_of(const Mount& mount, SteadyTime now,
                                              std::uint64_t after, std::uint64_t last) const {
  std::vector<ListenerRow> rows;
  std::vector<std::string> crowds;
  for (const Shard& shard : shards_) {
    const std::lock_guard<std::mutex> guard(shard.mutex);
    const auto found = shard.by_mount.find(&mount);
    if (found == shard.by_mount.end()) continue;
    for (const HlsSession* const session : found->second) {
      if (session->id <= after || session->id > last) continue;
      ListenerRow row;
      row.hls = true;
      row.id = session->id;
      row.address = session->ip;
      row.agent = session->facts.user_agent();
      row.referer = session->facts.referer();
      row.user = session->facts.user();
      row.seconds = static_cast<std::uint64_t>(
          std::chrono::duration_cast<std::chrono::seconds>(now - session->began).count());
      row.bytes_sent = session->bytes;
      rows.push_back(std::move(row));
      crowds.push_back(session->crowd);
    }
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const CrowdShard& shard = crowds_[place_of(crowds[i])];
    const std::lock_guard<std::mutex> guard(shard.mutex);
    if (const auto found = shard.crowds.find(crowds[i]); found != shard.crowds.end())
      rows[i].bytes_sent += found->second.part();
  }
  return rows;
}

std::size_t HlsSessions::size() const {
  std::size_t sessions = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard<std::mutex> guard(shard.mutex);
    sessions += shard.sessions.size();
  }
  return sessions;
}

HlsSessions::Counts HlsSessions::by_mount() const {
  Counts counts;
  for (const Shard& shard : shards_) {
    const std::lock_guard<std::mutex> guard(shard.mutex);
    for (const auto& [mount, sessions] : shard.by_mount) counts[mount] += sessions.size();
  }
  return counts;
}

}  // namespace lb
