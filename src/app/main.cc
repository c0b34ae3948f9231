// icecast-lb: reads the command line and the configuration, then becomes a server.
#include <unistd.h>

#include <string_view>
#include <utility>
#include <vector>

#include "admin/render.h"
#include "app/drain/drain_command.h"
#include "app/handover/launch.h"
#include "app/handover/stand_in.h"
#include "app/handover/upgrade_command.h"
#include "app/process/options.h"
#include "app/serve.h"
#include "app/services/login_commands.h"
#include "app/station/store_commands.h"

int main(int argc, char** argv) {
  lb::Launch launch = lb::Launch::take(argc, argv);
  lb::init_xml_libraries();
  const lb::Options options =
      lb::parse_options(std::vector<std::string_view>(argv + 1, argv + argc));
  const auto print = [](std::string_view text) {
    [[maybe_unused]] const auto n = ::write(STDOUT_FILENO, text.data(), text.size());
  };
  if (const auto said = lb::answer(options, print)) {
    print(said->out);
    [[maybe_unused]] const auto n = ::write(STDERR_FILENO, said->err.data(), said->err.size());
    return said->status;
  }
  switch (options.action) {
    case lb::Options::Action::kStandIn:
      return lb::stand_in(options.stands_for);
    case lb::Options::Action::kUpgrade:
      return lb::upgrade_server(options);
    case lb::Options::Action::kDrain:
      return lb::drain_node(options);
    case lb::Options::Action::kPasswd:
      return options.config_file.empty() ? lb::hash_given_password(options.user)
                                         : lb::set_given_password(options);
    case lb::Options::Action::kRotateKeys:
      return lb::rotate_session_keys(options);
    case lb::Options::Action::kStoreCopy:
      return lb::copy_store(options);
    case lb::Options::Action::kStoreRebuild:
      return lb::rebuild_store(options);
    default:
      return lb::serve(options, std::move(launch));
  }
}
