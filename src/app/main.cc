// icecast-lb: reads the command line and the configuration, then becomes a server.  icelb carries
// out all other commands.
#include <string_view>
#include <utility>
#include <vector>

#include "admin/page/render.h"
#include "app/handover/launch.h"
#include "app/handover/stand_in.h"
#include "app/handover/upgrade_command.h"
#include "app/serve.h"
#include "program/options.h"
#include "program/start_icelb.h"

int main(int argc, char** argv) {
  lb::Launch launch = lb::Launch::take(argc, argv);
  lb::init_xml_libraries();
  const lb::Options options =
      lb::parse_options(std::vector<std::string_view>(argv + 1, argv + argc));
  if (lb::is_command_of_icelb(options.action)) return lb::start_icelb(argv);
  if (const auto said = lb::answer(options)) return lb::print_answer(*said);
  switch (options.action) {
    case lb::Options::Action::kStandIn:
      return lb::stand_in(options.stands_for);
    case lb::Options::Action::kUpgrade:
      return lb::upgrade_server(options);
    default:
      return lb::serve(options, std::move(launch));
  }
}
