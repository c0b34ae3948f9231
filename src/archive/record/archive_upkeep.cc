// What of the archive is removed: by retention, by an administrator, or by another program.
#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "archive/files/scan.h"
#include "archive/record/archive_fill.h"
#include "archive/record/archive_writer.h"
#include "base/cat.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kRoomToFill = 16 << 20;  // added to the space that has to stay free
constexpr auto kRemovalPause = 10ms;
constexpr auto kGoneBudget = 200ms;
constexpr std::string_view kRemovalModule = "archive/writer";

}  // namespace

RetentionInput ArchiveWriter::retention_input() const {
  RetentionInput input;
  input.settings = settings_;
  input.now_ms = unix_ms(loop_.clock().wall());
  const DiskSpace space = disk_space(host_.dir);
  input.disk_bytes = space.bytes;
  input.free_bytes = space.free;
  for (const std::string& mount : host_.catalog.mounts())
    input.mounts.emplace(mount,
                         RetentionInput::Mount{host_.catalog.files(mount), limits_of(mount)});
  return input;
}

MountArchive ArchiveWriter::limits_of(const std::string& mount) const {
  return knows_section(mount) ? callbacks_.settings_of(mount) : MountArchive();
}

void ArchiveWriter::sections_changed(std::vector<std::string> mounts) {
  loop_.post([this, mounts = std::move(mounts)] {
    for (const std::string& mount : mounts)
      if (host_.catalog.files(mount)->size() > 0) note_owner(mount);
    retain_soon();
  });
}

void ArchiveWriter::retain_soon() {
  if (!usable_ || retains_soon_) return;
  retains_soon_ = true;
  if (!rests_) retention_timer_.after(kRetentionPause);
}

void ArchiveWriter::note_owner(const std::string& mount) {
  if (!usable_ || !knows_section(mount)) return;
  const PastOwner noted = host_.catalog.owner(mount);
  const MountArchive settings = callbacks_.settings_of(mount);
  const PastOwner owner = owner_now(noted, settings.of_record ? settings.since : PastOwner::kNone,
                                    unix_ms(loop_.clock().wall()));
  if (owner == noted && !unnoted_.contains(mount)) return;
  host_.catalog.set_owner(mount, owner);
  const auto written = write_past_owner(host_.dir, mount, owner);
  if (written) {
    unnoted_.erase(mount);
  } else if (unnoted_.insert(mount).second) {
    host_.log.error(kRemovalModule, cat({"archive ", mount, ": whose recordings these are is not ",
                                         "noted, and is tried again: ", written.error().what}));
  }
}

// Whether one more file fits without the removal of a younger one, and enough space stays free.
bool ArchiveWriter::fits(const std::string& mount, const FileRow& row) const {
  RetentionInput input = retention_input();
  if (input.disk_bytes > 0 && input.free_bytes < input.least_free() + row.bytes + kRoomToFill)
    return false;
  auto& files = input.mounts[mount];
  if (!files.files) files = {host_.catalog.files(mount), limits_of(mount)};
  auto rows = std::make_shared<std::vector<FileRow>>(files.files->closed());
  rows->insert(
      std::upper_bound(rows->begin(), rows->end(), row,
                       [](const FileRow& a, const FileRow& b) { return a.from_ms < b.from_ms; }),
      row);
  files.files = std::make_shared<const RecordedFiles>(std::move(rows), files.files->open());
  const auto gone = files_to_remove(input);
  return std::none_of(gone.begin(), gone.end(), [&](const DoomedFile& file) {
    return file.mount == mount && file.row == row;
  });
}

void ArchiveWriter::retain() {
  retained_ = loop_.now();
  retains_soon_ = false;
  retention_timer_.after(kRetentionTick);
  find_gone();
  std::erase_if(host_.begun, [this](const auto& each) { return each.second.is_unused(retained_); });
  for (const std::string& mount : host_.catalog.mounts()) note_owner(mount);
  RetentionInput input = retention_input();
  input.trusts_clock = clock_trust_.trusts();
  // Grouped, because each change of a mount's rows copies them.
  std::vector<DoomedFile> gone = files_to_remove(input);
  std::stable_sort(gone.begin(), gone.end(),
                   [](const DoomedFile& a, const DoomedFile& b) { return a.mount < b.mount; });
  doomed_.assign(std::make_move_iterator(gone.begin()), std::make_move_iterator(gone.end()));
  remove_doomed();
  if (const std::size_t refused = std::exchange(refused_, 0); refused > 0) {
    host_.log.warn(kRemovalModule,
                   cat({"archive: ", refused,
                        " times the beginning of a mount with a new name was not recorded; those "
                        "that are still there are tried again"}));
    if (callbacks_.may_begin) callbacks_.may_begin();
  }
}

// A part of them; recordings are written before the next one.
void ArchiveWriter::remove_doomed() {
  for (std::size_t most = kRemovedATurn; most > 0 && !doomed_.empty();) {
    const std::string mount = doomed_.front().mount;
    std::vector<FileRow> rows;
    for (; most > 0 && !doomed_.empty() && doomed_.front().mount == mount; --most) {
      rows.push_back(doomed_.front().row);
      doomed_.pop_front();
    }
    remove_files(mount, rows);
    doomed_removed_ += rows.size();
  }
  if (!doomed_.empty()) {
    removal_timer_.after(kRemovalPause);
  } else if (const std::size_t removed = std::exchange(doomed_removed_, 0); removed > 0) {
    host_.log.info(kRemovalModule, cat({"archive: ", removed, " files removed, by age or size"}));
  }
}

void ArchiveWriter::check_soon(const std::string& mount) {
  loop_.post([this, mount] {
    if (gone_) gone_->suspect(mount);
    suspected_.insert(mount);
    retain_soon();
  });
}

// Removes files from the catalog that other programs have deleted.  On a slow disk a part of the
// mounts each minute, as no recording is written meanwhile.
void ArchiveWriter::find_gone() {
  if (!gone_->is_there()) return;
  const SteadyTime began = loop_.clock().steady();
  for (const std::string& mount : std::exchange(suspected_, {})) find_gone(mount);
  std::vector<std::string> mounts = host_.catalog.mounts();
  std::rotate(mounts.begin(), std::lower_bound(mounts.begin(), mounts.end(), unchecked_),
              mounts.end());
  for (const std::string& mount : mounts) {
    unchecked_ = mount;
    if (loop_.clock().steady() - began >= kGoneBudget && mount != mounts.front()) return;
    find_gone(mount);
  }
  unchecked_.clear();
}

void ArchiveWriter::find_gone(const std::string& mount) {
  const std::vector<FileRow> rows = gone_->check(mount, *host_.catalog.files(mount));
  if (rows.empty()) return;
  std::int64_t ms = 0;
  for (const FileRow& row : rows) ms += row.to_ms - row.from_ms;
  const bool one = rows.size() == 1;
  host_.log.warn(kRemovalModule,
                 cat({"archive ", mount, ": ", rows.size(), one ? " file" : " files", " with ",
                      ms / 1000, " s of sound ", one ? "was" : "were",
                      " removed by another program, and cannot be played any more"}));
  host_.catalog.remove(mount, rows);
  if (callbacks_.removed) callbacks_.removed(mount, rows);
}

void ArchiveWriter::remove(std::string mount, std::int64_t from_ms, std::int64_t to_ms,
                           std::function<void(std::size_t)> done) {
  loop_.post([this, mount = std::move(mount), from_ms, to_ms, done = std::move(done)] {
    std::vector<FileRow> gone;
    const Catalog::Files files = host_.catalog.files(mount);
    for (const FileRow& row : files->closed())
      if (row.from_ms >= from_ms && row.to_ms <= to_ms) gone.push_back(row);
    remove_files(mount, gone);
    if (fill_) fill_->removed(mount, from_ms, to_ms);
    done(gone.size());
  });
}

void ArchiveWriter::remove_files(const std::string& mount, const std::vector<FileRow>& rows) {
  host_.catalog.remove(mount, rows);
  for (const FileRow& row : rows) unlink_file(host_.dir, mount, row);
  if (callbacks_.removed) callbacks_.removed(mount, rows);
}

}  // namespace lb
