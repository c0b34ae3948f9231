// icelb: the commands of icecast-lb that are not part of a server: it simulates, imports, drains a
// server, and works on logins and stores.  icecast-lb starts it with its own command line.
#include <unistd.h>

#include <string_view>
#include <vector>

#include "admin/page/render.h"
#include "base/clock.h"
#include "commands/commands.h"
#include "program/options.h"
#include "program/process.h"

int main(int argc, char** argv) {
  using Action = lb::Options::Action;
  lb::init_xml_libraries();
  const lb::Options options =
      lb::parse_options(std::vector<std::string_view>(argv + 1, argv + argc));
  switch (options.action) {
    case Action::kSimulate:
      return lb::print_answer(lb::answer_simulation(
          options, [](std::string_view lines) { lb::write_console(STDOUT_FILENO, lines); }));
    case Action::kImport:
      return lb::print_answer(lb::answer_import(options));
    case Action::kDrain:
      return lb::drain_node(options);
    case Action::kReport:
      return lb::print_answer(lb::answer_report(options, lb::system_clock().wall()));
    case Action::kCheckAudit:
      return lb::print_answer(lb::answer_check_audit(options.config_file));
    case Action::kCheckHttps:
      return lb::check_https(options);
    case Action::kPasswd:
      return options.config_file.empty() ? lb::hash_given_password(options.user)
                                         : lb::set_given_password(options);
    case Action::kRotateKeys:
      return lb::rotate_session_keys(options);
    case Action::kStoreCopy:
      return lb::copy_store(options);
    case Action::kStoreRebuild:
      return lb::rebuild_store(options);
    default:
      break;
  }
  if (const auto said = lb::answer(options)) return lb::print_answer(*said);
  return lb::print_answer({"", "icelb: it does not serve; icecast-lb -c does\n", 1});
}
