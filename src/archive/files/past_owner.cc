#include "archive/files/past_owner.h"

#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>

#include "archive/files/archive_name.h"
#include "base/cat.h"
#include "base/file.h"
#include "base/strings.h"

namespace lb {
namespace {

std::string note_path(const std::string& dir, const std::string& mount) {
  return cat({dir, "/", archive_directory(mount), "/.owner"});
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
  const auto note =
      read_file(note_path(dir, mount), {.limit = 64, .cut = true, .follows_links = false});
  if (!note && note.error().code == Error::Code::kNotFound) return {};
  const auto noted = note ? parse(note->text) : std::nullopt;
  return noted.value_or(PastOwner{1, now_ms, now_ms});
}

Result<void> write_past_owner(const std::string& dir, const std::string& mount,
                              const PastOwner& owner) {
  const std::string path = note_path(dir, mount);
  const std::string text = cat({owner.made, " ", owner.ended_ms, " ", owner.before_ms, "\n"});
  if (::mkdir(cat({dir, "/", archive_directory(mount)}).c_str(), 0755) != 0 && errno != EEXIST)
    return Error::io(cat({path, ": ", std::strerror(errno)}));
  // What a power failure leaves of it counts as that of a record that has ended.
  return replace_file(path, text, {.mode = 0644, .synced = Synced::kNothing});
}

}  // namespace lb
