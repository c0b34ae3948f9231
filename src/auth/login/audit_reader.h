// The audit log read from its end: the newest lines first.
//
// What was rotated away is not read.
// Thread: the clerk: it reads a file.
// Bounds: AuditBack::most lines and max_bytes read a call; `next` says where the next call goes on.
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
  kStop,  // neither this line nor one before it is wanted
};
using AuditJudge = std::function<AuditVerdict(std::string_view line)>;

struct AuditLines {
  std::vector<std::string> lines;     // the newest first
  std::optional<std::uint64_t> next;  // nullopt: there are no more
};

// A file that is not there has no lines.
AuditLines read_audit_back(const std::string& path, const AuditBack& back, const AuditJudge& judge);

}  // namespace lb
