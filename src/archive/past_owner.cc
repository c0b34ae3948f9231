#include "archive/past_owner.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string_view>

#include "archive/archive_name.h"
#include "base/strings.h"
#include "base/unique_fd.h"
#include "base/write_all.h"

namespace lb {
namespace {

std::string note_path(const std::string& dir, const std::string& mount) {
  return dir + "/" + archive_directory(mount) + "/.owner";
}

std::optional<PastOwner> parse(std::string_view text) {
  if (!text.ends_with('\n')) return std::nullopt;
  text.remove_suffix(1);
  std::array<std::int64_t, 3> numbers;
  const auto words = split(text, ' ');
  if (words.size() != numbers.size()) return std::nullopt;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto number = parse_u64(words[i]);
    if (!number) return std::nullopt;
    numbers[i] = static_cast<std::int64_t>(*number);
  }
  return PastOwner{numbers[0], numbers[1], numbers[2]};
}

}  // namespace

PastOwner owner_now(const PastOwner& noted, std::int64_t made, std::int64_t now_ms) noexcept {
  if (made == PastOwner::kNone) {
    if (noted.made == PastOwner::kNone || noted.is_over()) return noted;
    return {noted.made, now_ms, noted.before_ms};
  }
  const bool another = noted.is_over() && noted.made != made;
  return {made, 0, another ? noted.ended_ms : noted.before_ms};
}

PastOwner read_past_owner(const std::string& dir, const std::string& mount, std::int64_t now_ms) {
  const UniqueFd fd(
      ::open(note_path(dir, mount).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd && errno == ENOENT) return {};
  std::array<char, 64> text;
  const ssize_t got = fd ? ::read(fd.get(), text.data(), text.size()) : -1;
  const auto noted = got > 0 ? parse({text.data(), static_cast<std::size_t>(got)}) : std::nullopt;
  return noted.value_or(PastOwner{1, now_ms, now_ms});
}

// Not synced: what a power failure leaves of it counts as that of a record that has ended.
Result<void> write_past_owner(const std::string& dir, const std::string& mount,
                              const PastOwner& owner) {
  const std::string path = note_path(dir, mount), fresh = path + ".new";
  const auto failed = [&path] {
    return Error{Error::Code::kIo, path + ": " + std::strerror(errno)};
  };
  if (::mkdir((dir + "/" + archive_directory(mount)).c_str(), 0755) != 0 && errno != EEXIST)
    return failed();
  const UniqueFd fd(
      ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644));
  const std::string text = std::to_string(owner.made) + " " + std::to_string(owner.ended_ms) + " " +
                           std::to_string(owner.before_ms) + "\n";
  if (!fd || !write_all(fd.get(), text)) return failed();
  if (::rename(fresh.c_str(), path.c_str()) != 0) return failed();
  return {};
}

}  // namespace lb
