// icecast-lb: reads the command line and the configuration, then becomes a server.  Commands that
// are no part of a server are carried out by icelb.
#include <string_view>
#include <vector>

#include "admin/render.h"
#include "app/serve.h"
#include "program/options.h"
#include "program/start_icelb.h"

int main(int argc, char** argv) {
  lb::init_xml_libraries();
  const lb::Options options =
      lb::parse_options(std::vector<std::string_view>(argv + 1, argv + argc));
  if (lb::is_command_of_icelb(options.action)) return lb::start_icelb(argv);
  if (const auto said = lb::answer(options)) return lb::print_answer(*said);
  return lb::serve(options);
}
