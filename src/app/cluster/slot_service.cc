#include "app/cluster/slot_service.h"

#include <algorithm>

#include "app/cluster/ingest_service.h"
#include "app/cluster/master_links.h"
#include "app/services/worker.h"
#include "app/topology/mount_homes.h"
#include "base/cat.h"
#include "base/clock.h"
#include "base/strings.h"
#include "config/settings/config.h"
#include "net/loop/loop.h"
#include "stream/mount/mount.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kAtRest = 250ms;
// After a start, nodes return and claim slots of the previous run within this time.
constexpr auto kAllAreBack = 2s;

// Whether this is a name and no pattern, which may have a <mount> section.
bool is_name(const std::string& mount) { return mount.starts_with('/') && !is_glob(mount); }

// Whether the source is not expected at another node, which has the limit as soon as it is there.
bool stays_here(const Config& config, const MountSettings& section) {
  if (!section.moves_to.empty()) return is_own_id(config, section.moves_to);
  return section.home.empty() || is_expected_here(config, section);
}

}  // namespace

SlotService::SlotService(Network& network, const MasterLinks& masters, const IngestService& ingest,
                         LinkedNeighbours& neighbours)
    : network_(network),
      masters_(masters),
      ingest_(ingest),
      neighbours_(neighbours),
      waiting_(network.loops.control(), {.of_key = kMaxWaiting},
               [this](const std::string& mount) { give_up(mount); }),
      gates_(std::make_shared<const Gates>()),
      outbox_(network.loops.control(), neighbours),
      began_(network.clock.steady()),
      timer_(network.loops.control(), [this] { work(); }),
      check_timer_(network.loops.control(), [this] { check(); }) {}

SlotService::~SlotService() = default;

void SlotService::configure() {
  judge_all_ = true;
  if (!stopped_) check();
}

void SlotService::stop() {
  stopped_ = true;
  timer_.cancel();
  outbox_.stop();
  check_timer_.cancel();
  waiting_.clear();
}

void SlotService::offers_changed(const std::set<std::string>& mounts) {
  changed_offers_.insert(mounts.begin(), mounts.end());
  check_soon();
}

void SlotService::sections_changed(std::span<const std::string> mounts) {
  if (!judge_all_) changed_.insert(mounts.begin(), mounts.end());
  for (const std::string& mount : mounts) streams_.note(mount);
  check_soon();
}

void SlotService::mounts_changed() {
  streams_.note_all();
  check_soon();
}

void SlotService::mount_changed(const std::string& mount) {
  streams_.note(mount);
  check_soon();
}

void SlotService::check_soon() {
  if (!stopped_ && !check_timer_.armed()) check_timer_.after(0us);
}

// -- which mounts ---------------------------------------------------------------------------------

void SlotService::wake(const std::string& mount, Row& row) {
  if (!std::exchange(row.awake, true)) awake_.insert(mount);
  if (!timer_.armed()) timer_.after(kAtRest);
}

void SlotService::wake_all() {
  for (auto& [mount, row] : rows_) wake(mount, row);
}

// Brings a resting row's place and times up to date before it is used.
void SlotService::rouse(const std::string& mount, Row& row) {
  if (row.awake) return;
  wake(mount, row);
  place(row);
  row.book->tick(network_.clock.steady());
}

bool SlotService::judge_sections() {
  const auto config = network_.config.read();
  const bool same = std::exchange(judged_, config) == config;
  const std::size_t before = rows_.size();
  if (std::exchange(judge_all_, false) || (!same && changed_.empty())) {
    if (same) return false;
    changed_.clear();
    judge_all_sections(*config);
    return rows_.size() != before;
  }
  for (const std::string& mount : std::exchange(changed_, {})) {
    const MountSettings& section = mount_section(*config, mount);
    const bool limited = section.name == mount && section.max_listeners_cluster >= 0;
    if (limited) any_section_ = true;
    Row* row = limited && is_name(mount) ? row_of(mount) : nullptr;
    if (row == nullptr) {
      const auto at = rows_.find(mount);
      if (at == rows_.end()) continue;
      row = &at->second;
    }
    row->section = &section;
    row->section_of = limited ? judged_number_ : 0;
    wake(mount, *row);
  }
  return rows_.size() != before;
}

void SlotService::judge_all_sections(const Config& config) {
  streams_.note_all();
  const auto is_limited = [](const MountSettings& section) {
    return section.max_listeners_cluster >= 0;
  };
  ++judged_number_;
  any_section_ = is_limited(config.default_mount);
  auto next = rows_.begin();  // records' sections are ordered by name
  for_each_section(config, [&](const MountSettings& section) {
    if (!is_limited(section)) return;
    any_section_ = true;
    if (!is_name(section.name)) return;
    if (next == rows_.end() || next->first != section.name) {
      if (row_of(section.name) == nullptr) return;
      next = rows_.find(section.name);
    }
    next->second.section = &mount_section(config, section.name);
    next->second.section_of = judged_number_;
    ++next;
  });
  wake_all();
}

bool SlotService::judge_offers() {
  const std::size_t before = rows_.size();
  const auto changed = std::exchange(changed_offers_, {});
  if (std::exchange(offered_known_, true)) {
    for (const std::string& mount : changed) {
      const bool limited = masters_.needs_slots(mount);
      if (limited)
        offered_.insert(mount);
      else
        offered_.erase(mount);
      const auto at = rows_.find(mount);
      if (Row* row = at != rows_.end() ? &at->second : limited ? row_of(mount) : nullptr)
        wake(mount, *row);
    }
    return rows_.size() != before;
  }
  offered_.clear();
  masters_.add_slot_mounts(offered_);
  for (const std::string& mount : offered_) row_of(mount);
  wake_all();
  return rows_.size() != before;
}

// A running mount may be pulled from elsewhere now; an ended one may not be limited any more.
void SlotService::judge_streams() {
  const auto is_limited = [this](const std::string& name, const Mount& mount) {
    return any_section_ && mount_section(*judged_, name).max_listeners_cluster >= 0 &&
           !mount.facts()->from_file;
  };
  for (const std::string& mount : streams_.judge(*network_.mounts.all(), is_limited)) {
    const auto at = rows_.find(mount);
    Row* const row = at != rows_.end()     ? &at->second
                     : streams_.has(mount) ? row_of(mount)
                                           : nullptr;
    if (row != nullptr) wake(mount, *row);
  }
}

void SlotService::check() {
  if (stopped_) return;
  checked_at_ = network_.clock.steady();
  const std::size_t before = rows_.size();
  bool changed = judge_sections();
  changed = judge_offers() || changed;
  judge_streams();
  const bool erased = place_awake();
  if (erased && std::exchange(full_, false)) {  // makes room for mounts that found none
    judge_all_ = true;
    streams_.note_all();
    judged_.reset();
    offered_known_ = false;
  }
  if (changed || erased || rows_.size() != before) publish();
}

bool SlotService::place_awake() {
  bool erased = false;
  for (auto each = awake_.begin(); each != awake_.end();) {
    const auto at = rows_.find(*each);
    Row& row = at->second;
    const bool limited =
        own_section(row) != nullptr || offered_.contains(*each) || streams_.has(*each);
    if (!limited && waiting_.of(*each).empty() && row.book->is_unused()) {
      row.book->gate()->open();
      rows_.erase(at);
      each = awake_.erase(each);
      erased = true;
      continue;
    }
    place(row);
    serve(row);
    ++each;
  }
  return erased;
}

// The row of a limited mount; null: too many rows.
SlotService::Row* SlotService::row_of(const std::string& mount, const SlotBookRecord* before) {
  if (const auto at = rows_.find(mount); at != rows_.end()) return &at->second;
  if (rows_.size() >= kMaxBooks) {
    if (!std::exchange(full_, true))
      network_.log.error("cluster/slots", cat({"more than ", kMaxBooks,
                                               " mounts have max-listeners-cluster; listeners of "
                                               "further ones are refused"}));
    return nullptr;
  }
  Row& row = rows_[mount];
  row.book = std::make_unique<SlotBook>(
      mount, std::make_shared<SlotGate>(), SlotTiming{}, [this] { return next_life(); },
      network_.clock.steady());
  if (before != nullptr) row.book->restore(*before, network_.clock.steady());
  for (const std::string& id : neighbours_.linked())
    if (neighbours_.knew_slots(id)) row.book->joined(id, false, network_.clock.steady());
  // Before the first configuration no neighbour is known.
  place(row, before == nullptr);
  serve(row);
  wake(mount, row);
  return &row;
}

std::string SlotService::parent_of(const std::string& mount) const {
  if (const auto here = network_.mounts.find(mount)) {
    const MountPhase phase = here->phase();
    const bool plays = phase == MountPhase::kRunning || phase == MountPhase::kLingering;
    if (plays && !here->facts()->relayed) return {};
  }
  return ingest_.upstream_of(mount);
}

void SlotService::place(Row& row, bool alone_known) {
  const std::string& mount = row.book->mount();
  const SteadyTime now = network_.clock.steady();
  const auto config = network_.config.read();
  const MountSettings* own = config == judged_ ? own_section(row) : nullptr;
  const MountSettings& section = own != nullptr ? *own : mount_section(*config, mount);
  const int limit = section.max_listeners_cluster;
  const bool limited = limit >= 0 || masters_.needs_slots(mount);
  const std::string parent = limited ? parent_of(mount) : std::string();
  const bool certain = alone_known && (neighbours_.alone() || now - began_ > kAllAreBack);
  const std::string before = row.book->parent();
  const auto here = network_.mounts.find(mount);
  row.book->set_has_stream(here && here->phase() == MountPhase::kRunning &&
                           !here->facts()->relayed && stays_here(*config, section));
  row.book->set_ends_excess(section.cluster_over == OverPolicy::kKick);
  row.book->set_place(parent, limit, certain, now);
  if (parent != before)
    network_.log.info("cluster/slots",
                      cat({"mount ", mount, ": its slots come from ",
                           parent.empty() ? "this node, where the stream begins" : parent}));
  if (!parent.empty())
    if (const auto at = neighbours_.was_there(parent)) row.book->parent_was_there(*at, now);
}

void SlotService::publish() {
  auto gates = std::make_shared<Gates>();
  for (const auto& [mount, row] : rows_) gates->emplace(mount, row.book->gate());
  any_.store(!gates->empty(), std::memory_order_release);
  gates_.publish(std::move(gates));
}

bool SlotService::limits(const MountSettings& section, const std::string& mount) const {
  if (section.max_listeners_cluster >= 0) return true;
  const auto gate = gate_of(mount);
  return gate != nullptr && !gate->is_open();
}

std::shared_ptr<SlotGate> SlotService::gate_of(const std::string& mount) const {
  if (!any_.load(std::memory_order_acquire)) return nullptr;
  const auto gates = gates_.read();
  const auto at = gates->find(mount);
  return at == gates->end() ? nullptr : at->second;
}

// -- neighbours -----------------------------------------------------------------------------------

template <class Each>
void SlotService::for_each_book(const Each& each) {
  const SteadyTime now = network_.clock.steady();
  for (auto& [mount, row] : rows_) {
    each(*row.book, now);
    serve(row);
  }
  wake_all();
}

void SlotService::joined(const std::string& id, bool restarted) {
  if (stopped_) return;
  for_each_book([&](SlotBook& book, SteadyTime now) { book.joined(id, restarted, now); });
  check_soon();
}

void SlotService::replaced(const std::string& id) {
  for_each_book([&](SlotBook& book, SteadyTime now) { book.replaced(id, now); });
}

void SlotService::resend(const std::string& id) {
  for_each_book([&](SlotBook& book, SteadyTime) { book.resend(id); });
}

void SlotService::left(const std::string& id, bool silent) {
  outbox_.drop(id);
  if (stopped_) return;
  for_each_book([&](SlotBook& book, SteadyTime now) { book.left(id, silent, now); });
}

void SlotService::take(const std::string& sender, const std::vector<SlotRow>& rows) {
  if (stopped_ || !neighbours_.is_linked(sender)) return;
  const SteadyTime now = network_.clock.steady();
  const unsigned limit = neighbours_.most_listeners(sender);
  const SlotBook::Count most = limit == 0 ? SlotBook::kNoLimit : limit;
  for (const SlotRow& said : rows) {
    const auto at = rows_.find(said.mount);
    if (at == rows_.end()) {
      if (said.down || !knows_no_limit(said.mount)) continue;
      SlotRow answer;
      answer.mount = said.mount;
      answer.life = said.life;
      answer.down = true;
      answer.word = SlotWord::kOpen;
      outbox_.add(sender, std::move(answer));
      continue;
    }
    rouse(at->first, at->second);
    at->second.book->take(sender, said, now, most);
    serve(at->second);
  }
}

// Whether the mount is certainly not limited here, and not only unknown as limited.
bool SlotService::knows_no_limit(const std::string& mount) const {
  if (!network_.mounts.find(mount)) return false;
  const std::string parent = parent_of(mount);
  return parent.empty() || neighbours_.is_linked(parent);
}

void SlotService::work() {
  if (stopped_) return;
  const SteadyTime now = network_.clock.steady();
  if (now - checked_at_ >= kAtRest - kWhileBusy) {
    checked_at_ = now;
    if (place_awake()) publish();
  }
  bool busy = false;
  for (auto each = awake_.begin(); each != awake_.end();) {
    Row& row = rows_.find(*each)->second;
    row.book->tick(now);
    serve(row);
    const bool awaited = !waiting_.of(*each).empty();
    busy = busy || awaited || row.book->busy();
    const bool limited =
        own_section(row) != nullptr || offered_.contains(*each) || streams_.has(*each);
    row.awake = !limited || awaited || !row.book->is_at_rest(now);
    each = row.awake ? std::next(each) : awake_.erase(each);
  }
  soon_ = busy;
  if (!awake_.empty())
    timer_.after(busy ? kWhileBusy : coalesced(network_.loops.control(), kAtRest));
}

// -- between two processes ------------------------------------------------------------------------

std::string SlotService::cannot_move() const {
  for (const auto& [mount, row] : rows_)
    if (row.book->is_moving())
      return cat({"slots of mount ", mount, " are on their way to another node at this moment"});
  return {};
}

std::vector<SlotBookRecord> SlotService::save() const {
  std::vector<SlotBookRecord> all;
  for (const auto& [mount, row] : rows_)
    if (!row.book->is_unused()) all.push_back(row.book->save(network_.clock.steady()));
  return all;
}

void SlotService::restore(const SlotBookRecord& saved) {
  row_of(saved.mount, &saved);
  publish();
}

SlotPass SlotService::enter_again(const std::string& mount) {
  Row* const row = row_of(mount);
  if (row == nullptr) return {};
  row->book->gate()->enter_again();
  return SlotPass(row->book->gate());
}

// Greater than any life of an earlier run, if the clock did not go back.
std::uint64_t SlotService::next_life() {
  life_ = std::max(life_ + 1, static_cast<std::uint64_t>(
                                  std::max<std::int64_t>(0, unix_ms(network_.clock.wall()))));
  return life_;
}

std::vector<std::pair<std::string, SlotBook::Picture>> SlotService::pictures() const {
  std::vector<std::pair<std::string, SlotBook::Picture>> out;
  for (const auto& [mount, row] : rows_) out.emplace_back(mount, row.book->picture());
  return out;
}

}  // namespace lb
