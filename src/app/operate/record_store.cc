// RecordService: opens, loads and watches the store, and passes changes to the parts that depend on
// records.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <span>
#include <utility>

#include "admin/command/station.h"
#include "api/request/plan.h"
#include "api/request/record_book.h"
#include "app/audience/audience_service.h"
#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/conf_source.h"
#include "app/operate/ban_kick.h"
#include "app/operate/certificate_records.h"
#include "app/operate/former_owners.h"
#include "app/operate/logout_records.h"
#include "app/operate/record_service.h"
#include "app/operate/usage_watch.h"
#include "app/pages/due_titles.h"
#include "app/pages/history_service.h"
#include "app/services/archive_service.h"
#include "app/services/event_service.h"
#include "app/services/hls_service.h"
#include "app/services/login_service.h"
#include "app/services/record_overlay.h"
#include "app/services/worker.h"
#include "app/topology/cluster_plans.h"
#include "app/topology/country_watch.h"
#include "app/topology/mount_homes.h"
#include "auth/listener/authenticators.h"
#include "auth/password/password_hash.h"
#include "base/cat.h"
#include "base/file.h"
#include "base/unique_fd.h"
#include "cluster/nodes/public_address.h"
#include "config/load/loader.h"
#include "http/static_files.h"
#include "net/crypto/digest.h"
#include "store/store_registry.h"
#include "stream/source/source_admission.h"

namespace lb {
namespace {

constexpr auto kLoadPause = std::chrono::seconds(1);
// The limit of one commit; 10,000 take 0.2 s.
constexpr std::size_t kReadAtOnce = Registry::kWriteOperations;

constexpr std::uint64_t kLogEnd = 256 * 1024;

// "http://host:8000"
std::string base_address(const std::string& scheme, const std::string& host, int port) {
  const bool usual = (scheme == "http" && port == 80) || (scheme == "https" && port == 443);
  return cat({scheme, "://", host, usual ? "" : cat({":", port})});
}

// The last lines, from the beginning of one.
Result<std::string> end_of_log(const std::string& path) {
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat facts {};
  if (!file || ::fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode))
    return Error{Error::Code::kIo, cat({"the log ", path, " cannot be read"})};
  const auto size = static_cast<std::uint64_t>(facts.st_size);
  const std::uint64_t from = size - std::min<std::uint64_t>(size, kLogEnd);
  std::string text(static_cast<std::size_t>(size - from), '\0');
  text.resize(read_at(file.get(), from, std::as_writable_bytes(std::span(text))));
  if (from > 0) text.erase(0, text.find('\n') + 1);
  return text;
}

}  // namespace

void RecordService::begin(const Config& config, UniqueFunction<void()> ready) {
  ready_ = std::move(ready);
  seals_ = !config.store.keys.empty();
  shared_ = config.store.type == StoreType::kEtcd;
  registry_ = open_store(config.store, services_.loops.control(), services_.store_thread.loop(),
                         services_.log);
  if (!registry_) {
    taken_over_ = false;
    end_of_start();
    return;
  }
  certificates_->prepare();
  if (taken_over_) {
    end_of_start();
  } else {
    note_unread("it has not been read yet");
    start_.after(kStartPatience);
  }
  services_.login->on_ended([this](EndedLogin login) { logouts_->add(std::move(login)); });
  load();
}

void RecordService::end_of_start() {
  if (!ready_) return;
  start_.cancel();
  auto ready = std::exchange(ready_, nullptr);
  ready();
}

void RecordService::load() {
  registry_->load([this](Result<RegistryContent> content) { loaded(std::move(content)); });
}

void RecordService::loaded(Result<RegistryContent> content) {
  if (stopped_) return;
  if (!content) {
    services_.log.error("store/load", cat({"the store cannot be read: ", content.error().what,
                                           "; it is tried again in 1 s, and until then ",
                                           taken_over_ ? "the records stay as they were"
                                                       : "there are no records"}));
    if (!taken_over_) note_unread(content.error().what);
    wait_less(content.error());
    for (const JobPtr& job : std::exchange(before_open_, {})) finish(job, read_only());
    retry_.after(kLoadPause);
    return;
  }
  services_.loops.clerk().post([this, content = *std::move(content)] {
    std::vector<std::string> complaints;
    auto book = RecordBook::make(content, complaints);
    services_.loops.control().post(
        [this, book = std::move(book), complaints = std::move(complaints)]() mutable {
          if (!stopped_) opened(std::move(book), complaints);
        });
  });
}

void RecordService::opened(std::shared_ptr<const RecordBook> book,
                           const std::vector<std::string>& complaints) {
  complain(complaints);
  services_.log.info(
      "store/load",
      cat({"the store has ", book->mounts().size(), " mounts, ", book->accounts().size(),
           " accounts and ", book->users().size(), " users at revision ", book->revision()}));
  const std::uint64_t revision = book->revision();
  publish(std::move(book), !std::exchange(taken_over_, false));
  // Reports the changes made meanwhile.
  registry_->watch(revision, [this](RegistryChange change) { changed(std::move(change)); });
  logouts_->begin(*registry_);
  ban_sweep_.begin(*registry_);
  if (shared_) usages_.begin(*registry_);
  keys_.begin(*registry_);
  certificates_->begin(*registry_);
  for (const JobPtr& job : std::exchange(before_open_, {})) commit(job);
}

void RecordService::changed(RegistryChange change) {
  if (stopped_) return;
  if (registry_) keys_.note_deleted(change);
  if (reading_ || change.set.size() + change.deleted.size() > kReadAtOnce) {
    to_read_.push_back(std::move(change));
    if (!reading_) read_more();
    return;
  }
  std::vector<std::string> complaints;
  auto book = view_.read()->book->after(change, complaints);
  complain(complaints);
  publish(std::move(book), false);
}

void RecordService::read_more() {
  reading_ = true;
  services_.loops.clerk().post(
      [this, book = view_.read()->book, changes = std::exchange(to_read_, {})]() mutable {
        std::vector<std::string> complaints;
        for (const RegistryChange& change : changes) book = book->after(change, complaints);
        services_.loops.control().post(
            [this, book = std::move(book), complaints = std::move(complaints)]() mutable {
              if (stopped_) return;
              complain(complaints);
              publish(std::move(book), false);
              if (!to_read_.empty()) return read_more();
              reading_ = false;
              for (auto& go_on : std::exchange(behind_reading_, {})) go_on();
            });
      });
}

void RecordService::note_unread(std::string why) {
  RecordView view = *view_.read();
  view.unread = std::move(why);
  view_.publish(std::make_shared<const RecordView>(std::move(view)));
}

// Connections are soon accepted without records; but an ending process may still lock the files.
void RecordService::wait_less(const Error& error) {
  const bool in_use = error.code == Error::Code::kDenied &&
                      services_.config.read()->store.type == StoreType::kFiles;
  if (ready_ && !in_use && !std::exchange(failed_, true)) start_.after(kUnreadPatience);
}

MountRecords RecordService::restore(const RegistryContent& content) {
  std::vector<std::string> complaints;
  auto book = RecordBook::make(content, complaints);
  return begin_with(std::move(book), complaints);
}

MountRecords RecordService::begin_with(std::shared_ptr<const RecordBook> book,
                                       const std::vector<std::string>& complaints) {
  complain(complaints);
  const auto before = view_.read();
  view_.publish(std::make_shared<const RecordView>(RecordView{book}));
  services_.users.publish(book->user_book());
  bans_.publish(std::make_shared<const BanList>(book->all_bans()));
  bitrates_.follow(*before->book, *book);
  laid_revision_ = book->revision();
  services_.overlay->set_stations(book->station_records());
  return book->effective_mounts();
}

void RecordService::follow(RegistryChange change, const std::vector<std::string>& replaced) {
  if (registry_) return;
  replaced_.insert(replaced.begin(), replaced.end());
  changed(std::move(change));
}

void RecordService::complain(const std::vector<std::string>& complaints) {
  for (const std::string& text : complaints) services_.log.error("store/record", text);
}

void RecordService::publish(std::shared_ptr<const RecordBook> book, bool first) {
  const auto before = view_.read();
  view_.publish(std::make_shared<const RecordView>(RecordView{book}));
  if (registry_) {
    services_.links->conf().set_records(book);
    life_.follow(*registry_, book);
    keys_.follow(book);
    certificates_->follow(book);
    logouts_->follow(book);
    ban_sweep_.follow(book);
    usages_.follow(book);
  }
  // Posted, so that present commits are reported first.
  if (!behind_.empty()) services_.loops.control().post([this] { plan_those_behind(); });
  if (first || before->book->users() != book->users() || before->book->tokens() != book->tokens())
    services_.users.publish(book->user_book());
  // Token readers too; publish_logins() ends sessions of users.
  if (!first && before->book->tokens() != book->tokens()) services_.events->stream().check_logins();
  if (registry_ &&
      (first || before->book->users() != book->users() ||
       before->book->masters() != book->masters() || before->book->ended() != book->ended()))
    publish_logins(*book);
  if (before->book->users() != book->users() || before->book->bans() != book->bans())
    services_.auth->forget_answers();
  if (first || before->book->bans() != book->bans()) {
    bans_.publish(std::make_shared<const BanList>(book->all_bans()));
    for (const auto& [id, row] : book->bans())
      if (row->value.kick && (first || before->book->ban(id) == nullptr)) kick(row->value);
  }
  if (first || before->book->weights() != book->weights())
    services_.cluster->set_weights(book->all_weights());
  if (!first) note_endings(*before->book, *book);
  const RecordBook none;
  const RecordBook& followed = first ? none : *before->book;
  bitrates_.follow(followed, *book);
  if (registry_) moves_.follow(followed, *book);
  if (first) services_.usage->records_read();
  services_.overlay->set_stations(book->station_records());
  services_.overlay->set_store(book->effective_mounts(),
                               [this, revision = book->revision()] { laid(revision); });
}

void RecordService::laid(std::uint64_t revision) {
  if (stopped_) return;
  laid_revision_ = revision;
  if (registry_) services_.overlay->came(RecordOverlay::kStore);
  end_of_start();
  end_sources();
  settle_applied();
}

void RecordService::note_endings(const RecordBook& before, const RecordBook& now) {
  const auto config = services_.config.read();
  const auto note = [&](const std::string& name, const auto* was, const auto* is) {
    // The record in force was deleted, and another store has one of the same name.
    const bool is_other = replaced_.erase(record_key("mounts", name)) > 0;
    if (was == nullptr) return services_.titles.note_owner(name, (*is)->value.account);
    if (is == nullptr) {
      formers_->note(name, (*was)->value.account, services_.clock.steady());
      services_.titles.note_former(name, (*was)->value.account);
      services_.due_titles->forget(name);
      services_.admission->forget_rest(name);
      endings_.push_back({now.revision(), name, ""});
      return;
    }
    const MountRecord& record = (*was)->value;
    const MountRecord& next = (*is)->value;
    if (record.account != next.account) {
      services_.titles.note_former(name, record.account);
      services_.titles.note_owner(name, next.account);
      services_.admission->forget_rest(name);
    }
    // Ending the source would end its listeners too: end_moved_sources() keeps them.
    if (!is_other && leaves(*config, record, next)) return;
    const auto& left = next.sources;
    for (const RecordLogin& login : record.sources)
      if (std::none_of(left.begin(), left.end(), [&](const RecordLogin& one) {
            const bool closed = one.hash == kNoPassword && login.hash != kNoPassword;
            return one.user == login.user && !closed && (!is_other || one.hash == login.hash);
          }))
        endings_.push_back({now.revision(), name, login.user});
  };
  for_each_change(before.mounts(), now.mounts(), note);
}

void RecordService::end_sources() {
  if (endings_.empty()) return;
  const auto config = services_.config.read();
  std::erase_if(endings_, [&](const Ending& ending) {
    if (ending.revision > laid_revision_) return false;
    if (file_section(*config, ending.mount) != nullptr) return true;
    for (const auto& encoder : services_.admission->encoders_of(ending.mount))
      if (ending.user.empty() || encoder.user == ending.user)
        Worker::end_source(services_, encoder.home, encoder.id, EndReason::kKilled);
    return true;
  });
}

void RecordService::publish_logins(const RecordBook& book) {
  std::vector<SessionRecords::Row> rows;
  for (const auto& [key, value] : book.masters()) rows.push_back({key, *value});
  std::vector<std::string> complaints;
  SessionRecords reader;
  SessionKeys keys = reader.read(rows, node_name(*services_.config.read()), complaints);
  complain(complaints);
  for (const auto& [name, row] : book.users())
    keys.users.emplace(name, std::shared_ptr<const User>(row, &row->value));
  for (const auto& [sid, row] : book.ended()) keys.ended.emplace(sid, row->value.until);
  services_.login->take_store(std::move(keys));
}

void RecordService::reload() {
  if (registry_) registry_->reload();
  keys_.check();
  certificates_->check();
}

void RecordService::stop() {
  stopped_ = true;
  ready_ = nullptr;
  bitrates_.stop();
  life_.stop();
  keys_.stop();
  certificates_->stop();
  logouts_->stop();
  ban_sweep_.stop();
  usages_.stop();
  moves_.stop();
  catch_up_.cancel();
  patience_.cancel();
  retry_.cancel();
  start_.cancel();
  rest_.cancel();
}

ApiWorld RecordService::world(const Config& config) const {
  ApiWorld world;
  world.node = node_name(config);
  world.keeps_addresses = services_.listenings->keeps_addresses();
  if (config.audience.enabled && !services_.listenings->on())
    world.audience_why =
        "the audience is not written down, since this server could not begin or since its start "
        "was before <audience>: the error log says why";
  world.source_url = world.listen_http = base_address("http", config.hostname, config.port);
  for (const ListenSettings& socket : config.listen)
    if (socket.tls) world.listen_https = base_address("https", config.hostname, socket.port);
  if (!config.cluster.public_addresses.empty()) {
    for (const NodeAddress& address : own_addresses(config)) {
      if (address.scheme == PublicScheme::kHttps)
        world.listen_https = origin_of(address);
      else
        world.source_url = world.listen_http = origin_of(address);
    }
  }
  PlaceCandidate self;
  self.node = world.node;
  if (services_.drain.draining()) self.state = NodeState::kDraining;
  self.url = world.source_url;
  self.tags = config.cluster.tags;
  self.countries = countries_of(config.cluster.countries);
  const NodeCapacity capacity = own_capacity(config, services_.cluster->facts()->places);
  self.max_sources = capacity.sources;
  self.max_ingest_kbps = static_cast<std::uint64_t>(std::llround(capacity.ingest_kbps));
  world.nodes.push_back(std::move(self));
  world.seals = seals_.load(std::memory_order_relaxed);
  auto linked = std::as_const(services_.cluster->decider())
                    .with_table([this, &config](const NodeTable& table) {
                      return linked_candidates(config, table, services_.clock.steady());
                    });
  std::move(linked.begin(), linked.end(), std::back_inserter(world.nodes));
  world.random = random_bytes;
  world.hash = hash_password;
  world.matches = password_matches;
  world.now_of = [this](const std::string& name) {
    MountNow now = sight_.mount_now(name);
    now.former = formers_->of(name, services_.clock.steady());
    now.is_file = services_.files.read()->has_file(name);
    return now;
  };
  world.titles_of = [&titles = services_.titles](const std::string& name) {
    return titles.of(name);
  };
  world.playing_after = [mounts = services_.mounts.all()](const std::string& after) {
    for (auto at = mounts->upper_bound(after); at != mounts->end(); ++at)
      if (at->second->is_fed()) return at->first;
    return std::string();
  };
  world.audit = [path = config.paths.logdir + "/audit.log"](const AuditBack& back,
                                                            const AuditJudge& judge) {
    return read_audit_back(path, back, judge);
  };
  world.log_end = end_of_log;
  world.check_file = [&file = services_.configuration] {
    return load_config_file(file.path, file.options);
  };
  world.history = services_.history->history();
  world.recorded_bytes = [&catalog = services_.archive->catalog()](const std::string& name) {
    return catalog.files(name)->bytes();
  };
  world.usage = services_.usage->view();
  return world;
}

void RecordService::query_listeners(const std::string& mount, ApiSight::Then then) {
  ApiRequest request;
  request.names = {mount};
  request.query = cat({"most=", kMaxListeners});
  // All readers of /api/v1/live share these questions, so they are one lane.
  sight_.check(Look::kListeners, request, " live", std::move(then));
}

void RecordService::share_usage(const UsageBook& own) {
  if (shared_ && !stopped_) usages_.set(own, node_name(*services_.config.read()));
}

void RecordService::claim_usage(const std::vector<UsageNotice>& notices,
                                UsageRecords::Announce announce) {
  if (stopped_) return;
  if (shared_) return usages_.claim(notices, std::move(announce));
  for (const UsageNotice& notice : notices) announce(notice);
}

std::int64_t RecordService::time_of_bans() const {
  const bool own = services_.config.read()->store.type != StoreType::kNone;
  const auto ahead =
      own ? std::chrono::milliseconds(0) : services_.cluster->master_clocks()->nearest();
  return unix_seconds(services_.clock.wall() + ahead);
}

void RecordService::kick(const Ban& ban) {
  auto list = std::make_shared<const BanList>(std::vector<Ban>{ban});
  const auto mounts = services_.mounts.all();
  const std::int64_t now = time_of_bans();
  const BanKick::IsBanned is_banned =
      [this, list, now](const std::string& mount, const std::string& ip, const std::string& user) {
        const Address address = Address::parse(ip, 0).value_or(Address());
        const std::string country =
            list->has_countries() ? services_.countries->country_of(address) : std::string();
        return list->find({address, user, country, mount}, now) != nullptr;
      };
  for (const auto& worker : services_.workers)
    BanKick::begin(services_, worker.get(), mounts, is_banned);
  BanKick::begin(services_, nullptr, mounts, is_banned);
  // A standby too, which would be heard later.
  for (const auto& [name, mount] : *mounts)
    for (const auto& encoder : services_.admission->encoders_of(name))
      if (encoder.facts && is_banned(name, encoder.facts->source_ip, ""))
        Worker::end_source(services_, encoder.home, encoder.id, EndReason::kKilled);
}

}  // namespace lb
