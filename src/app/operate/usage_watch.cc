#include "app/operate/usage_watch.h"

#include "api/request/record_book.h"
#include "app/audience/audience_service.h"
#include "app/cluster/cluster_links.h"
#include "app/cluster/conf_source.h"
#include "app/operate/record_service.h"
#include "app/services/event_service.h"
#include "app/services/services.h"
#include "base/cat.h"
#include "base/file.h"
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

void UsageWatch::configure(const Config& config) {
  const bool counts = config.audience.enabled || config.store.type != StoreType::kNone;
  if (const std::string directory = state_directory(config);
      levels_path_.empty() && counts && !directory.empty()) {
    levels_path_ = directory + "/audience.quotas";
    if (const auto file = read_file(FileAt(levels_path_), {.limit = kLongestLevels}); file)
      levels_ = parse_usage_levels(file->text, month_);
    close_kept();
  }
  if (counts)
    timer_.after(std::chrono::seconds(1));
  else
    timer_.cancel();
}

void UsageWatch::close_kept() {
  const auto records = network_.records->view();
  UsageBook usage = no_usage(*records->book, network_.clock.wall());
  if (usage.month != month_) return;
  usage.used.clear();  // not known yet
  for (const auto& [of, level] : levels_)
    if (const auto* account = records->book->account(of.first);
        level == 100 && account != nullptr && account->value.quota.hard)
      usage.closed.insert(of.first);
  if (!usage.closed.empty()) publish(usage);
}

void UsageWatch::publish(const UsageBook& usage) {
  std::map<std::string, std::int64_t> closed;
  for (const std::string& account : usage.closed) closed[account] = usage.until;
  network_.links->conf().set_closed(closed);
  view_.publish(std::make_shared<const UsageBook>(usage));
}

bool UsageWatch::is_closed(const std::string& mount) const {
  const auto config = network_.config.read();
  const std::string_view account = mount_account(*config, mount);
  if (account.empty()) return false;
  const std::int64_t now = unix_seconds(network_.clock.wall());
  const auto told = told_.read();
  const auto row = told->find(account);
  if (row != told->end() && now < row->second) return true;
  const auto usage = view_.read();
  return now < usage->until && usage->closed.contains(account);
}

void UsageWatch::check() {
  timer_.after(kEvery);
  AudienceService& audience = *network_.listenings;
  if (under_way_) return;
  const auto records = network_.records->view();
  if (!records->unread.empty()) return;  // the quotas are unknown, and the file's notices stay
  const bool quotas = has_usage_quotas(*records->book);
  if (!quotas) {
    if (const auto before = view_.read(); !before->used.empty() || !before->closed.empty()) {
      network_.links->conf().set_closed({});
      view_.publish(std::make_shared<const UsageBook>());
    }
    levels_.clear();
    if (records->book->accounts().empty()) return;
  }
  if (!audience.on() || audience.sends_up()) {
    if (quotas) counted(no_usage(*records->book, network_.clock.wall()));
    return;
  }
  under_way_ = audience.ask([this, records, quotas, config = network_.config.read()](
                                Sqlite* database, const std::string& why) {
    auto usage = database == nullptr
                     ? Result<UsageBook>(Error::io(why))
                     : month_usage(*config, *records->book, *database, network_.clock.wall());
    // Without quotas this has only kept the accounts of mounts.
    network_.loops.control().post([this, quotas, usage = std::move(usage)]() mutable {
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
    if (own_.month != no_usage(*records->book, network_.clock.wall()).month) return;
  }
  // With files no other master shares the store.
  const bool counts = (network_.listenings->on() && !network_.listenings->sends_up()) ||
                      config->store.type == StoreType::kEtcd;
  if (!counts && !std::exchange(warned_, true))
    network_.log.warn(kUsageModule,
                      "accounts have a quota of hours or transfer, and this server has no database "
                      "of an <audience/>: nothing is counted, and no listener is kept out");
  network_.records->share_usage(own_);
  known(with_shares(own_, *records->book, node_name(*config)));
}

void UsageWatch::tell(const UsageNotice& notice) {
  const auto records = network_.records->view();
  const auto* account = records->book->account(notice.account);
  const auto view = view_.read();
  const UsageBook& usage = *view;
  const auto found = usage.used.find(notice.account);
  // The store may have been down for long, and the quota may have changed.
  const auto level = levels_.find({notice.account, notice.what});
  if (account == nullptr || found == usage.used.end() || level == levels_.end() ||
      level->second < notice.percent)
    return;
  const AccountUsage& used = found->second;
  const AccountQuota& quota = account->value.quota;
  const bool of_hours = notice.what == "hours";
  const std::uint64_t limit = (of_hours ? quota.hours : quota.transfer).value_or(0),
                      amount = of_hours ? used.hours() : used.bytes;
  network_.log.warn(
      kUsageModule,
      cat({"account ", notice.account, " has used ", amount, " of its ", limit,
           of_hours ? " hours of " : " bytes of ", usage.month,
           notice.percent == 100 && quota.hard ? "; its mounts take no new listener" : ""}));
  network_.events->publish("account-quota", notice.account,
                           {{"what", std::string(notice.what)},
                            {"percent", std::to_string(notice.percent)},
                            {"used", std::to_string(amount)},
                            {"limit", std::to_string(limit)},
                            {"hard", quota.hard ? "1" : "0"},
                            {"month", usage.month}});
}

void UsageWatch::known(const UsageBook& usage) {
  const auto records = network_.records->view();
  UsageLevels levels = usage_levels(usage, *records->book);
  if (month_ != usage.month) levels_.clear();
  month_ = usage.month;
  const std::vector<UsageNotice> notices = usage_notices(levels_, levels);
  levels_ = std::move(levels);
  keep_levels();
  publish(usage);
  network_.records->claim_usage(notices, [this](const UsageNotice& notice) { tell(notice); });
}

}  // namespace lb
