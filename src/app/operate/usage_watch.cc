#include "app/operate/usage_watch.h"

#include <utility>

#include "api/request/record_book.h"
#include "app/audience/audience_service.h"
#include "app/cluster/cluster_links.h"
#include "app/cluster/conf_source.h"
#include "app/operate/record_service.h"
#include "app/services/event_service.h"
#include "app/services/record_overlay.h"
#include "app/services/services.h"
#include "base/cat.h"
#include "base/file.h"
#include "base/json.h"
#include "config/settings/config.h"

namespace lb {
namespace {

constexpr std::string_view kUsageModule = "audience/usage";
constexpr std::size_t kLongestLevels = 4 << 20;

}  // namespace

UsageWatch::UsageWatch(Network& network)
    : network_(network),
      view_(std::make_shared<const UsageBook>()),
      told_(std::make_shared<const Closed>()),
      timer_(network.loops.control(), [this] { check(); }) {}

bool UsageWatch::counts(const Config& config) {
  return config.audience.enabled || config.store.type != StoreType::kNone ||
         !config.external.url.empty();
}

void UsageWatch::read_levels(const Config& config) {
  const std::string directory = state_directory(config);
  if (!levels_path_.empty() || !counts(config) || directory.empty()) return;
  levels_path_ = directory + "/audience.quotas";
  if (const auto file = read_file(FileAt(levels_path_), {.limit = kLongestLevels}); file)
    levels_ = parse_usage_levels(file->text, month_);
}

void UsageWatch::prepare(const Config& config) {
  read_levels(config);
  prepared_ = !levels_path_.empty();
}

// The previous process may have sent more events since.  Nothing is counted before they are known.
void UsageWatch::read_again() {
  under_way_ = true;
  network_.disk.loop().post([this, path = levels_path_] {
    const auto file = read_file(FileAt(path), {.limit = kLongestLevels});
    network_.loops.control().post([this, text = file ? file->text : std::string()] {
      under_way_ = false;
      if (text.empty()) return;
      levels_ = parse_usage_levels(text, month_);
      close_kept();
    });
  });
}

void UsageWatch::configure(const Config& config) {
  const bool is_first = levels_path_.empty() || prepared_;
  read_levels(config);
  if (is_first && !levels_path_.empty()) close_kept();
  if (std::exchange(prepared_, false)) read_again();
  if (counts(config))
    timer_.after(std::chrono::seconds(1));
  else
    timer_.cancel();
  suspend();
}

void UsageWatch::close_kept() {
  const auto records = network_.records->view();
  UsageBook usage = no_usage(*network_.config.read(), *records->book, network_.clock.wall());
  if (usage.month != month_) return;
  usage.used.clear();  // not known yet
  for (const auto& [of, level] : levels_)
    if (const auto limit = usage.limits.find(of.first);
        level == 100 && limit != usage.limits.end() && limit->second.closes)
      usage.closed.insert(of.first);
  if (!usage.closed.empty()) publish(usage);
}

void UsageWatch::publish(const UsageBook& usage) {
  std::map<std::string, std::string> closed;
  for (const std::string& name : usage.closed)
    closed[name] = closed_json({usage.until, usage.suspends(name)});
  network_.links->conf().set_closed(closed);
  view_.publish(std::make_shared<const UsageBook>(usage));
  suspend();
}

void UsageWatch::take_closed(Closed closed) {
  told_.publish(std::make_shared<const Closed>(std::move(closed)));
  suspend();
}

void UsageWatch::suspend() {
  const std::int64_t now = unix_seconds(network_.clock.wall());
  RecordOverlay::Names names;
  const auto told = told_.read();
  for (const auto& [name, one] : *told)
    if (one.suspends && now < one.until) names.insert(name);
  // A month may end while no master is linked.
  if (!names.empty() && !timer_.armed()) timer_.after(kEvery);
  const auto usage = view_.read();
  for (const std::string& name : usage->closed)
    if (now < usage->until && usage->suspends(name)) names.insert(name);
  network_.overlay->set_suspended(std::move(names));
}

std::string UsageWatch::closed_json(const ClosedOne& one) {
  JsonWriter json;
  json.begin_object().key("until").number(one.until);
  if (one.suspends) json.key("suspends").boolean(true);
  json.end_object();
  return json.take();
}

std::optional<UsageWatch::ClosedOne> UsageWatch::parse_closed(std::string_view json) {
  const auto parsed = Json::parse(json);
  const auto until = parsed ? parsed->at("until").u64() : std::nullopt;
  if (!until) return std::nullopt;
  return ClosedOne{static_cast<std::int64_t>(*until),
                   parsed->at("suspends").boolean().value_or(false)};
}

bool UsageWatch::is_closed(std::string_view name) const {
  const std::int64_t now = unix_seconds(network_.clock.wall());
  const auto told = told_.read();
  const auto row = told->find(name);
  if (row != told->end() && now < row->second.until) return true;
  const auto usage = view_.read();
  return now < usage->until && usage->closed.contains(name);
}

std::string_view UsageWatch::why_closed(const std::string& mount) const {
  const auto config = network_.config.read();
  const MountSettings& section = mount_section(*config, mount);
  if (section.name != mount || section.origin == MountOrigin::kFile) return {};
  if (is_closed(mount)) return "mount-quota";
  return !section.account.empty() && is_closed(section.account) ? "account-quota" : "";
}

void UsageWatch::check() {
  timer_.after(kEvery);
  suspend();
  AudienceService& audience = *network_.listenings;
  if (under_way_) return;
  const auto records = network_.records->view();
  if (!records->unread.empty()) return;  // the limits are unknown, and the file's notices stay
  const auto config = network_.config.read();
  const bool quotas = !month_limits(*config, *records->book).empty();
  const bool has_accounts = !records->book->accounts().empty();
  had_accounts_ = had_accounts_ || has_accounts;
  if (!quotas) {
    if (const auto before = view_.read(); !before->used.empty() || !before->closed.empty()) {
      publish(UsageBook());
    }
    levels_.clear();
    // Once more after the last account, whose mounts a later one with its name must not have.
    if (!had_accounts_) return;
  }
  if (!audience.on() || audience.sends_up()) {
    if (quotas) counted(no_usage(*config, *records->book, network_.clock.wall()));
    return;
  }
  under_way_ = audience.ask("", [this, records, quotas, has_accounts, config](
                                    Sqlite* database, const std::string& why) {
    auto usage = database == nullptr
                     ? Result<UsageBook>(Error::io(why))
                     : month_usage(*config, *records->book, *database, network_.clock.wall());
    // Without quotas this has only kept the accounts of mounts.
    network_.loops.control().post([this, quotas, has_accounts, usage = std::move(usage)]() mutable {
      if (usage) had_accounts_ = has_accounts;
      if (quotas)
        counted(std::move(usage));
      else
        under_way_ = false;
    });
  });
}

void UsageWatch::keep_levels() {
  std::string text = usage_levels_text(month_, levels_);
  if (levels_path_.empty() || text == kept_) return;
  kept_ = text;
  network_.disk.loop().post([this, path = levels_path_, text = std::move(text)] {
    if (const auto written = replace_file(FileAt(path), text, {.synced = Synced::kBytes}); !written)
      network_.log.warn(kUsageModule,
                        written.error().what + "; events of quotas come again after a restart");
  });
}

void UsageWatch::counted(Result<UsageBook> own) {
  under_way_ = false;
  const auto records = network_.records->view();
  const auto config = network_.config.read();
  if (own) {
    own_ = *std::move(own);
  } else {
    if (unsigned held = 0; guard_.pass(network_.clock.steady(), held))
      network_.log.error(kUsageModule,
                         own.error().what + "; quotas of hours and transfer wait for it");
    if (own_.month != no_usage(*config, *records->book, network_.clock.wall()).month) return;
  }
  own_.limits = month_limits(*config, *records->book);
  // With files no other master shares the store.
  const bool counts = (network_.listenings->on() && !network_.listenings->sends_up()) ||
                      config->store.type == StoreType::kEtcd;
  if (!counts && !std::exchange(warned_, true))
    network_.log.warn(
        kUsageModule,
        "accounts or mounts have a limit of hours or transfer, and this server has no "
        "database of an <audience/>: nothing is counted, and no listener is kept out");
  network_.records->share_usage(own_);
  known(with_shares(own_, *records->book, node_name(*config)));
}

void UsageWatch::tell(const UsageNotice& notice) {
  const auto view = view_.read();
  const UsageBook& usage = *view;
  const auto found = usage.used.find(notice.name);
  const auto row = usage.limits.find(notice.name);
  // The store may have been down for long, and the limit may have changed.
  const auto level = levels_.find({notice.name, notice.what});
  if (row == usage.limits.end() || found == usage.used.end() || level == levels_.end() ||
      level->second < notice.percent)
    return;
  const MonthUsage& used = found->second;
  const bool of_hours = notice.what == "hours", of_mount = is_mount_name(notice.name);
  const bool closes = row->second.closes, suspends = row->second.suspends;
  const std::uint64_t limit = (of_hours ? row->second.hours : row->second.transfer).value_or(0),
                      amount = of_hours ? used.hours() : used.bytes;
  const std::string_view then = notice.percent < 100 || !closes ? ""
                                : suspends                      ? "; it is suspended"
                                : of_mount                      ? "; it takes no new listener"
                                           : "; its mounts take no new listener";
  network_.log.warn(kUsageModule, cat({of_mount ? "mount " : "account ", notice.name, " has used ",
                                       amount, " of its ", limit,
                                       of_hours ? " hours of " : " bytes of ", usage.month, then}));
  EventService::Details details{
      {"what", std::string(notice.what)}, {"percent", std::to_string(notice.percent)},
      {"used", std::to_string(amount)},   {"limit", std::to_string(limit)},
      {"hard", closes ? "1" : "0"},       {"month", usage.month}};
  if (of_mount)
    details.emplace_back("on-quota", suspends ? "suspend" : closes ? "refuse-new" : "tell");
  network_.events->publish(of_mount ? "quota" : "account-quota", notice.name, std::move(details));
}

void UsageWatch::known(const UsageBook& usage) {
  UsageLevels levels = usage_levels(usage);
  if (month_ != usage.month) levels_.clear();
  month_ = usage.month;
  const std::vector<UsageNotice> notices = usage_notices(levels_, levels);
  levels_ = std::move(levels);
  keep_levels();
  publish(usage);
  network_.records->claim_usage(notices, [this](const UsageNotice& notice) { tell(notice); });
}

}  // namespace lb
