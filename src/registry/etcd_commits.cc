// EtcdRegistry: what is written, and how it finds out that writing is possible again.
#include <algorithm>
#include <utility>

#include "base/cat.h"
#include "base/strings.h"
#include "registry/etcd_registry.h"
#include "registry/etcd_text.h"

namespace lb {
namespace {

constexpr std::chrono::seconds kProbeTime{3};
constexpr std::chrono::seconds kProbePause{1};

const std::string* value_put(const RegistryWrite& write, const std::string& key) {
  for (const auto& [put, value] : write.puts)
    if (put == key) return &value;
  return nullptr;
}

const RegistryRecord* found_key(const std::vector<RegistryRecord>& found, const std::string& key) {
  const auto at = std::find_if(found.begin(), found.end(),
                               [&key](const RegistryRecord& record) { return record.key == key; });
  return at == found.end() ? nullptr : &*at;
}

// For a write that was sent twice: the revision of the first one; 0: it was not executed.
std::uint64_t revision_of_ours(const RegistryWrite& write, const EtcdTxn& txn) {
  std::uint64_t revision = 0;
  for (const RegistryCompare& compare : write.compares) {
    const RegistryRecord* found = found_key(txn.found, compare.key);
    if (const std::string* value = value_put(write, compare.key)) {
      if (found == nullptr || found->value != *value) return 0;
      revision = std::max(revision, found->revision);
    } else if (std::count(write.deletes.begin(), write.deletes.end(), compare.key) > 0) {
      if (found != nullptr) return 0;
      revision = std::max(revision, txn.revision);
    } else if ((found == nullptr ? 0 : found->revision) != compare.revision) {
      return 0;
    }
  }
  return revision;
}

// Whether the compares of a write hold for what was found.
bool holds(const RegistryWrite& write, const std::vector<RegistryRecord>& found) {
  return std::all_of(write.compares.begin(), write.compares.end(),
                     [&found](const RegistryCompare& compare) {
                       const RegistryRecord* record = found_key(found, compare.key);
                       return (record == nullptr ? 0 : record->revision) == compare.revision;
                     });
}

// Removes the last `count` compares and puts, and their records from `found`, which it returns.
std::vector<RegistryRecord> take_sums(RegistryWrite& write, std::size_t count,
                                      std::vector<RegistryRecord>& found) {
  std::vector<RegistryRecord> sums;
  for (; count > 0; --count) {
    if (const RegistryRecord* sum = found_key(found, write.compares.back().key)) {
      sums.push_back(*sum);
      found.erase(found.begin() + (sum - found.data()));
    }
    write.compares.pop_back();
    write.puts.pop_back();
  }
  return sums;
}

bool is_silence(const Error& error) {
  return error.code == Error::Code::kTimeout || error.code == Error::Code::kClosed ||
         error.code == Error::Code::kIo;
}

// The database is full, or the login may not write: reading continues, and only a write shows the
// end of it.  An expired token or an overloaded etcd is no such refusal.
bool is_refusal(const Error& error) {
  return error.what.find("space exceeded") != std::string::npos ||
         error.what.find("permission denied") != std::string::npos;
}

}  // namespace

void EtcdRegistry::commit(RegistryWrite write, UniqueFunction<void(CommitAnswer)> answer) {
  control_.assert_here();
  std::string why = registry_write_fault(write);
  if (why.empty() && !state_.up) why = state_.words;
  if (why.empty() && under_way_ >= kCommitsWaiting)
    why = cat({kCommitsWaiting, " writes are under way; this one was not begun"});
  if (!why.empty()) {
    control_.post([answer = std::move(answer), why = std::move(why)]() mutable {
      answer({CommitResult::kUnavailable, 0, {}, std::move(why)});
    });
    return;
  }
  ++under_way_;
  Pending pending{std::move(write), std::move(answer), control_.now()};
  if (pending.write.made && (lease_.empty() || control_.now() >= lease_until_))
    with_lease(std::move(pending));
  else
    send(std::move(pending));
}

void EtcdRegistry::with_lease(Pending pending) {
  wants_lease_.push_back(std::move(pending));
  if (wants_lease_.size() > 1) return;
  EtcdQuestion question;
  question.path = "/v3/lease/grant";
  question.body = etcd_lease_text(static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(kMadeKept + kLeaseRenewed).count()));
  question.within = kCommitTime;
  client_.ask(std::move(question),
              [this](Result<EtcdAnswer> answer) { on_lease(std::move(answer)); });
}

void EtcdRegistry::on_lease(Result<EtcdAnswer> answer) {
  auto lease = answer ? parse_etcd_lease(answer->json) : Result<std::string>(answer.error());
  if (lease) {
    lease_ = std::move(*lease);
    lease_until_ = control_.now() + kLeaseRenewed;
  }
  for (Pending& pending : std::exchange(wants_lease_, {})) {
    if (lease)
      send(std::move(pending));
    else
      unavailable(std::move(pending), lease.error());
  }
}

// The sums of what the write deletes, from the present ones: those held here or, after a conflict,
// those found.
void EtcdRegistry::add_sums(Pending& pending, const std::vector<RegistryRecord>* found) const {
  RegistryWrite& write = pending.write;
  RecordCounts deleted;
  for (const std::string& key : write.deletes) count_record(deleted, key);
  for (const auto& [record_class, count] : deleted) {
    const std::string key = deletions_key(record_class);
    const RegistryRecord* sum = found != nullptr ? found_key(*found, key) : mirror_.find(key);
    const std::uint64_t before = sum == nullptr ? 0 : parse_u64(sum->value).value_or(0);
    write.put(key, std::to_string(before + count), sum == nullptr ? 0 : sum->revision);
  }
  pending.sums = deleted.size();
}

bool EtcdRegistry::takes_turn(Pending& pending) {
  if (counting_) {
    to_count_.push_back(std::move(pending));
    return false;
  }
  add_sums(pending, nullptr);
  counting_ = true;
  return true;
}

void EtcdRegistry::end_turn(const Pending& pending) {
  if (pending.sums == 0) return;
  counting_ = false;
  if (to_count_.empty()) return;
  Pending next = std::move(to_count_.front());
  to_count_.pop_front();
  send(std::move(next));
}

void EtcdRegistry::send(Pending pending) {
  const bool counts =
      std::any_of(pending.write.deletes.begin(), pending.write.deletes.end(), is_vital);
  if (counts && pending.sums == 0 && !takes_turn(pending)) return;
  EtcdQuestion question;
  question.path = "/v3/kv/txn";
  RegistryWrite write = pending.write;
  write.compares.push_back({std::string(kFormatKey), format_});
  if (!write.deletes.empty())
    write.puts.emplace_back(kDeletedKey, deleted_value(watch_.uncounted()));
  question.body = etcd_txn_text(prefix_, write, lease_);
  const auto spent =
      std::chrono::duration_cast<std::chrono::milliseconds>(control_.now() - pending.from);
  question.within = std::max(kCommitTime - spent, std::chrono::milliseconds(1));
  // After a conflict every compared key may have a value in the answer.
  question.answer_bytes = (kWriteOperations + 1) * (kValueBytes + kKeyBytes) * 3 / 2;
  client_.ask(std::move(question),
              [this, pending = std::move(pending)](Result<EtcdAnswer> answer) mutable {
                on_txn(std::move(pending), std::move(answer));
              });
}

void EtcdRegistry::on_txn(Pending pending, Result<EtcdAnswer> answer) {
  if (!answer) {
    const bool lease_gone = pending.write.made && !pending.lease_renewed &&
                            answer.error().what.find("lease not found") != std::string::npos;
    if (!lease_gone) return unavailable(std::move(pending), answer.error());
    pending.lease_renewed = true;
    lease_.clear();
    return with_lease(std::move(pending));
  }
  auto txn = parse_etcd_txn(answer->json);
  if (!txn) return unavailable(std::move(pending), txn.error());
  on_judged(std::move(pending), std::move(*txn), answer->repeated);
}

void EtcdRegistry::on_judged(Pending pending, EtcdTxn txn, bool repeated) {
  if (txn.succeeded) return done(std::move(pending), txn.revision);
  for (RegistryRecord& record : txn.found) record.key.erase(0, prefix_.size());
  const RegistryRecord* format = found_key(txn.found, std::string(kFormatKey));
  if (format == nullptr || format->revision != format_) {
    const Error error =
        Error::invalid(prefix_ +
                       "format was deleted or written again; the records held here stay in "
                       "force, and etcd is read again");
    watch_.stop();
    set_up(Outage::kSilent, error.what);
    begin_load();
    return unavailable(std::move(pending), error);
  }
  std::erase_if(txn.found, [](const RegistryRecord& record) { return record.key == kFormatKey; });
  const std::vector<RegistryRecord> sums = take_sums(pending.write, pending.sums, txn.found);
  const auto& made = pending.write.made;
  const RegistryRecord* found = made ? found_key(txn.found, made->first) : nullptr;
  if (found != nullptr && found->value == made->second)
    return done(std::move(pending), found->revision);
  const std::uint64_t ours = repeated && !made ? revision_of_ours(pending.write, txn) : 0;
  if (ours > 0) return done(std::move(pending), ours);
  // Another deletion was counted in between.
  if (pending.sums > 0 && found == nullptr && holds(pending.write, txn.found)) {
    add_sums(pending, &sums);
    return send(std::move(pending));
  }
  --under_way_;
  end_turn(pending);
  pending.done({CommitResult::kConflict, txn.revision, std::move(txn.found), {}});
}

void EtcdRegistry::done(Pending pending, std::uint64_t revision) {
  mirror_.commit(pending.write, revision);
  end_turn(pending);
  copy_.changed();
  state_.last_commit =
      std::chrono::duration_cast<std::chrono::microseconds>(control_.now() - pending.from);
  // The answer waits for the copy: a start without etcd must not lose an acknowledged write.
  const RegistryWrite write = std::move(pending.write);
  copy_.add(write, revision, [this, revision, pending = std::move(pending)]() mutable {
    --under_way_;
    pending.done({CommitResult::kDone, revision, {}, {}});
  });
}

void EtcdRegistry::unavailable(Pending pending, const Error& error) {
  --under_way_;
  if (loading_ || outage_ == Outage::kDisbelieved) {
    // The load decides.
  } else if (is_refusal(error)) {
    set_up(Outage::kRefused, error.what);
    probe_timer_.after(kProbePause);
  } else if (is_silence(error) && outage_ != Outage::kRefused) {
    set_up(Outage::kSilent, error.what);
    probe_timer_.after(kProbePause);
  } else {
    probe();
  }
  end_turn(pending);
  pending.done({CommitResult::kUnavailable, 0, {}, error.what});
}

// Asks whether a member has quorum: a range that is not serializable needs it.  After a refusal
// only a write shows that etcd accepts writes again.
void EtcdRegistry::probe() {
  if (!state_.loaded || state_.from_copy || loading_ || outage_ == Outage::kDisbelieved || probe_)
    return;
  probe_ = std::make_shared<int>();
  EtcdQuestion question = etcd_format_question(prefix_, EtcdReads::kOfQuorum, kProbeTime);
  const bool writes = outage_ == Outage::kRefused;
  if (writes) {
    RegistryWrite write;
    write.compares.push_back({std::string(kFormatKey), format_});
    write.puts.emplace_back(kProbeKey, "");
    question.path = "/v3/kv/txn";
    question.body = etcd_txn_text(prefix_, write, {});
  }
  client_.ask(std::move(question),
              [this, writes, run = std::weak_ptr<int>(probe_)](const Result<EtcdAnswer>& answer) {
                // A load that was begun meanwhile knows more.
                if (!run.expired()) on_probe(answer, writes);
              });
}

void EtcdRegistry::on_probe(const Result<EtcdAnswer>& answer, bool written) {
  probe_.reset();
  if (!answer) {
    const bool refused = outage_ == Outage::kRefused || is_refusal(answer.error());
    set_up(refused ? Outage::kRefused : Outage::kSilent, answer.error().what);
    if (client_.wants_choice()) return begin_load();
    probe_timer_.after(kProbePause);
    return;
  }
  const auto range = written ? Result<EtcdRange>(EtcdRange()) : parse_etcd_range(answer->json);
  const auto txn = written ? parse_etcd_txn(answer->json) : Result<EtcdTxn>(EtcdTxn());
  const bool there =
      written ? txn && txn->succeeded
              : range && !range->records.empty() && range->records[0].revision == format_;
  if (there) return set_up(Outage::kNone, {});
  watch_.stop();
  load_again();
}

}  // namespace lb
