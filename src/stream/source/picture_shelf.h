// PictureShelf: the pictures of titles, under names made of their bytes, so that each is kept once
// and its address never changes its content.
//
// If there are too many, the picture that was used longest ago is dropped (PictureShares); other
// nodes may still have it.
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
// Takes any bytes; nullopt: no such name.
std::optional<PictureType> type_in_picture_name(std::string_view name) noexcept;
// "/_lb/art/NAME", or NAME → NAME; "": neither.
std::string_view name_in_picture_path(std::string_view path) noexcept;

// PictureShares: the part of a picture store that each account uses.  An account with more than an
// eighth of a full store loses its own oldest picture, not that of another account.  "" is no
// account: mounts of the file, other nodes, pictures that two accounts have put.
class PictureShares {
 public:
  // Each picture counts as max_bytes / max_pictures at least.
  PictureShares(std::uint64_t max_bytes, std::uint64_t max_pictures)
      : max_bytes_(max_bytes), least_((max_bytes + max_pictures - 1) / max_pictures) {}

  void add(const std::string& account, std::uint64_t bytes);
  void remove(const std::string& account, std::uint64_t bytes);
  bool has_room(std::uint64_t bytes) const { return bytes_ + charge(bytes) <= max_bytes_; }
  bool is_over() const { return bytes_ > max_bytes_; }
  // The account that loses its oldest picture; nullopt: the oldest of all is dropped.
  std::optional<std::string> payer() const;

 private:
  std::uint64_t charge(std::uint64_t bytes) const { return std::max(bytes, least_); }

  const std::uint64_t max_bytes_, least_;
  std::uint64_t bytes_ = 0;
  std::map<std::string, std::uint64_t> accounts_;  // with at least one picture
};

class PictureShelf {
 public:
  static constexpr std::size_t kMaxBytes = std::size_t{32} << 20;
  static constexpr std::size_t kMaxPictures = 4096;

  explicit PictureShelf(std::size_t max_bytes = kMaxBytes) : shares_(max_bytes, kMaxPictures) {}

  using Bytes = std::shared_ptr<const std::string>;
  // Called for each new picture, and when its account changes, on the thread of put().  Set before
  // the first put().
  using OnNew =
      std::function<void(const std::string& name, const Bytes& bytes, const std::string& account)>;
  void on_new(OnNew told) { on_new_ = std::move(told); }
  // Returns the picture's name.  Error: not an accepted picture. account: that of its mount.
  Result<std::string> put(std::string bytes, const std::string& account = {});
  // Another node has sent these bytes for this name.  False: they do not match.
  bool put_as(const std::string& name, std::string bytes, const std::string& account = {});
  // Null: not here.
  Bytes find(const std::string& name);
  // All pictures with their names; least recently used first.
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
  std::list<std::string> used_;  // most recently used last
  PictureShares shares_;
  OnNew on_new_;
};

}  // namespace lb
