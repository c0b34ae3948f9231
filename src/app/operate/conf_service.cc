#include "app/operate/conf_service.h"

#include <sys/mman.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "acme/certificate.h"
#include "api/request/request.h"
#include "app/certificates/certificate_orders.h"
#include "app/cluster/cluster_links.h"
#include "app/cluster/master_links.h"
#include "app/operate/record_service.h"
#include "app/operate/usage_watch.h"
#include "app/services/login_service.h"
#include "app/services/record_overlay.h"
#include "app/services/services.h"
#include "app/topology/stream_offers.h"
#include "auth/listener/authenticators.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/json.h"
#include "cluster/link/master_session.h"
#include "config/mounts/mount_record.h"

namespace lb {
namespace {

constexpr std::string_view kConfModule = "cluster/conf";
constexpr std::string_view kConfFile = "conf.cache";
constexpr std::size_t kMaxShared = 1 << 30;

bool is_record(std::string_view key) noexcept {
  return key.starts_with("mounts/") || key.starts_with("stations/") || key.starts_with("bans/");
}
constexpr std::string_view kExternalFamily = "external/";
bool is_external(std::string_view key) noexcept { return key.starts_with(kExternalFamily); }

// Calls each() for the items of one family in force, by key.
template <class Each>
void for_each_of(const ConfBook::Items& items, std::string_view family, Each each) {
  for (auto at = items.lower_bound(family); at != items.end() && at->first.starts_with(family);
       ++at)
    each(at->first, *at->second);
}

constexpr std::string_view kClosedFamily = "closed/";
constexpr std::string_view kCertificateFamily = "certificate/", kChallengeFamily = "challenge/";
bool is_of_https(std::string_view key) noexcept {
  return key.starts_with(kCertificateFamily) || key.starts_with(kChallengeFamily);
}

// 0: no certificate can be read.
std::int64_t end_of_certificate(const std::string& value) {
  const auto json = Json::parse(value);
  const auto facts = certificate_facts(json ? json->at("pem").text().value_or("") : "");
  return facts ? unix_seconds(facts->ends) : 0;
}

// Parses the masters' external mounts.
MountRecords parse_external(const ConfBook::Items& items, std::vector<std::string>& complaints) {
  MountRecords records;
  for_each_of(items, kExternalFamily, [&](const auto& key, const std::string& value) {
    if (auto record = parse_mount_record(value)) {
      record->of_master = true;
      records.set(record->mount, std::make_shared<const MountRecord>(*record));
    } else {
      complaints.push_back(cat({key, ": ", record.error().what, "; it is left out"}));
    }
  });
  return records;
}

}  // namespace

ConfService::ConfService(Network& network)
    : network_(network),
      copy_(network.loops.control(), network.disk.loop(),
            {[this] { return copy(); },
             [&network](const std::string& why) {
               network.log.error(kConfModule,
                                 why + "; the copy of what the masters say is an older one");
             }}) {
  network.links->set_conf_taker(
      {[this](const std::string& master, const ConfFrame& frame) { take(master, frame); },
       [this] { masters_changed(); },
       [this](const std::string& master, const std::string& mount) {
         return is_record_of(master, mount);
       }});
}

UniqueFd ConfService::share() const {
  if (own_store_ || book_.in_force().empty()) return {};
  UniqueFd file(::memfd_create("conf", MFD_CLOEXEC));
  auto pieces = conf_book_pieces(book_.master_copies());
  for (std::string_view piece = pieces(); !piece.empty(); piece = pieces())
    if (!file || !write_all(file.get(), piece)) return {};
  return file;
}

void ConfService::take_over(const UniqueFd& shared) { shared_ = read_shared(shared, kMaxShared); }

ConfService::Restored ConfService::restore(const Config& config) {
  own_store_ = config.store.type != StoreType::kNone;
  if (own_store_) return {};
  const std::string directory = state_directory(config);
  if (!directory.empty()) path_ = cat({directory, '/', kConfFile});
  std::optional<std::string> text = std::exchange(shared_, std::nullopt);
  const std::string from = text ? "the previous process" : path_;
  if (config.masters.empty()) return {};
  if (!text && !path_.empty())
    if (auto file = read_file(path_)) text = std::move(file->text);
  if (!text) return {};
  auto book = ConfBook::parse(*text);
  if (!book) {
    network_.log.error(kConfModule, cat({from, ": ", book.error().what,
                                         "; it is not used, and until a master "
                                         "is linked there are no records"}));
    return {};
  }
  book_ = std::move(*book);
  (void)book_.settle(end_of_certificate);
  RegistryContent content;
  content.revision = ++number_;
  for (const auto& [key, value] : book_.in_force())
    if (is_record(key)) content.records.push_back({key, *value, number_});
  network_.log.info(kConfModule, cat({from, ": ", book_.in_force().size(),
                                      " items of the last run are in force until a master is "
                                      "linked"}));
  Restored restored;
  restored.known = book_.master_copies().size() >= config.masters.size();
  restored.records = network_.records->restore(content);
  std::vector<std::string> complaints;
  restored.external = parse_external(book_.in_force(), complaints);
  complain(complaints);
  take_https();
  return restored;
}

void ConfService::stop() {
  stopped_ = true;
  copy_.stop();
}

void ConfService::take(const std::string& master, const ConfFrame& frame) {
  if (own_store_ || stopped_) return;
  book_.take(master, frame);
  if (frame.more) return;
  copy_.changed();
  settle();
  came();
  network_.certificates->conf_came();
}

// Whether the records of all masters are known: a record that is not known may keep what another
// section would remove.
bool ConfService::knows_masters() const {
  const auto copies = book_.master_copies();
  const auto& links = network_.links->masters().links();
  return std::all_of(links.begin(), links.end(), [&copies](const MasterLink& link) {
    const MasterSession& session = *link.session;
    const auto copy = std::ranges::find(copies, session.master_id(), &ConfBook::MasterCopy::master);
    const WelcomeFrame* const welcome = session.welcome();
    if (welcome != nullptr && !(session.knows_conf() && welcome->accounts)) return true;
    // Life 0: it has not read its store yet.
    return copy != copies.end() && (welcome == nullptr || copy->life != 0);
  });
}

// The clerk may still read items of this run: what is posted there now comes behind them.
void ConfService::came() {
  if (!network_.overlay->awaits(RecordOverlay::kMasters) || !knows_masters()) return;
  network_.loops.clerk().post([this] {
    network_.loops.control().post([this] {
      if (!stopped_) network_.overlay->came(RecordOverlay::kMasters);
    });
  });
}

void ConfService::masters_changed() {
  if (own_store_ || stopped_) return;
  std::vector<ConfBook::Master> masters;
  for (const MasterLink& link : network_.links->masters().links())
    masters.push_back({link.session->name(), link.session->master_id(), link.session->linked(),
                       network_.links->masters().sends_logins(link)});
  book_.set_masters(std::move(masters));
  settle();
  came();
  if (network_.config.read()->masters.empty()) network_.overlay->came(RecordOverlay::kMasters);
  if (std::exchange(first_, false) && !book_.in_force().empty()) {
    publish_logins();
    accounts_closed();
    take_https();
  }
}

void ConfService::settle() {
  const ConfBook::Change change = book_.settle(end_of_certificate);
  for (const std::string& text : book_.take_remarks()) network_.log.warn(kConfModule, text);
  if (change.empty()) return;
  copy_.changed();
  RegistryChange records;
  records.revision = ++number_;
  bool external = false, logins = false, users = false, closed = false, https = false;
  const auto sort = [&](const std::string& key) {
    const bool is_closed = key.starts_with(kClosedFamily);
    external = external || is_external(key);
    closed = closed || is_closed;
    https = https || is_of_https(key);
    logins = logins || (!is_record(key) && !is_external(key) && !is_closed && !is_of_https(key));
    users = users || key.starts_with(kEpochsFamily);
    return is_record(key);
  };
  for (const auto& [key, value] : change.set)
    if (sort(key)) records.set.push_back({key, *value, number_});
  for (const std::string& key : change.removed)
    if (sort(key)) records.deleted.push_back(key);
  if (!records.set.empty() || !records.deleted.empty())
    network_.records->follow(std::move(records), change.replaced);
  if (external && network_.config.read()->external.url.empty()) external_is_free();
  if (closed) accounts_closed();
  if (https) take_https();
  if (!logins) return;
  publish_logins();
  if (users) network_.auth->forget_answers();
}

void ConfService::publish_logins() {
  std::vector<RegistryRecord> all;
  for (const std::string_view family : {kEndedFamily, kEpochsFamily, kKeysFamily, kMastersFamily})
    for_each_of(book_.in_force(), family, [&](const std::string& key, const std::string& value) {
      all.push_back({key, value, number_});
    });
  network_.login->take_records(all);
}

void ConfService::accounts_closed() {
  UsageWatch::Closed closed;
  for_each_of(book_.in_force(), kClosedFamily,
              [&](const std::string& key, const std::string& value) {
                const auto name = percent_decode(key.substr(kClosedFamily.size()), false);
                if (const auto one = UsageWatch::parse_closed(value); name && one)
                  closed[*name] = *one;
              });
  network_.usage->take_closed(std::move(closed));
}

void ConfService::take_https() {
  std::map<std::string, std::string> challenges;
  for_each_of(book_.in_force(), kChallengeFamily,
              [&](const std::string& key, const std::string& value) { challenges[key] = value; });
  network_.certificates->take_challenges(challenges);
  std::vector<CertificateOrders::Given> given;
  for_each_of(book_.in_force(), kCertificateFamily,
              [&](const std::string&, const std::string& value) {
                const auto json = Json::parse(value);
                if (!json) return;
                CertificateOrders::Given one;
                const Json names = json->at("names");
                for (std::size_t i = 0; i < names.size(); ++i)
                  one.names.emplace_back(names.at(i).text().value_or(""));
                one.pem = json->at("pem").text().value_or("");
                if (!one.pem.empty()) given.push_back(std::move(one));
              });
  network_.certificates->take(std::move(given));
}

void ConfService::complain(const std::vector<std::string>& complaints) {
  for (const std::string& text : complaints) network_.log.error(kConfModule, text);
}

// Parsed on the clerk, as there may be many.
void ConfService::external_is_free() {
  if (own_store_ || stopped_) return;
  network_.loops.clerk().post([this, number = ++external_wanted_, items = book_.in_force()] {
    std::vector<std::string> complaints;
    auto records = parse_external(items, complaints);
    network_.loops.control().post([this, number, records = std::move(records),
                                   complaints = std::move(complaints)]() mutable {
      const bool past = number != external_wanted_ || !network_.config.read()->external.url.empty();
      if (stopped_ || past) return;
      complain(complaints);
      network_.overlay->set_external(std::move(records));
    });
  });
}

// A section of the same name in the file wins over the record.
bool ConfService::is_record_of(const std::string& master, const std::string& mount) const {
  const auto config = network_.config.read();
  const MountSettings& section = mount_section(*config, mount);
  if (section.name != mount) return false;
  if (section.origin == MountOrigin::kStore) return book_.owns(master, record_key("mounts", mount));
  return section.origin == MountOrigin::kMaster &&
         book_.owns(master, record_key("external", mount));
}

SavedCopy::Write ConfService::copy() {
  if (path_.empty()) {
    if (!book_.in_force().empty() && !std::exchange(warned_, true))
      network_.log.warn(kConfModule,
                        "no directory is known for a copy of what the masters say "
                        "(<paths><state-dir>, or $STATE_DIRECTORY): a start without them has no "
                        "records");
    return nullptr;
  }
  // Written in pieces, so that 128 MiB of text are never in memory as a whole.
  return [path = path_, said = book_.master_copies()]() mutable {
    return replace_file(path, conf_book_pieces(std::move(said)));
  };
}

}  // namespace lb
