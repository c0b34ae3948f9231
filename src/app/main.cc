// icecast-lb: reads the command line and the configuration, then becomes a server.
#include <unistd.h>

#include <string_view>
#include <vector>

#include "admin/render.h"
#include "app/drain/drain_command.h"
#include "app/process/options.h"
#include "app/serve.h"

int main(int argc, char** argv) {
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
  return options.action == lb::Options::Action::kDrain ? lb::drain_node(options)
                                                       : lb::serve(options);
}
