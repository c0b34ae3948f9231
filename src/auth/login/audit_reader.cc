#include "auth/login/audit_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <span>

#include "base/file.h"

namespace lb {
namespace {

constexpr std::size_t kChunk = 64 * 1024;  // longer than any line

// Prepends the bytes [at, at + n) to `text`; false: they cannot be read.
bool read_before(int fd, std::uint64_t at, std::size_t n, std::string& text) {
  std::string chunk(n, '\0');
  if (read_at(fd, at, std::as_writable_bytes(std::span(chunk))) < n) return false;
  text.insert(0, chunk);
  return true;
}

}  // namespace

AuditLines read_audit_back(const std::string& path, const AuditBack& back,
                           const AuditJudge& judge) {
  AuditLines out;
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat facts {};
  if (!fd || ::fstat(fd.get(), &facts) != 0) return out;
  const auto size = static_cast<std::uint64_t>(facts.st_size);
  std::uint64_t at = std::min(back.before.value_or(size), size);  // position of `text` in the file
  std::string text;
  std::size_t read = 0;
  while (true) {
    if (text.ends_with('\n')) text.pop_back();
    const std::size_t before = text.rfind('\n');
    if (before == std::string::npos && at > 0) {
      // The line may begin before `text`.
      const std::uint64_t end = at + text.size();
      if (read >= back.max_bytes) {
        out.next = end + 1;
        return out;
      }
      const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(at, kChunk));
      if (!read_before(fd.get(), at - n, n, text)) return out;
      at -= n;
      read += n;
      continue;
    }
    const std::size_t begin = before == std::string::npos ? 0 : before + 1;
    const std::string_view line = std::string_view(text).substr(begin);
    if (!line.empty()) {
      switch (judge(line)) {
        case AuditVerdict::kStop:
          return out;
        case AuditVerdict::kKeep:
          out.lines.emplace_back(line);
          break;
        case AuditVerdict::kPass:
          break;
      }
    }
    if (begin == 0) return out;
    text.resize(begin);
    if (out.lines.size() == back.most) {
      out.next = at + begin;
      return out;
    }
  }
}

}  // namespace lb
