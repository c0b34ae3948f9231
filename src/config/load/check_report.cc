#include "config/load/check_report.h"

#include <algorithm>

#include "base/cat.h"
#include "config/load/checks_files.h"

namespace lb {
namespace {

std::string counted(std::ptrdiff_t n, std::string_view what) {
  if (n == 0) return "";
  return cat({", ", n, " ", what, n == 1 ? "" : "s"});
}

}  // namespace

CheckReport check_report(const std::string& file, const LoadOptions& options, FilesOf files) {
  const auto loaded = load_config_file(file, options);
  if (!loaded.has_value()) return {fatal_text(file, loaded.error()), false};

  std::vector<Diagnostic> lines = loaded->diagnostics;
  if (files == FilesOf::kHere)
    for (Diagnostic& line : check_files(*loaded)) lines.push_back(std::move(line));
  std::stable_sort(lines.begin(), lines.end(),
                   [](const Diagnostic& a, const Diagnostic& b) { return a.line < b.line; });
  CheckReport report;
  report.valid = std::none_of(lines.begin(), lines.end(), [](const Diagnostic& line) {
    return line.severity >= Severity::kError;
  });
  for (const Diagnostic& line : lines) report.text += to_string(line, file) + "\n";
  const auto count = [&](Severity severity) {
    return std::count_if(lines.begin(), lines.end(),
                         [&](const Diagnostic& line) { return line.severity == severity; });
  };
  report.text +=
      cat({file, ": ", report.valid ? "valid" : "not valid",
           counted(count(Severity::kFatal), "fatal fault"),
           counted(count(Severity::kError), "error"), counted(count(Severity::kWarning), "warning"),
           counted(count(Severity::kNote), "note"), "\n"});
  return report;
}

}  // namespace lb
