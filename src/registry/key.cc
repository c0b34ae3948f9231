#include "registry/key.h"

#include <algorithm>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "net/crypto/digest.h"
#include "registry/registry.h"

namespace lb {
namespace {

constexpr std::string_view kMountClass = "mounts";
constexpr std::string_view kRootOfMounts = "%2F";
constexpr std::size_t kClassLetters = 16;

bool is_class(std::string_view name) noexcept {
  return !name.empty() && name.size() <= kClassLetters &&
         std::all_of(name.begin(), name.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

// A name has one encoding, so that two texts are two names.
bool is_name(std::string_view name) {
  if (name.empty()) return false;
  const auto decoded = percent_decode(name, false);
  return decoded && percent_encode(*decoded, false) == name;
}

// A leading '.' would hide the file from people and from globs.
std::string visible(std::string stem) {
  if (stem.starts_with('.')) stem.replace(0, 1, "+.");
  return stem;
}

}  // namespace

bool is_registry_key(std::string_view key) noexcept {
  if (key.size() > Registry::kKeyBytes) return false;
  const auto names = split(key, '/');
  if (!is_class(names[0])) return false;
  if (names[0] == kMountClass)
    return names.size() == 2 && names[1].starts_with(kRootOfMounts) &&
           names[1].size() > kRootOfMounts.size() && is_name(names[1]);
  return std::all_of(names.begin() + 1, names.end(), is_name);
}

std::string_view registry_class(std::string_view key) noexcept {
  return key.substr(0, key.find('/'));
}

bool has_face(std::string_view key) noexcept { return registry_class(key) != "made"; }

std::string file_stem(std::string_view key) {
  const std::string_view record_class = registry_class(key);
  std::string_view rest = key.substr(record_class.size() + 1);
  if (record_class == kMountClass) rest.remove_prefix(kRootOfMounts.size());
  std::string stem(rest);
  std::replace(stem.begin(), stem.end(), '/', '+');
  stem = visible(std::move(stem));
  if (stem.size() <= kFileStem) return stem;
  const std::string digest = hex_encode(hmac_sha256("file name", key)).substr(0, 40);
  stem.resize(kFileStem - 1 - digest.size());
  return stem + '=' + digest;
}

std::string file_folder(std::string_view key) { return cat({registry_class(key), ".d"}); }

std::string_view record_extension(std::string_view value) noexcept {
  return trim(value).starts_with('<') ? ".xml" : ".json";
}

std::optional<std::string> key_of_file(std::string_view record_class, std::string_view stem) {
  std::string key(record_class);
  key += '/';
  if (record_class == kMountClass) key += kRootOfMounts;
  key += stem.substr(stem.starts_with("+.") ? 1 : 0);
  std::replace(key.begin(), key.end(), '+', '/');
  if (!is_registry_key(key) || file_stem(key) != stem) return std::nullopt;
  return key;
}

}  // namespace lb
