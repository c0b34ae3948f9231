#include "app/cluster/title_links.h"

#include <algorithm>

#include "app/cluster/ingest_service.h"
#include "app/cluster/linked_neighbours.h"
#include "app/cluster/master_links.h"
#include "app/cluster/relay_service.h"
#include "app/services/network.h"
#include "config/settings/config.h"
#include "stream/mount/mount.h"
#include "stream/source/picture_shelf.h"

namespace lb {
namespace {

TitlePlace place_of(const TitleRow& row) {
  TitlePlace place;
  place.at = parse_address(row.place);
  if (row.wall_ms > 0) place.wall_ms = row.wall_ms;
  return place;
}

}  // namespace

// A node's own row wins over repeated ones, and among these the one with the shortest path.
TitleLinks::TitleLinks(Network& network, MasterLinks& masters, IngestService& ingest,
                       LinkedNeighbours& neighbours)
    : network_(network),
      masters_(masters),
      ingest_(ingest),
      neighbours_(neighbours),
      table_(
          [](const RowKey&, const Table::Heard& heard) -> std::optional<int> {
            return static_cast<int>(heard.row->hops + (heard.stands ? kMaxTitleHops + 1 : 0));
          },
          {.most = kMaxRows}),
      elsewhere_(std::make_shared<const Elsewhere>()),
      timer_(network.loops.control(), [this] { work(); }) {}

void TitleLinks::stop() {
  stopped_ = true;
  timer_.cancel();
}

void TitleLinks::mount_changed(const std::string& mount) {
  if (stopped_) return;
  if (neighbours_.alone()) sees_own_ = false;
  // A title that ends meanwhile must not wait for the next neighbour.
  if (!sees_own_ && !is_own(mount)) return;
  due_.insert(mount);
  soon();
}

void TitleLinks::joined(const std::string& id) {
  if (stopped_) return;
  table_.joined(id, network_.loops.control().now());
  if (!std::exchange(sees_own_, true))
    for (const auto used = network_.mounts.in_use(); const auto& [name, mount] : used)
      due_.insert(name);
  soon();
}

void TitleLinks::resend(const std::string& id) {
  if (stopped_) return;
  table_.resend(id);
  soon();
}

void TitleLinks::left(const std::string& id) {
  if (stopped_) return;
  table_.left(id, network_.loops.control().now());
  soon();
}

void TitleLinks::take(const std::string& sender, const std::vector<TitleRow>& rows) {
  if (stopped_) return;
  const std::uint64_t before = table_.version();
  const bool master = neighbours_.is_master(sender);
  for (const TitleRow& row : rows) {
    if (row.at == masters_.own_id()) continue;
    IngestRow source;
    source.mount = row.mount;
    source.at = row.at;
    if (!master && (row.at != sender || !ingest_.believes(sender, source))) continue;
    table_.take(sender, {row.mount, false, row.at},
                row.song.empty() ? std::nullopt : std::optional(row));
  }
  if (table_.version() != before) soon();
}

void TitleLinks::soon() {
  if (timer_.armed()) return;
  timer_.after(worked_ + kEvery - network_.loops.control().now());
}

void TitleLinks::work() {
  if (stopped_) return;
  worked_ = network_.loops.control().now();
  table_.forget(worked_);
  std::set<std::string> changed = std::exchange(due_, {});
  for (const std::string& mount : changed) see_own(mount);
  // This node reads changes of its table as a neighbour does.
  const auto name = [](const RowKey& key) { return key.mount; };
  const auto any = [&](const RowKey& key, const Table::Entry&) { return std::optional(name(key)); };
  for (std::string& mount : table_.news_for("", any, name)) changed.insert(std::move(mount));
  for (const std::string& mount : changed) use(mount);
  tell();
  if (table_.holds_rows()) soon();
}

// The title of a relay of the cluster belongs to its source's node, of a captured one to this node.
void TitleLinks::see_own(const std::string& mount) {
  const auto found = network_.mounts.find(mount);
  std::optional<TitleRow> row;
  if (found &&
      (found->phase() == MountPhase::kRunning || found->phase() == MountPhase::kLingering)) {
    const auto facts = found->facts();
    const std::string song = TitleHistory::shown_text(found->metadata()->song());
    const bool own = !facts->from_file && (!facts->relayed || network_.relays->captures_own(mount));
    if (own && !song.empty()) {
      row = empty_row<TitleRow>({mount, false, masters_.own_id()});
      row->song = song;
      const auto titles = network_.titles.of(mount);
      const auto known = std::find_if(titles.begin(), titles.end(),
                                      [&](const PlayedTitle& each) { return each.title == song; });
      if (known != titles.end()) {
        row->wall_ms = unix_ms(known->at);
        if (known->place) row->place = print_address(*known->place);
        row->art = known->art;
        row->url = known->url;
        row->about = known->details;
      }
      if (const auto next = network_.titles.next_of(mount)) {
        row->next = next->title;
        row->next_about = next->details;
      }
      const auto config = network_.config.read();
      if (auto presenter = presenter_of(*facts, mount_section(*config, mount))) {
        row->live = std::move(presenter->name);
        row->live_ms = presenter->since_ms;
      }
    }
  }
  table_.set_own({mount, false, masters_.own_id()}, std::move(row));
}

void TitleLinks::use(const std::string& mount) {
  const TitleRow* best = nullptr;
  bool own = false;
  const auto [first, last] = table_.of_mount(mount);
  for (auto each = first; each != last; ++each) {
    const Table::Entry& entry = each->second;
    own = own || entry.is_own();
    if (entry.row != nullptr && (best == nullptr || entry.row->wall_ms > best->wall_ms))
      best = entry.row.get();
  }
  const auto found = network_.mounts.find(mount);
  const auto config = network_.config.read();
  const MountSettings& section = mount_section(*config, mount);
  // Titles of mounts that are unknown here would displace shown ones.
  const bool known = found != nullptr || section.name == mount;
  Elsewhere elsewhere = *elsewhere_.read();
  if (own || best == nullptr || !known) {
    if (!elsewhere.erase(mount)) return;
  } else {
    const WallTime now = network_.clock.wall();
    const TitlePlace place = place_of(*best);
    // A stream that arrives here too decides itself when the title changes.
    if (!found || found->phase() != MountPhase::kRunning)
      network_.titles.add(mount, best->song, place, now, section.max_history, best->url);
    network_.titles.mend(mount, best->song, place, now);
    std::string art(type_in_picture_name(best->art) ? best->art : std::string());
    const Told* const before = elsewhere.look_up(mount);
    const bool same = before != nullptr && before->title.title == best->song;
    // The stream may bring the title later than this row.
    if (!art.empty() || (same && !before->title.art.empty()))
      network_.titles.paint(mount, best->song, art);
    if (best->about != SongDetails() || (same && before->title.details != SongDetails()))
      network_.titles.describe(mount, best->song, best->about);
    const WallTime begins = TitleHistory::begins(place, now);
    std::optional<Presenter> presenter;
    if (!best->live.empty()) presenter = {best->live, best->live_ms};
    if (same && before->title.place == place.at && before->title.art == art &&
        (before->title.at == begins || !place.wall_ms) && before->title.details == best->about &&
        before->next.title == best->next && before->next.details == best->next_about &&
        before->presenter == presenter)
      return;
    PlayedTitle next{now, best->next, {}, {}, {}, best->next_about};
    if (same && before->next.title == best->next) next.at = before->next.at;
    elsewhere.set(mount, Told{PlayedTitle{begins, best->song, place.at, std::move(art),
                                          TitleHistory::shown_url(best->url), best->about},
                              std::move(next), std::move(presenter)});
  }
  elsewhere_.publish(std::make_shared<const Elsewhere>(std::move(elsewhere)));
  if (heard_) heard_(mount);
}

std::optional<PlayedTitle> TitleLinks::elsewhere(const std::string& mount) const {
  const auto all = elsewhere_.read();
  const Told* const found = all->look_up(mount);
  return found == nullptr ? std::nullopt : std::optional(found->title);
}

std::optional<PlayedTitle> TitleLinks::next_elsewhere(const std::string& mount,
                                                      std::string_view title) const {
  const auto all = elsewhere_.read();
  const Told* const found = all->look_up(mount);
  if (found == nullptr || found->next.title.empty() || found->title.title != title)
    return std::nullopt;
  return found->next;
}

std::optional<Presenter> TitleLinks::presenter_elsewhere(const std::string& mount) const {
  const auto all = elsewhere_.read();
  const Told* const found = all->look_up(mount);
  return found == nullptr ? std::nullopt : found->presenter;
}

std::vector<std::string> TitleLinks::tellers(const std::string& mount) const {
  std::vector<std::pair<unsigned, std::string>> by_hops;
  const auto [first, last] = table_.of_mount(mount);
  for (auto each = first; each != last; ++each)
    for (const Table::Heard& heard : each->second.heard)
      if (!heard.sender.empty()) by_hops.emplace_back(heard.row->hops, heard.sender);
  std::sort(by_hops.begin(), by_hops.end());
  std::vector<std::string> tellers;
  for (auto& [hops, sender] : by_hops)
    if (std::find(tellers.begin(), tellers.end(), sender) == tellers.end())
      tellers.push_back(std::move(sender));
  return tellers;
}

bool TitleLinks::is_own(const std::string& mount) const {
  const Table::Entry* const own = table_.find({mount, false, masters_.own_id()});
  return own != nullptr && own->is_own();
}

void TitleLinks::tell() {
  for (const std::string& id : neighbours_.linked()) {
    const bool is_node = neighbours_.is_node(id);
    const auto show = [&](const RowKey& key, const Table::Entry& entry) -> std::optional<TitleRow> {
      if (entry.is_own()) return *entry.row;
      if (!is_node || entry.sender == id || key.node == id || entry.row->hops >= kMaxTitleHops)
        return std::nullopt;
      TitleRow row = *entry.row;
      ++row.hops;
      return row;
    };
    neighbours_.send_news(id, table_.news_for(id, show, empty_row<TitleRow>));
  }
}

}  // namespace lb
