// PictureFiles: the pictures of titles as files, STATE_DIR/art/NAME, and the last title with a
// picture of each mount, so that both outlive the process.
//
// Beyond the bounds the picture that was kept or read longest ago is removed, unless a station
// shows it.  PictureShares, by account, ends with the process.
// Thread: has(), is_held() and keep() any; prepare() and begin() before the loops start; all else
// control.  Files are read and written on the disk thread.
// Ownership: Services.
// Bounds: kMaxBytes, kMaxFiles; beyond that only pictures that stations show, two for each mount of
// an account (api/records/record_plans.h).
// Errors: a failed write is logged once, and the picture is lost with the process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/unique_function.h"
#include "media/framer.h"
#include "net/loop/loop.h"
#include "registry/folder.h"
#include "stream/source/picture_shelf.h"

namespace lb {

struct Config;
struct Traffic;

class PictureFiles {
 public:
  static constexpr std::uint64_t kMaxBytes = std::uint64_t{256} << 20;
  static constexpr std::size_t kMaxFiles = 20'000;

  explicit PictureFiles(Traffic& traffic);

  // Without a state directory nothing is kept.  prepare(): reads the directory, earlier than
  // begin().
  void prepare(const Config& config);
  void begin(const Config& config);
  bool has(const std::string& name) const;
  void keep(const std::string& name, PictureShelf::Bytes bytes, const std::string& account);
  bool keeps() const noexcept { return folder_.has_value(); }
  // Sets the pictures that stations show, which are not removed.
  void hold(std::set<std::string> names);
  bool is_held(const std::string& name) const;
  // The held pictures that are not on the disk.
  std::vector<std::string> missing() const;
  // Called on control: whether the picture is on the shelf now.
  using Then = UniqueFunction<void(bool)>;
  void read(const std::string& name, Then then);
  // Writes the titles a little later, as one has a new picture.
  void titles_changed();
  void stop();

 private:
  struct Row {
    std::uint64_t bytes = 0;
    std::uint64_t used = 0;  // increases with each use
    std::string account{};
  };
  void open(const Config& config);
  bool look();
  void restore_titles();
  void add(const std::string& name, std::uint64_t bytes, const std::string& account);
  void write(const std::string& name, const std::string& bytes,
             const std::string& account);  // disk
  std::string account_of(const std::string& name) const;
  std::string take_oldest();  // removes one beyond the bounds; "": none
  void write_titles();
  void tell(const Error& error);

  Traffic& traffic_;
  std::optional<Folder> folder_;  // nullopt: nothing is kept
  mutable std::mutex mutex_;
  std::map<std::string, Row> rows_;
  std::set<std::string> held_;
  PictureShares shares_{kMaxBytes, kMaxFiles};
  std::uint64_t uses_ = 0;
  bool prepared_ = false;
  std::string titles_;  // as last written
  bool told_ = false;   // an error is logged; disk
  Timer timer_;
};

}  // namespace lb
