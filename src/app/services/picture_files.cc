#include "app/services/picture_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <tuple>
#include <utility>
#include <vector>

#include "app/services/traffic.h"
#include "base/cat.h"
#include "base/json.h"
#include "config/settings/config.h"

namespace lb {
namespace {

constexpr std::string_view kDirectory = "/art";
constexpr const char* kTitles = "titles.json";
constexpr std::size_t kLongestTitles = std::size_t{4} << 20;
constexpr std::chrono::seconds kSoon{2};

std::string titles_json(const std::vector<MountPicture>& rows) {
  JsonWriter json;
  json.begin_array();
  for (const MountPicture& row : rows) {
    json.begin_object();
    json.key("mount").text(row.mount);
    json.key("title").text(row.title);
    json.key("art").text(row.art);
    json.end_object();
  }
  json.end_array();
  return json.take();
}

}  // namespace

PictureFiles::PictureFiles(Traffic& traffic)
    : traffic_(traffic), timer_(traffic.loops.control(), [this] { write_titles(); }) {}

void PictureFiles::open(const Config& config) {
  const std::string state = state_directory(config);
  if (state.empty()) return;
  auto folder = Folder::open(cat({state, kDirectory}));
  if (!folder) return tell(folder.error());
  folder_ = std::move(*folder);
  if (!look()) return folder_.reset();
  if (auto text = folder_->read(kTitles, kLongestTitles)) titles_ = *std::move(text);
}

void PictureFiles::prepare(const Config& config) {
  open(config);
  prepared_ = true;
}

void PictureFiles::begin(const Config& config) {
  if (!prepared_) open(config);
  if (!folder_) return;
  restore_titles();
  traffic_.pictures.on_new([this](const std::string& name, const PictureShelf::Bytes& bytes,
                                  const std::string& account) { keep(name, bytes, account); });
  // The previous process may have kept more since.
  if (!prepared_) return;
  traffic_.disk.loop().post([this] { look(); });
  titles_changed();
}

// Adds the files that it does not know.
bool PictureFiles::look() {
  const auto names = folder_->names();
  if (!names) {
    tell(names.error());
    return false;
  }
  std::vector<std::pair<std::int64_t, std::pair<std::string, std::uint64_t>>> found;
  for (const std::string& name : *names) {
    struct stat facts {};
    if (!type_in_picture_name(name) || has(name) ||
        ::fstatat(folder_->fd(), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(facts.st_mode))
      continue;
    found.push_back({facts.st_mtime, {name, static_cast<std::uint64_t>(facts.st_size)}});
  }
  std::ranges::sort(found);
  for (const auto& [when, file] : found) add(file.first, file.second, "");
  return true;
}

// Restores the picture of each title that plays again under its mount.
void PictureFiles::restore_titles() {
  const auto rows = Json::parse(titles_);
  if (!rows) return;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const Json row = rows->at(i);
    const std::string mount(row.at("mount").text().value_or(""));
    const std::string title(row.at("title").text().value_or(""));
    const std::string art(row.at("art").text().value_or(""));
    if (mount.starts_with('/') && has(art)) traffic_.titles.paint(mount, title, art);
  }
}

bool PictureFiles::has(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  return rows_.contains(name);
}

void PictureFiles::hold(std::set<std::string> names) {
  const std::lock_guard lock(mutex_);
  held_ = std::move(names);
}

bool PictureFiles::is_held(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  return held_.contains(name);
}

std::vector<std::string> PictureFiles::missing() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const std::string& name : held_)
    if (!rows_.contains(name)) names.push_back(name);
  return names;
}

void PictureFiles::add(const std::string& name, std::uint64_t bytes, const std::string& account) {
  const std::lock_guard lock(mutex_);
  const auto [at, fresh] = rows_.try_emplace(name, Row{bytes, 0, account});
  Row& row = at->second;
  if (!fresh) shares_.remove(row.account, row.bytes);
  if (row.account != account) row.account.clear();
  row.bytes = bytes;
  row.used = ++uses_;
  shares_.add(row.account, bytes);
}

std::string PictureFiles::account_of(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto row = rows_.find(name);
  return row == rows_.end() ? "" : row->second.account;
}

void PictureFiles::keep(const std::string& name, PictureShelf::Bytes bytes,
                        const std::string& account) {
  traffic_.disk.loop().post(
      [this, name, account, bytes = std::move(bytes)] { write(name, *bytes, account); });
  traffic_.loops.control().post([this] { titles_changed(); });
}

void PictureFiles::write(const std::string& name, const std::string& bytes,
                         const std::string& account) {
  const bool known = has(name);
  // The file's time records its last use.
  if (known)
    ::utimensat(folder_->fd(), name.c_str(), nullptr, AT_SYMLINK_NOFOLLOW);
  else if (auto placed = folder_->place(name, bytes); !placed)
    return tell(placed.error());
  add(name, bytes.size(), account);
  for (std::string oldest; !(oldest = take_oldest()).empty();)
    if (auto removed = folder_->remove(oldest); !removed) tell(removed.error());
}

std::string PictureFiles::take_oldest() {
  const std::lock_guard lock(mutex_);
  if (!shares_.is_over()) return {};
  const auto payer = shares_.payer();
  const auto oldest = std::ranges::min_element(rows_, {}, [&](const auto& row) {
    return std::tuple(held_.contains(row.first), payer && row.second.account != *payer,
                      row.second.used);
  });
  if (held_.contains(oldest->first)) return {};
  std::string name = oldest->first;
  shares_.remove(oldest->second.account, oldest->second.bytes);
  rows_.erase(oldest);
  return name;
}

void PictureFiles::read(const std::string& name, Then then) {
  traffic_.disk.loop().post([this, name, then = std::move(then)]() mutable {
    auto bytes = folder_->read(name, kMaxPictureBytes);
    const bool found = bytes && traffic_.pictures.put_as(name, *std::move(bytes), account_of(name));
    if (!found) {
      const std::lock_guard lock(mutex_);
      if (const auto row = rows_.extract(name))
        shares_.remove(row.mapped().account, row.mapped().bytes);
    }
    traffic_.loops.control().post([found, then = std::move(then)]() mutable { then(found); });
  });
}

void PictureFiles::titles_changed() {
  if (folder_ && !timer_.armed()) timer_.after(kSoon);
}

void PictureFiles::stop() {
  timer_.cancel();
  if (folder_) write_titles();
}

void PictureFiles::write_titles() {
  std::string text = titles_json(traffic_.titles.pictured());
  if (text == titles_ || text.size() > kLongestTitles) return;
  titles_ = text;
  traffic_.disk.loop().post([this, text = std::move(text)] {
    if (auto placed = folder_->place(kTitles, text); !placed) tell(placed.error());
  });
}

void PictureFiles::tell(const Error& error) {
  if (!std::exchange(told_, true))
    traffic_.log.warn("art/files", error.what + "; pictures of titles end with this process");
}

}  // namespace lb
