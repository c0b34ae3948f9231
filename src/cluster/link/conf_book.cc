#include "cluster/link/conf_book.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"

namespace lb {
namespace {

constexpr std::string_view kConfHead = "icecast-lb-conf 1 ";
constexpr std::size_t kConfPiece = 64 << 10;

// "4f1c.2": the store 4f1c in its second life.
std::pair<std::string, std::uint64_t> parts_of_store(const std::string& name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string::npos) return {name, 0};
  const auto life = parse_u64(name.substr(dot + 1));
  return life ? std::make_pair(name.substr(0, dot), *life) : std::make_pair(name, std::uint64_t{0});
}

std::size_t weight(std::string_view key, const ConfBook::Value& value) {
  return key.size() + value->size();
}

void take_out(ConfBook::Items& items, std::size_t& bytes, const std::string& key) {
  const ConfBook::Value* const value = items.look_up(key);
  if (value == nullptr) return;
  bytes -= weight(key, *value);
  items.erase(key);
}

void put_in(ConfBook::Items& items, std::size_t& bytes, std::string key, ConfBook::Value value) {
  if (const ConfBook::Value* const before = items.look_up(key)) bytes -= weight(key, *before);
  bytes += weight(key, value);
  items.set(std::move(key), std::move(value));
}

bool is_closed(std::string_view key) noexcept { return key.starts_with("closed/"); }

Error no_conf(std::size_t at) {
  return Error::invalid(cat({"is not a copy of what masters have said (byte ", at, ")"}));
}

}  // namespace

bool is_of_store(std::string_view key) noexcept {
  return key.starts_with("mounts/") || key.starts_with("stations/") || key.starts_with("bans/") ||
         key.starts_with("epochs/") || key.starts_with("ended/");
}

bool is_of_logins(std::string_view key) noexcept {
  return key.starts_with("keys/") || key.starts_with("masters/") || key.starts_with("epochs/") ||
         key.starts_with("ended/");
}

void ConfBook::remark(std::string text) {
  if (remarked_.insert(text).second) remarks_.push_back(std::move(text));
}

bool ConfBook::is_linked(const std::string& id) const {
  return std::any_of(masters_.begin(), masters_.end(),
                     [&id](const Master& master) { return master.linked && master.id == id; });
}

// Masters known from an earlier run, or under another id, count only by their way; before the first
// set_masters() none is known and no login is passed on.
bool ConfBook::sends_logins(const std::string& id, const std::string& name) const {
  const auto all_of = [this](const std::string& what, std::string Master::*member) {
    bool any = false, all = true;
    for (const Master& master : masters_) {
      if (master.*member != what) continue;
      any = true;
      all = all && master.sends_logins;
    }
    return any ? std::optional(all) : std::nullopt;
  };
  const auto by_id = all_of(id, &Master::id);
  return by_id ? *by_id : all_of(name, &Master::name).value_or(masters_.empty());
}

std::size_t ConfBook::links_of(const std::string& id) const {
  return static_cast<std::size_t>(
      std::count_if(masters_.begin(), masters_.end(),
                    [&id](const Master& each) { return each.linked && each.id == id; }));
}

void ConfBook::set_masters(std::vector<Master> masters) {
  if (masters == masters_) return;
  const auto same = [](const Master& a, const Master& b) {
    return a.id == b.id && a.sends_logins == b.sends_logins;
  };
  everything_ |=
      !std::equal(masters.begin(), masters.end(), masters_.begin(), masters_.end(), same);
  masters_ = std::move(masters);
  for (const Master& master : masters_)
    if (const auto at = parts_.find(master.id); at != parts_.end()) at->second.name = master.name;
  for (auto& [id, said] : parts_) {
    if (is_linked(id)) continue;
    said.fresh = said.running = false;
    said.arriving.clear();
    said.leaving.clear();
  }
  forget_gone();
}

// Only when all masters are known: a master with a new address is unknown there until it is linked.
void ConfBook::forget_gone() {
  // After a change of its id a master keeps the items of the old id until it has sent everything.
  const auto is_its = [this](const Master& master, const std::string& id, const MasterPart& said) {
    if (master.id == id) return true;
    const auto at = parts_.find(master.id);
    return master.name == said.name && (at == parts_.end() || !at->second.complete);
  };
  const bool all_known = std::all_of(masters_.begin(), masters_.end(), [&](const Master& master) {
    return !master.id.empty() || std::any_of(parts_.begin(), parts_.end(), [&](const auto& row) {
      return is_its(master, row.first, row.second);
    });
  });
  if (!all_known) return;
  everything_ |= std::erase_if(parts_, [&](const auto& row) {
                   return std::none_of(masters_.begin(), masters_.end(), [&](const Master& master) {
                     return is_its(master, row.first, row.second);
                   });
                 }) > 0;
}

void ConfBook::begin_run(MasterPart& said, bool all) {
  said.running = true;
  said.all = all;
  said.refused = false;
  said.arriving.clear();
  said.leaving.clear();
  said.arriving_bytes = all ? 0 : said.bytes;
  said.part_key.clear();
  said.part.clear();
}

bool ConfBook::take_item(MasterPart& said, const ConfItem& item) {
  if (!said.part_key.empty() && said.part_key != item.key) return false;
  if (said.deaf_to_logins && is_of_logins(item.key)) return true;
  if (said.part.size() + item.value.size() > kConfValueBytes) return false;
  said.part += item.value;
  said.part_key = item.part ? item.key : "";
  if (item.part) return true;
  auto value = std::make_shared<const std::string>(std::exchange(said.part, {}));
  said.leaving.erase(item.key);
  put_in(said.arriving, said.arriving_bytes, item.key, std::move(value));
  const std::size_t before = said.all ? 0 : said.items.size();
  return before + said.arriving.size() <= kConfItems && said.arriving_bytes <= kConfBytes;
}

void ConfBook::take(const std::string& master, const ConfFrame& frame) {
  if (!is_linked(master)) return;
  MasterPart& said = parts_[master];
  if (links_of(master) > 1) {
    said.fresh = said.running = false;
    remark(cat({"two masters are linked here as ", master,
                "; what they tell this node to enforce is not taken"}));
    return;
  }
  for (const Master& each : masters_)
    if (each.id == master) said.name = each.name;
  if (frame.all || !said.running) begin_run(said, frame.all);
  said.deaf_to_logins = !sends_logins(master, said.name);
  // A change cannot be used without the state that it changes.
  if (!said.all && !said.fresh) said.refused = true;
  for (const std::string& key : frame.removed) {
    take_out(said.arriving, said.arriving_bytes, key);
    said.leaving.insert(key);
  }
  for (const ConfItem& item : frame.set) {
    if (said.refused || take_item(said, item)) continue;
    said.refused = true;
    said.arriving.clear();
    remark(cat({"master ", master, " says more than ", kConfItems, " items or ", kConfBytes >> 20,
                " MiB, or one that is too long; what it has said before stays in force"}));
  }
  if (frame.more) return;
  said.running = false;
  if (!said.refused && said.part_key.empty()) end_run(said, frame);
}

void ConfBook::end_run(MasterPart& said, const ConfFrame& frame) {
  const auto name = std::pair(said.store, said.life);
  const std::uint64_t before = std::exchange(said.revision, frame.revision);
  std::tie(said.store, said.life) = parts_of_store(frame.store);
  if (said.revision < before && name == std::pair(said.store, said.life)) went_back(said);
  if (said.all) {
    said.items = std::exchange(said.arriving, {});
    said.bytes = said.arriving_bytes;
    said.complete = said.fresh = true;
    everything_ = true;
  } else {
    for (const std::string& key : said.leaving) {
      take_out(said.items, said.bytes, key);
      touched_.insert(key);
    }
    for (const auto& [key, value] : said.arriving) {
      put_in(said.items, said.bytes, key, value);
      touched_.insert(key);
    }
  }
  said.arriving.clear();
  said.leaving.clear();
  forget_gone();
}

// The store was restored, and no master has seen both sides of that (LifeRecord): what masters that
// are not linked have said before is over.
void ConfBook::went_back(const MasterPart& said) {
  for (auto& [id, other] : parts_)
    if (!other.fresh && other.store == said.store && other.life == said.life)
      other.revision = std::min(other.revision, said.revision);
}

// The masters in their order of priority.
std::vector<ConfBook::Candidate> ConfBook::candidates() const {
  std::vector<Candidate> order;
  const auto add = [&](const std::string& id) {
    const auto at = parts_.find(id);
    if (at == parts_.end() || !at->second.complete) return;
    if (std::none_of(order.begin(), order.end(), [&](const Candidate& v) { return v.id == id; }))
      order.push_back({id, false, at->second.fresh});
  };
  for (const Master& master : masters_) {
    add(master.id);
    for (const auto& [id, said] : parts_)
      if (said.name == master.name) add(id);
  }
  for (const auto& [id, said] : parts_) add(id);
  // The master that has seen the most of each store counts, linked or not: one that lags behind,
  // such as one cut off from the store, would undo changes.  Of equally new ones a linked one
  // counts, then the one that counted before.
  const auto counted = [this](const std::string& id) {
    return std::any_of(candidates_.begin(), candidates_.end(), [&id](const Candidate& candidate) {
      return candidate.id == id && candidate.counts;
    });
  };
  const auto rank = [&](const Candidate& candidate) {
    const MasterPart& said = parts_.find(candidate.id)->second;
    return std::make_tuple(said.life, said.revision, said.fresh, counted(candidate.id));
  };
  for (Candidate& candidate : order) {
    const std::string& store = parts_.find(candidate.id)->second.store;
    const auto best =
        std::max_element(order.begin(), order.end(), [&](const Candidate& a, const Candidate& b) {
          const bool a_has = parts_.find(a.id)->second.store == store;
          const bool b_has = parts_.find(b.id)->second.store == store;
          return a_has != b_has ? b_has : a_has && rank(a) < rank(b);
        });
    candidate.counts = best->id == candidate.id;
  }
  return order;
}

// Null: the master has no such item, or its item does not count.
const ConfBook::Value* ConfBook::value_by(const Candidate& candidate,
                                          const std::string& key) const {
  const auto said = parts_.find(candidate.id);
  if (said == parts_.end()) return nullptr;
  const bool of_store = is_of_store(key) || (said->second.life != 0 && is_closed(key));
  if (!candidate.counts && of_store) return nullptr;
  if (is_of_logins(key) && !sends_logins(candidate.id, said->second.name)) return nullptr;
  return said->second.items.look_up(key);
}

const ConfBook::Candidate* ConfBook::candidate_of(const std::string& key) const {
  const Candidate* lost = nullptr;
  for (const Candidate& candidate : candidates_) {
    if (value_by(candidate, key) == nullptr) continue;
    // Records stay those of the first store: a link that breaks takes no mount to another one.
    if (candidate.fresh || is_of_store(key)) return &candidate;
    if (lost == nullptr) lost = &candidate;
  }
  return lost;
}

const ConfBook::Candidate* ConfBook::last_to_end(const Candidate* first, const std::string& key,
                                                 EndOf end_of) const {
  const Candidate* best = first;
  for (const Candidate& candidate : candidates_) {
    const Value* const value = value_by(candidate, key);
    if (value == nullptr || candidate.fresh != first->fresh) continue;
    const Value& present = *value_by(*best, key);
    if (**value != *present && end_of(**value) > end_of(*present)) best = &candidate;
  }
  return best;
}

bool ConfBook::takes_over(const std::string& key, const std::string& store, bool is_shared) {
  const auto known = shared_.find(key);
  const bool other = known != shared_.end() && known->second != store;
  if (is_shared)
    shared_[key] = store;
  else if (known != shared_.end())
    shared_.erase(known);
  return other;
}

ConfBook::Value ConfBook::find(const std::string& key, bool& replaced, EndOf end_of) {
  const Candidate* first = candidate_of(key);
  if (first == nullptr) {
    shared_.erase(key);
    return nullptr;
  }
  if (end_of != nullptr && key.starts_with("certificate/")) first = last_to_end(first, key, end_of);
  if (is_of_store(key)) {
    const auto second =
        std::find_if(candidates_.begin(), candidates_.end(), [&](const Candidate& candidate) {
          return &candidate != first && value_by(candidate, key) != nullptr;
        });
    if (second != candidates_.end())
      remark(cat({"the stores of the masters ", first->id, " and ", second->id,
                  " both have a record of one name, ", key, " for one; of such records those of ",
                  first->id, ", the first <master>, count"}));
    replaced = takes_over(key, parts_.find(first->id)->second.store, second != candidates_.end());
  }
  return *value_by(*first, key);
}

// Two masters that are linked under one id cannot be told apart, so neither is believed.
bool ConfBook::owns(const std::string& master, const std::string& key) const {
  const auto at = parts_.find(master);
  if (links_of(master) != 1 || at == parts_.end()) return false;
  const MasterPart& own = at->second;
  if (!own.fresh || !own.items.contains(key)) return false;
  const Candidate* counts = candidate_of(key);
  if (counts == nullptr) return false;
  if (counts->id == master) return true;
  const MasterPart& theirs = parts_.find(counts->id)->second;
  return own.life != 0 && own.store == theirs.store;
}

ConfBook::Change ConfBook::settle(EndOf end_of) {
  auto now = candidates();
  if (now != candidates_) everything_ = true;
  candidates_ = std::move(now);
  Change change;
  const auto check = [&](const std::string& key) {
    bool replaced = false;
    const Value value = find(key, replaced, end_of);
    const Value* const before = in_force_.look_up(key);
    if (value == nullptr) {
      if (in_force_.erase(key)) change.removed.push_back(key);
      return;
    }
    const bool same = before != nullptr && (*before == value || **before == *value);
    if (!same) change.set.emplace_back(key, value);
    if (!same && replaced) change.replaced.push_back(key);
    if (before == nullptr || *before != value) in_force_.set(key, value);
  };
  if (std::exchange(everything_, false)) {
    for (const Candidate& candidate : candidates_)
      for (const auto& [key, value] : parts_.find(candidate.id)->second.items) touched_.insert(key);
    for (const auto& [key, value] : in_force_) touched_.insert(key);
  }
  for (const std::string& key : std::exchange(touched_, {})) check(key);
  return change;
}

bool ConfBook::is_text(std::string_view text) noexcept { return text.starts_with(kConfHead); }

std::vector<ConfBook::MasterCopy> ConfBook::master_copies() const {
  std::vector<MasterCopy> out;
  for (const auto& [id, said] : parts_)
    if (said.complete)
      out.push_back({id, said.name, said.store, said.life, said.revision, said.items});
  return out;
}

UniqueFunction<std::string_view()> conf_book_pieces(
    std::vector<ConfBook::MasterCopy> master_copies) {
  struct Writer {
    std::vector<ConfBook::MasterCopy> master_copies;
    std::size_t at = 0;  // the master being written
    ConfBook::Items::const_iterator item;
    bool begun = false, ended = false;  // the master's line is written; so is the last line
    std::string text;
  };
  Writer start;
  start.text = cat({kConfHead, master_copies.size(), '\n'});
  start.master_copies = std::move(master_copies);
  return [to = std::move(start), first = true]() mutable -> std::string_view {
    if (!std::exchange(first, false)) to.text.clear();
    while (to.at < to.master_copies.size() && to.text.size() < kConfPiece) {
      const ConfBook::MasterCopy& said = to.master_copies[to.at];
      if (!std::exchange(to.begun, true)) {
        to.text +=
            cat({"master ", said.master, ' ', percent_encode(said.name, true), "- ", said.store,
                 ' ', said.life, ' ', said.revision, ' ', said.items.size(), '\n'});
        to.item = said.items.begin();
      }
      for (; to.item != said.items.end() && to.text.size() < kConfPiece; ++to.item)
        to.text +=
            cat({to.item->first, ' ', to.item->second->size(), '\n', *to.item->second, '\n'});
      if (to.item != said.items.end()) break;
      ++to.at;
      to.begun = false;
    }
    if (to.at == to.master_copies.size() && !std::exchange(to.ended, true)) to.text += "end\n";
    return to.text;
  };
}

Result<ConfBook> ConfBook::parse(std::string_view text) {
  std::size_t at = 0;
  const auto words = [&](std::size_t count) -> std::vector<std::string_view> {
    const std::size_t end = text.find('\n', at);
    if (end == std::string_view::npos || end - at > 4 * kConfKeyBytes) return {};
    auto row = split(text.substr(at, end - at), ' ');
    if (row.size() != count) return {};
    at = end + 1;
    return row;
  };
  const auto head = words(3);
  const auto masters =
      head.empty() || !text.starts_with(kConfHead) ? std::nullopt : parse_u64(head[2]);
  if (!masters) return no_conf(at);
  ConfBook book;
  for (std::uint64_t n = 0; n < *masters; ++n) {
    const auto row = words(7);
    if (row.empty() || row[0] != "master" || !row[2].ends_with('-')) return no_conf(at);
    const auto name = percent_decode(row[2].substr(0, row[2].size() - 1), false);
    const auto life = parse_u64(row[4]), revision = parse_u64(row[5]), items = parse_u64(row[6]);
    if (!name || !life || !revision || !items || *items > kConfItems) return no_conf(at);
    MasterPart said;
    said.name = *name;
    said.store = row[3];
    said.life = *life;
    said.revision = *revision;
    said.complete = true;
    for (std::uint64_t i = 0; i < *items; ++i) {
      const auto item = words(2);
      const auto bytes = item.empty() || !is_conf_key(item[0]) ? std::nullopt : parse_u64(item[1]);
      if (!bytes || *bytes > kConfValueBytes || text.size() - at <= *bytes ||
          text[at + *bytes] != '\n')
        return no_conf(at);
      auto value = std::make_shared<const std::string>(text.substr(at, *bytes));
      put_in(said.items, said.bytes, std::string(item[0]), std::move(value));
      at += *bytes + 1;
    }
    book.parts_[std::string(row[1])] = std::move(said);
  }
  if (text.substr(at) != "end\n") return no_conf(at);
  book.everything_ = true;
  return book;
}

}  // namespace lb
