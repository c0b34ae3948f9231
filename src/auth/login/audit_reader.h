// The audit log read from its end: the newest lines first.
//
// Rotated files are not read.
// Thread: the clerk: it reads a file.
// Bounds: AuditBack::most lines and max_bytes a call; `next` is where the next call continues.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lb {

struct AuditBack {
  std::optional<std::uint64_t> before;  // as `next` of the call before; nullopt: from the end
  std::size_t most = 100;
  std::size_t max_bytes = 4 * 1024 * 1024;
};

enum class AuditVerdict : std::uint8_t {
  kKeep,
  kPass,
  kStop,  // neither this line nor earlier ones are wanted
};
using AuditJudge = std::function<AuditVerdict(std::string_view line)>;

struct AuditLines {
  std::vector<std::string> lines;     // the newest first
  std::optional<std::uint64_t> next;  // nullopt: there are no more
};

// A missing file has no lines.
AuditLines read_audit_back(const std::string& path, const AuditBack& back, const AuditJudge& judge);

}  // namespace lb
