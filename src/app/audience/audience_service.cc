#include "app/audience/audience_service.h"

#include <filesystem>
#include <future>
#include <utility>

#include "app/services/event_service.h"
#include "app/services/runtime.h"
#include "app/services/traffic.h"
#include "audience/agents.h"
#include "audience/day_sums.h"
#include "audience/song_sums.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/strings.h"
#include "cluster/link/frame.h"
#include "cluster/nodes/names.h"
#include "cluster/nodes/node.h"
#include "config/settings/config.h"
#include "net/crypto/digest.h"

namespace lb {
namespace {

constexpr unsigned kJournalThread = 6, kDatabaseThread = 7;
constexpr std::string_view kAudienceModule = "audience/journal";
// One list alone, with the segment that may have followed it, is a quick look.
constexpr std::chrono::milliseconds kCachedEnough{12'000};
// Between reports of lost rows.
constexpr std::chrono::minutes kLostPause{1};

}  // namespace

class AudienceService::Notice final : public OuterNotice {
 public:
  Notice(AudienceService& service, const ListeningMark& mark, std::unique_ptr<EndNotice> inner)
      : OuterNotice(std::move(inner)), service_(service), mark_(mark) {}
  ~Notice() override {
    const auto heard = heard_.count() >= 0 ? heard_
                                           : std::chrono::duration_cast<std::chrono::milliseconds>(
                                                 service_.runtime_.clock.steady() - mark_.began);
    service_.note_end(mark_, mark_.began_ms + heard.count(), bytes_);
  }
  void set_bytes_sent(std::uint64_t bytes) noexcept override {
    bytes_ = bytes;
    OuterNotice::set_bytes_sent(bytes);
  }
  void set_listened(std::chrono::milliseconds heard) noexcept override {
    heard_ = heard;
    OuterNotice::set_listened(heard);
  }
  bool save(NoticeRecord& saved) const override {
    // A process without an audience keeps no count of listenings, so a later one begins at 1 again.
    if (service_.on()) saved.listening = mark_;
    return OuterNotice::save(saved);
  }

 private:
  AudienceService& service_;
  const ListeningMark mark_;
  std::uint64_t bytes_ = 0;
  std::chrono::milliseconds heard_{-1};
};

AudienceService::AudienceService(Runtime& runtime)
    : runtime_(runtime),
      clock_trust_(runtime.clock),
      journal_thread_(runtime.loops.workers() + kJournalThread, runtime.clock, "journal"),
      database_thread_(runtime.loops.workers() + kDatabaseThread, runtime.clock, "audience") {}

AudienceService::~AudienceService() { stop(); }

std::int64_t AudienceService::now_ms() const { return unix_ms(runtime_.clock.wall()); }

// What its state directory has: the journal, addresses, keys and the name of the master.
Result<void> AudienceService::open_files(const std::string& state) {
  master_path_ = state + "/audience.master";
  if (master_before_)
    master_ = *std::exchange(master_before_, std::nullopt);
  else if (auto told = read_file(master_path_, {.limit = 256}))
    master_ = std::string(trim(told->text));
  if (!is_node_id(master_)) master_.clear();
  auto journal = open_journal(state + "/audience.journal");
  if (!journal) return journal.error();
  journal_ = std::move(*journal);
  if (settings_.keep_addresses.count() > 0) {
    spool_ = std::make_unique<SessionSpool>(addresses_path_, journal_->epoch());
    keeps_addresses_ = true;
    for (const auto& cut : std::exchange(cut_, {})) spool_->ended(cut.open, cut.ended_ms, 0);
  }
  keys_ = std::make_unique<DayKeys>(state + "/audience.keys", random_bytes);
  return {};
}

Result<void> AudienceService::begin_threads() {
  Loop& journals = journal_thread_.loop();
  flush_ = std::make_unique<Timer>(journals, [this] { flush(); });
  alive_ = std::make_unique<Timer>(journals, [this] { alive(); });
  retry_ = std::make_unique<Timer>(journals, [this] { deliver(); });
  unanswered_ = std::make_unique<Timer>(journals, [this] {
    delivers_ = false;
    deliver();
  });
  upkeep_ = std::make_unique<Timer>(database_thread_.loop(), [this] { upkeep(); });
  for (IoThread* const thread : {&journal_thread_, &database_thread_})
    if (auto started = thread->start(); !started) return started;
  return {};
}

void AudienceService::start(const Config& config) {
  if (on()) return;
  const std::string state = state_directory(config);
  addresses_path_ = state.empty() ? "" : session_directory(state);
  // Kept addresses are deleted as soon as that is switched off.
  if (!config.audience.enabled || config.audience.keep_addresses.count() == 0)
    delete_addresses(std::chrono::seconds(-1));
  if (!config.audience.enabled) {
    // Unlocks the file, for a later process that uses it again.
    before_.reset();
    fd_before_.reset();
    return;
  }
  if (state.empty()) {
    runtime_.log.error(kAudienceModule,
                       "<audience> needs a state directory, and there is none; nothing of the "
                       "audience is written down");
    return;
  }
  settings_ = config.audience;
  node_ = node_name(config);
  database_path_ = settings_.database.empty() ? state + "/audience.db" : settings_.database;
  const auto look_at_clock = [this, state] {
    trust_clock(state);
    if (settings_.keep_addresses.count() > 0) delete_addresses(settings_.keep_addresses);
  };
  // Behind a hand-over listeners wait for the loops; the previous process has left a note.
  if (before_)
    database_thread_.loop().post(look_at_clock);
  else
    look_at_clock();
  auto begun = open_files(state);
  if (begun) begun = begin_threads();
  if (!begun) {
    runtime_.log.error(kAudienceModule,
                       begun.error().what + "; nothing of the audience is written down");
    return;
  }
  database_thread_.loop().post([this] {
    if (const auto opened = open_database(); !opened)
      runtime_.log.error(kAudienceModule, opened.error().what + "; the journal waits");
    upkeep_->after(kUpkeepPause);
  });
  // They are the first task of the thread: no row is written without them.
  journal_thread_.loop().post([this] {
    load_keys();
    if (!journal_->shifted().empty()) send_shift(0);  // the last process may have failed to
    flush();
  });
  on_.store(true, std::memory_order_relaxed);
}

Result<std::unique_ptr<Journal>> AudienceService::open_journal(const std::string& path) {
  if (auto before = std::exchange(before_, std::nullopt)) {
    auto journal = Journal::go_on(path, {}, std::move(fd_before_), *before);
    if (journal) {
      lost_reported_ = (*journal)->lost();
      return journal;
    }
    fd_before_.reset();
    runtime_.log.error(kAudienceModule,
                       cat({journal.error().what, "; listenings end where they were heard last"}));
  }
  Journal::Notes notes;
  auto journal = Journal::open(path, {}, hex_encode(random_bytes(16)), notes);
  if (!notes.set_aside.empty())
    runtime_.log.error(kAudienceModule, cat({notes.set_aside, "; it is kept as ", path, ".bad"}));
  if (notes.torn_bytes > 0)
    runtime_.log.warn(kAudienceModule, cat({path, ": its last ", notes.torn_bytes,
                                            " bytes are not a whole row and have been cut off"}));
  if (!notes.cut.empty())
    runtime_.log.info(kAudienceModule,
                      cat({path, ": ", notes.cut.size(),
                           " listenings of the previous run end where they were heard last"}));
  cut_ = std::move(notes.cut);
  return journal;
}

Result<void> AudienceService::write() {
  write_addresses();
  note_clocks();
  return journal_->flush(now_ms());
}

// If the write fails, that of suspend() fails too.
void AudienceService::rest(std::function<void()> then) {
  if (!on()) return then();
  journal_thread_.loop().post([this, then = std::move(then)]() mutable {
    if (write()) journal_->sync();
    suspended_ = true;
    runtime_.loops.control().post(std::move(then));
  });
}

Result<AudienceService::Saved> AudienceService::suspend() {
  auto told = std::make_shared<std::promise<Result<Saved>>>();
  std::future<Result<Saved>> answer = told->get_future();
  journal_thread_.loop().post([this, told] {
    if (auto written = write(); !written) return told->set_value(written.error());
    suspended_ = true;
    told->set_value(Saved{journal_->save(), journal_->descriptor(), next_listening_.load()});
  });
  if (answer.wait_for(kSuspend) == std::future_status::ready) return answer.get();
  resume();
  return Error::io("the disk of the journal of the audience does not answer in time");
}

void AudienceService::resume() {
  if (!on()) return;
  journal_thread_.loop().post([this] {
    suspended_ = false;
    awaken();
  });
}

void AudienceService::take_up(JournalRecord journal, UniqueFd fd, std::uint64_t next_listening,
                              std::optional<std::string> master) {
  before_ = std::move(journal);
  master_before_ = std::move(master);
  fd_before_ = std::move(fd);
  next_listening_ = next_listening;
}

std::unique_ptr<EndNotice> AudienceService::go_on(const ListeningMark& mark,
                                                  std::unique_ptr<EndNotice> inner) {
  return std::make_unique<Notice>(*this, mark, std::move(inner));
}

void AudienceService::stop() {
  if (!on_.exchange(false)) return;
  hand_over();
  journal_thread_.loop().post([this] {
    suspended_ = false;  // a server may end while an upgrade of it waits
    flush();
    journal_->sync();
  });
  journal_thread_.join();
  database_thread_.join();
  if (copier_.joinable()) copier_.join();
  flush_.reset();
  alive_.reset();
  retry_.reset();
  unanswered_.reset();
  upkeep_.reset();
  merge_.reset();
  database_.reset();
}

std::unique_ptr<EndNotice> AudienceService::begin(ListeningFacts facts,
                                                  std::unique_ptr<EndNotice> inner) {
  if (!on()) return inner;
  const std::uint64_t listening = next_listening_.fetch_add(1, std::memory_order_relaxed);
  const std::int64_t at_ms = now_ms();
  const ListeningMark mark{listening, at_ms, runtime_.clock.steady(), facts.cached};
  journal_thread_.loop().post_together(
      [this, listening, at_ms, facts = std::move(facts)] { note_begin(listening, at_ms, facts); });
  return std::make_unique<Notice>(*this, mark, std::move(inner));
}

// A notice that outlives stop() belongs to an ending process, whose journal ends it by itself.
void AudienceService::note_end(const ListeningMark& mark, std::int64_t at_ms, std::uint64_t bytes) {
  if (!on()) return;
  // Its player has come back for further lists.
  const bool hides_bytes = mark.cached && at_ms - mark.began_ms >= kCachedEnough.count();
  journal_thread_.loop().post_together([this, mark, at_ms, bytes, hides_bytes] {
    const auto open = journal_->ended(mark.number, at_ms, bytes, hides_bytes);
    if (spool_ && open) spool_->ended(*open, at_ms, bytes);
    awaken();
  });
}

void AudienceService::note_begin(std::uint64_t listening, std::int64_t at_ms,
                                 const ListeningFacts& facts) {
  const DayKeys::Who who = keys_->who(at_ms / 1000, facts.address, facts.agent, facts.user);
  ListeningBegun row;
  row.at_ms = at_ms;
  row.who = who.today;
  row.before = who.before;
  row.kind = facts.kind;
  row.way = facts.way;
  row.mount = facts.mount;
  row.country = facts.country;
  row.player = player_of(facts.agent);
  note_clocks();
  const std::uint64_t number = journal_->begun(listening, std::move(row));
  if (spool_ && number != 0 && facts.kind == ListenerKind::kPerson)
    spool_->begun(number, {at_ms, 0, 0, facts.address, facts.mount, facts.agent, facts.referer});
  save_keys();
  awaken();
}

void AudienceService::title(const std::string& mount, const std::string& title, WallTime at) {
  if (!on()) return;
  journal_thread_.loop().post_together([this, mount, title, at_ms = unix_ms(at)] {
    journal_->title({at_ms, mount, journal_text(title)});
    awaken();
  });
}

void AudienceService::song(const std::string& mount, const std::string& title, SongFacts facts) {
  if (!on() || title.empty() || facts == SongFacts()) return;
  journal_thread_.loop().post_together(
      [this,
       row = SongDescribed{now_ms(), mount, journal_text(title), std::move(facts)}]() mutable {
        journal_->song(std::move(row));
        awaken();
      });
}

void AudienceService::awaken() {
  if (!flush_->armed()) flush_->after(kFlushPause);
  if (!alive_->armed()) alive_->after(kAlivePause);
}

// Written before the journal, as a repeated end counts once.
void AudienceService::write_addresses() {
  if (!spool_) return;
  if (const auto written = spool_->flush(now_ms()); !written) complain(written.error().what);
  if (const std::uint64_t lost = spool_->lost(); lost > addresses_lost_) {
    addresses_lost_ = lost;
    complain(cat({addresses_path_, ": ", lost, " rows of session files are lost so far"}));
  }
}

void AudienceService::flush() {
  if (suspended_) return;
  if (const auto written = write(); !written) {
    complain(written.error().what);
    retry_->after(kAlivePause);
  }
  report_lost();
  deliver();
}

void AudienceService::report_lost() {
  const std::uint64_t lost = journal_->lost();
  const SteadyTime now = runtime_.clock.steady();
  if (lost == lost_reported_ || now < next_report_) return;
  next_report_ = now + kLostPause;
  runtime_.log.error(kAudienceModule, cat({"the journal is full: ", lost,
                                           " listenings and titles are lost so far"}));
  publish_gap(node_, lost - lost_reported_, "its journal is full");
  lost_reported_ = lost;
}

// While listenings are open, the journal notes that they last until now.
void AudienceService::alive() {
  flush();
  if (suspended_) return;
  journal_->sync();
  if (journal_->open_listenings() > 0) alive_->after(kAlivePause);
}

void AudienceService::complain(const std::string& what) {
  unsigned held = 0;
  if (!guard_.pass(runtime_.clock.steady(), held)) return;
  runtime_.log.error(kAudienceModule, what);
}

std::uint64_t AudienceService::database_bytes() const {
  std::error_code none;
  const auto size = on() ? std::filesystem::file_size(database_path_, none) : 0;
  return none ? 0 : size;
}

void AudienceService::deliver() {
  unsent_.store(journal_->unacknowledged(), std::memory_order_relaxed);
  const bool keys = way_ == Way::kMaster && wants_keys();
  if (way_ == Way::kWait || suspended_ || delivers_ || retry_->armed() ||
      (journal_->unacknowledged() == 0 && !keys))
    return;
  if (way_ == Way::kMaster) return send_book();
  auto batch = journal_->next(kBatch);
  if (!batch) {
    complain(batch.error().what);
    retry_->after(kRetryPause);
    return;
  }
  if (batch->rows.empty() && !journal_->asks()) {  // not written yet
    if (!retry_->armed()) retry_->after(kAlivePause);
    return;
  }
  delivers_ = true;
  database_thread_.loop().post([this, batch = std::move(*batch)] {
    auto merged = merge(node_, batch, AudienceMerge::Origin::kHere);
    journal_thread_.loop().post([this, merged = std::move(merged)] { delivered(merged); });
  });
}

Result<AudienceMerge::Merged> AudienceService::merge(const std::string& node,
                                                     const JournalBatch& batch,
                                                     AudienceMerge::Origin origin,
                                                     std::int64_t ahead_ms) {
  if (const auto opened = open_database(); !opened) return opened.error();
  if (const auto shifted = shift_starts(); !shifted) return shifted.error();
  auto merged = merge_->take(node, batch, origin, now_ms(), ahead_ms);
  if (merged) merged_.fetch_add(merged->added, std::memory_order_relaxed);
  if (!merged && is_broken(database_->failure())) {
    why_ = merged.error().what;
    merge_.reset();
    database_.reset();
  }
  return merged;
}

void AudienceService::delivered(const Result<AudienceMerge::Merged>& merged) {
  delivers_ = false;
  // The next process delivers the batch again; the database ignores known rows.
  if (suspended_) return;
  if (!merged) {
    complain(
        cat({merged.error().what, "; ", journal_->unacknowledged(), " rows wait in the journal"}));
    retry_->after(kRetryPause);
    return;
  }
  if (merged->missing > 0) {
    runtime_.log.error(kAudienceModule, cat({merged->missing, " rows of the journal never came"}));
    publish_gap(node_, merged->missing, "they never came");
  }
  if (!acknowledge(merged->seen)) retry_->after(kRetryPause);
  deliver();
}

Result<void> AudienceService::open_database() {
  if (database_ && !database_->has_moved()) return {};
  if (database_) {
    runtime_.log.warn(kAudienceModule, database_path_ +
                                           ": has been moved or replaced; the file that "
                                           "is there now is used, or another one is made");
    // So that an existing log keeps no page of the previous file.
    database_->clear();
    static_cast<void>(database_->run("PRAGMA wal_checkpoint(TRUNCATE)"));
    merge_.reset();
    database_.reset();
  }
  const SteadyTime now = runtime_.clock.steady();
  if (!why_.empty() && now - tried_ < kRetryPause) return Error::io(why_);
  tried_ = now;
  auto opened = open_audience_database(database_path_);
  if (!opened) {
    why_ = opened.error().what;
    return opened.error();
  }
  if (!std::exchange(why_, {}).empty())
    runtime_.log.info(kAudienceModule, database_path_ + ": is written again");
  database_ = std::move(*opened);
  database_->copies_while(keeps_copying_);
  merge_ = std::make_unique<AudienceMerge>(*database_, settings_.window);
  merge_->set_configured([&config = runtime_.config](const std::string& mount) {
    return named_section(*config.read(), mount) != nullptr;
  });
  return {};
}

}  // namespace lb
