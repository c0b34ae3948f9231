#include "auth/listener/listener_ledger.h"

#include <algorithm>

#include "auth/listener/url_form.h"

namespace lb {
namespace {

// After a crash a listener counts as gone since the last heartbeat.
constexpr auto kHeartbeat = std::chrono::seconds(15);
constexpr auto kPatience = std::chrono::seconds(1);  // with the disk
constexpr auto kRemovalTimeout = std::chrono::seconds(15);
constexpr std::size_t kMaxEntries = 1000;  // of a record

// REQUIRES: entry.removal
SpoolEntry line_of(std::uint64_t seq, const ListenerLedger::Entry& entry) {
  SpoolEntry line;
  line.seq = seq;
  line.client_id = entry.client_id;
  line.since = entry.since;
  line.notice = *entry.removal;
  return line;
}

}  // namespace

void LedgerHandle::report_end(std::uint64_t seq, SteadyTime since, std::uint64_t bytes_sent) {
  const std::lock_guard<std::mutex> guard(mutex_);
  if (ledger_ == nullptr) return;
  const auto listened = std::chrono::duration_cast<std::chrono::seconds>(control_.now() - since);
  control_.post(
      [ledger = ledger_, seq, listened, bytes_sent] { ledger->left(seq, listened, bytes_sent); });
}

void LedgerHandle::shut() {
  const std::lock_guard<std::mutex> guard(mutex_);
  ledger_ = nullptr;
}

ListenerLedger::ListenerLedger(Loop& control, Log& log, EventSender& removals, Server server)
    : control_(control),
      log_(log),
      removals_(removals),
      server_(std::move(server)),
      handle_(std::make_shared<LedgerHandle>(control, *this)),
      heartbeat_(control, [this] { heartbeat(); }),
      patience_(control, [this] { admit_overdue(); }) {}

ListenerLedger::~ListenerLedger() { handle_->shut(); }

std::int64_t ListenerLedger::wall_seconds() const { return unix_seconds(control_.clock().wall()); }

Result<ListenerLedger::Opening> ListenerLedger::open_spool(const std::string& path) {
  auto opened = Spool::open(path, control_, log_);
  if (!opened) return opened.error();
  spool_ = std::move(opened->spool);
  const SpoolContent& content = opened->leftovers;
  next_seq_ = std::max(next_seq_, content.highest_seq + 1);
  std::size_t unheard = 0;
  std::set<std::uint64_t> noted;
  for (SpoolEntry entry : content.open) {
    noted.insert(entry.seq);
    // The listener is still here, or this process reports its end.
    if (open_.contains(entry.seq) || unheard_.contains(entry.seq)) continue;
    ++unheard;
    if (!entry.ended)
      entry.seconds =
          static_cast<std::uint64_t>(std::max<std::int64_t>(content.last_alive - entry.since, 0));
    remove(std::move(entry));
  }
  // These listeners came while this or a former process used another file, or none.
  for (const auto& [seq, entry] : open_)
    if (entry.removal && !noted.contains(seq)) spool_->added(line_of(seq, entry), [] {});
  // Lines left in the old file would be reported again if it became the spool again.
  if (!spool_before_.empty() && spool_before_ != path)
    spool_->alive(wall_seconds(), [old = spool_before_] { Spool::empty(old); });
  heartbeat_.after(kHeartbeat);
  return Opening{content.highest_client_id, unheard};
}

std::vector<std::uint64_t> ListenerLedger::clients_of(const std::string& mount,
                                                      const std::string& user) const {
  std::vector<std::uint64_t> clients;
  const auto at = names_.find({mount, user});
  if (at == names_.end()) return clients;
  for (const std::uint64_t seq : at->second) clients.push_back(open_.at(seq).client_id);
  return clients;
}

void ListenerLedger::admit(Entry entry, UniqueFunction<void(ListenerTicket)> admitted) {
  control_.assert_here();
  const std::uint64_t seq = next_seq_++;
  if (!entry.user.empty()) names_[{entry.mount, entry.user}].insert(seq);
  // The ticket exists from here on, so the end is reported whatever fails later.
  ListenerTicket ticket(handle_, seq, control_.now());
  entry.since = wall_seconds();
  std::optional<SpoolEntry> line;
  if (spool_ && entry.removal) line = line_of(seq, entry);
  open_.emplace(seq, std::move(entry));
  if (!line) return admitted(std::move(ticket));
  auto waiting = std::make_shared<Waiting>();
  waiting->ticket = std::move(ticket);
  waiting->admitted = std::move(admitted);
  waiting->since = control_.now();
  waiting_.push_back(waiting);
  if (!patience_.armed()) patience_.after(kPatience);
  spool_->added(*line, [waiting] { waiting->let_in(); });
}

void ListenerLedger::Waiting::let_in() {
  if (!admitted) return;
  auto now = std::exchange(admitted, nullptr);
  now(std::move(ticket));
}

// A disk that does not answer must not keep a listener out, even if its line is lost.
void ListenerLedger::admit_overdue() {
  while (!waiting_.empty() &&
         (!waiting_.front()->admitted || control_.now() - waiting_.front()->since >= kPatience)) {
    const auto waiting = std::move(waiting_.front());
    waiting_.pop_front();
    waiting->let_in();
  }
  if (!waiting_.empty()) patience_.after(kPatience);
}

void ListenerLedger::take_back(Entry entry) {
  if (!entry.removal) return;
  entry.user.clear();
  admit(std::move(entry), [](const ListenerTicket&) {});
}

void ListenerLedger::left(std::uint64_t seq, std::chrono::seconds listened,
                          std::uint64_t bytes_sent) {
  const auto at = open_.find(seq);
  if (at == open_.end()) return;
  const Entry entry = std::move(at->second);
  open_.erase(at);
  forget_name(seq, entry);
  if (!entry.removal) return;
  SpoolEntry ended = line_of(seq, entry);
  ended.ended = true;
  ended.seconds = static_cast<std::uint64_t>(std::max<std::int64_t>(listened.count(), 0));
  ended.bytes_sent = bytes_sent;
  if (spool_) spool_->ended(seq, ended.seconds, bytes_sent);
  remove(std::move(ended));
}

void ListenerLedger::forget_name(std::uint64_t seq, const Entry& entry) {
  const auto at = names_.find({entry.mount, entry.user});
  if (at == names_.end()) return;
  at->second.erase(seq);
  if (at->second.empty()) names_.erase(at);
}

void ListenerLedger::remove(SpoolEntry ended) {
  const std::uint64_t seq = ended.seq;
  const RemovalNotice& notice = ended.notice;
  FetchRequest request;
  request.url = notice.url;
  set_login(request, notice.user, notice.password);
  request.user_agent = server_()->user_agent;
  request.timeout = kRemovalTimeout;
  request.form = listener_remove_form(notice, ended.seconds, ended.bytes_sent);
  unheard_.insert_or_assign(seq, std::move(ended));
  removals_.send(std::move(request), [this, seq] {
    unheard_.erase(seq);
    if (spool_) spool_->done(seq);
  });
}

// -- between two processes ------------------------------------------------------------------------

std::string ListenerLedger::cannot_move() const {
  return spool_ && !spool_->idle() ? "what is noted of listeners is being written at this moment"
                                   : "";
}

std::vector<LedgerRecord> ListenerLedger::save() const {
  std::vector<LedgerRecord> all(1);
  for (const auto& [seq, entry] : open_) {
    if (all.back().entries.size() == kMaxEntries) all.emplace_back();
    all.back().entries.push_back({seq, entry});
  }
  for (const auto& [seq, entry] : unheard_) {
    if (all.back().entries.size() + all.back().ends.size() == kMaxEntries) all.emplace_back();
    all.back().ends.push_back(entry);
  }
  for (LedgerRecord& record : all) {
    record.next_seq = next_seq_;
    if (spool_) record.spool = spool_->path();
  }
  return all;
}

void ListenerLedger::let_file_go() {
  if (spool_) spool_->unlock();
}

void ListenerLedger::keep() {
  if (spool_) spool_->lock();
}

void ListenerLedger::hand_over() {
  handle_->shut();
  heartbeat_.cancel();
  patience_.cancel();
}

void ListenerLedger::restore(const LedgerRecord& saved) {
  next_seq_ = std::max(next_seq_, saved.next_seq);
  for (const auto& [seq, entry] : saved.entries) {
    if (!entry.user.empty()) names_[{entry.mount, entry.user}].insert(seq);
    open_.insert_or_assign(seq, entry);
    unclaimed_.insert(seq);
    next_seq_ = std::max(next_seq_, seq + 1);
  }
  for (const SpoolEntry& entry : saved.ends) unheard_.insert_or_assign(entry.seq, entry);
  spool_before_ = saved.spool;
}

ListenerTicket ListenerLedger::ticket_of(std::uint64_t seq, SteadyTime since) {
  if (unclaimed_.erase(seq) == 0) return {};
  return {handle_, seq, since};
}

void ListenerLedger::go_on() {
  for (auto& [seq, entry] : std::exchange(unheard_, {})) remove(std::move(entry));
  for (const std::uint64_t seq : std::exchange(unclaimed_, {}))
    left(seq, std::chrono::seconds(0), 0);
}

void ListenerLedger::heartbeat() {
  if (spool_ && !open_.empty()) spool_->alive(wall_seconds());
  heartbeat_.after(kHeartbeat);
}

}  // namespace lb
