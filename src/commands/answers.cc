#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>

#include "auth/login/audit_log.h"
#include "base/cat.h"
#include "commands/commands.h"
#include "commands/import.h"

namespace lb {

// The report is on standard error if standard output has the new file.
Answer answer_import(const Options& options) {
  const Import import =
      import_config(options.config_file, {options.allow_default_passwords}, random_password);
  if (import.xml.empty()) return {import.report, "", import.status};
  if (options.output_file.empty()) return {import.xml, import.report, import.status};
  if (const auto saved = save_new_file(options.output_file, import.xml); !saved) {
    return {import.report, cat({"icecast-lb: ", saved.error().what, "\n"}), 1};
  }
  return {import.report, "", import.status};
}

Answer answer_simulation(const Options& options, const SimulationPrinter& print) {
  Answer result;
  const auto keep = [&result](std::string_view lines) { result.out += lines; };
  const auto good = run_simulation(options.scenario, options.seeds, print ? print : keep);
  if (!good.has_value()) result.err = "icecast-lb: " + good.error().what;
  result.status = good.has_value() && *good ? 0 : 1;
  return result;
}

Answer answer_check_audit(const std::string& path) {
  std::ifstream file(path);
  AuditChain chain;
  std::uint64_t lines = 0;
  for (std::string line; std::getline(file, line);) {
    if (++lines; chain.follows(line)) continue;
    const std::string before =
        cat({"does not follow line ", lines - 1,
             ": one of them was changed, or lines between them are missing"});
    return {cat({path, ": line ", lines, " ", lines == 1 ? "is not a line of an audit log" : before,
                 "\n"}),
            "", 1};
  }
  if (!file.is_open() || file.bad())
    return {"", cat({"icecast-lb: ", path, ": ", std::strerror(errno), "; nothing was checked\n"}),
            1};
  return {cat({path, ": ", lines, " lines, each follows the one before it\n"}), "", 0};
}

}  // namespace lb
