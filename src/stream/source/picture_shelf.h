// PictureShelf: the pictures of titles, by names that are made of their bytes, so that each is kept
// once and its address never shows another one.
//
// The picture that was asked for, or put, longest ago goes when there are too many (PictureShares);
// other nodes may still have it.
// Thread: any; the mutex is held for a look-up.
// Ownership: Services.
// Bounds: kMaxBytes in all, kMaxPictureBytes each, kMaxPictures.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "media/picture.h"

namespace lb {

constexpr std::string_view kPicturePath = "/_lb/art/";

// "9f86d081884c7d659a2feaa0c55ad015.jpg": the first 128 bits of the SHA-256.
std::string picture_name(PictureType type, std::string_view bytes);
// nullopt: no such name.  Any bytes.
std::optional<PictureType> type_in_picture_name(std::string_view name) noexcept;
// "/_lb/art/NAME", or NAME → NAME; "": neither.
std::string_view name_in_picture_path(std::string_view path) noexcept;

// PictureShares: how much of a place for pictures each account takes.  While one has more than an
// eighth of a full place its own oldest picture goes, so that it pushes out no other's.  "" is no
// account: mounts of the file, other nodes, what two accounts have put.
class PictureShares {
 public:
  // Each picture counts as max_bytes / max_pictures at least.
  PictureShares(std::uint64_t max_bytes, std::uint64_t max_pictures)
      : max_bytes_(max_bytes), least_((max_bytes + max_pictures - 1) / max_pictures) {}

  void add(const std::string& account, std::uint64_t bytes);
  void remove(const std::string& account, std::uint64_t bytes);
  bool has_room(std::uint64_t bytes) const { return bytes_ + charge(bytes) <= max_bytes_; }
  bool is_over() const { return bytes_ > max_bytes_; }
  // Whose oldest picture goes; nullopt: the oldest of all.
  std::optional<std::string> payer() const;

 private:
  std::uint64_t charge(std::uint64_t bytes) const { return std::max(bytes, least_); }

  const std::uint64_t max_bytes_, least_;
  std::uint64_t bytes_ = 0;
  std::map<std::string, std::uint64_t> accounts_;  // those that have any
};

class PictureShelf {
 public:
  static constexpr std::size_t kMaxBytes = std::size_t{32} << 20;
  static constexpr std::size_t kMaxPictures = 4096;

  explicit PictureShelf(std::size_t max_bytes = kMaxBytes) : shares_(max_bytes, kMaxPictures) {}

  using Bytes = std::shared_ptr<const std::string>;
  // Called for each new picture, and where the account of one changes, on the thread that calls
  // put().  Set before the first put().
  using OnNew =
      std::function<void(const std::string& name, const Bytes& bytes, const std::string& account)>;
  void on_new(OnNew told) { on_new_ = std::move(told); }
  // Returns the name of the picture.  Error: it may not be shown.  account: that of its mount.
  Result<std::string> put(std::string bytes, const std::string& account = {});
  // Another node says that these are the bytes of this name.  False: they are not.
  bool put_as(const std::string& name, std::string bytes, const std::string& account = {});
  // Null: it is not here.
  Bytes find(const std::string& name);
  // All, with their names; the one that was used longest ago comes first.
  std::vector<std::pair<std::string, Bytes>> all() const;

 private:
  struct Row {
    Bytes bytes;
    std::string account;
    std::list<std::string>::iterator used;
  };
  void remove_oldest();

  mutable std::mutex mutex_;
  std::map<std::string, Row, std::less<>> rows_;
  std::list<std::string> used_;  // the one that was used last comes last
  PictureShares shares_;
  OnNew on_new_;
};

}  // namespace lb
